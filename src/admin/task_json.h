#pragma once
/*
 * A task as a line of JSON with all its members, and back: export, import, show. What export wrote,
 * import reads into the same record.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "task/task.h"

/* Appends the object, without a line's end. */
void task_json_write(const struct task *task, struct buf *out);
/*
 * Reads one object strictly: unknown, repeated or wrong members are errors that name them; id,
 * tenant, dialect, state and created must be there, what else is missing has its zero. Texts lie in
 * arena.
 */
bool task_json_read(struct task *task, struct arena *arena, struct str line, struct err *err);
