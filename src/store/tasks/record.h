#pragma once
/*
 * Encodes a task as a record and decodes it. Pure.
 *
 * The first byte is the version of the format. HACKING, "How to change the record format", says how
 * to change it; old readers stay until a major release.
 */
#include "base/buf.h"
#include "base/err.h"
#include "task/task.h"

#define RECORD_VERSION 6

/* Appends the record; false when a text is too long for the format, or without memory. */
bool record_encode(const struct task *task, struct buf *out);
/*
 * Fills in the task, which borrows from the bytes. Returns false for bytes that are not exactly one
 * record; never reads past them.
 */
bool record_decode(struct task *task, struct str bytes) __attribute__((warn_unused_result));
