#pragma once
/*
 * A task as a line of JSON with all its members, for export, import and show. Reading what was
 * written yields the same task.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "task/task.h"

/* Appends the object, without a line end. */
void task_json_write(const struct task *task, struct buf *out);
/*
 * Reads one object. Unknown, repeated and invalid members are errors that name the member. id,
 * tenant, dialect, state and created are required; other members default to zero, revision to 1.
 * Texts are allocated from arena.
 */
bool task_json_read(struct task *task, struct arena *arena, struct str line, struct err *err);
