#pragma once
/*
 * A task as the bytes of its record, and back. Pure.
 *
 * The first byte is the format's version. To change the format: add the new version's reader beside
 * the old one, write only the new one, add a vector of the old bytes to tests/store/, say so in
 * NEWS, and keep the old reader until a major release; `polytaskctl export | import` rewrites every
 * record. HACKING walks through it.
 */
#include "base/buf.h"
#include "base/err.h"
#include "task/task.h"

#define RECORD_VERSION 1

/* Appends the record; false when a text is longer than the format holds, or without memory. */
bool record_encode(const struct task *task, struct buf *out);
/*
 * Fills the task, which borrows from the bytes. Total: any bytes give a task or false, never more
 * than they hold; bytes behind the record are refused.
 */
bool record_decode(struct task *task, struct str bytes) __attribute__((warn_unused_result));
