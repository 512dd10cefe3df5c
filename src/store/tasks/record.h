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

/*
 * The version to write in a store with this layout (struct engine.layout). While the hosts of a
 * shared store are upgraded one after another, the new build writes what the old one can read. Once
 * all have the new build, `polytaskctl store upgrade` gives the store the new layout.
 */
uint8_t record_version_for(uint64_t layout);
/*
 * Appends the record, without the members that the version does not have. False when a text is too
 * long for the format, or without memory. Versions before 4 cannot be written: their times differ.
 */
bool record_encode(const struct task *task, uint8_t version, struct buf *out);
/*
 * Fills in the task, which borrows from the bytes. Returns false for bytes that are not exactly one
 * record; never reads past them.
 */
bool record_decode(struct task *task, struct str bytes) __attribute__((warn_unused_result));
