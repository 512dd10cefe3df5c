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
/* The version of the format, in the first line of an export. */
#define TASK_JSON_VERSION 2
/*
 * Reads one object of a version from 1 on. Unknown, repeated and invalid members are errors that
 * name the member. id, tenant, dialect, state and created are required; other members default to
 * zero, status to that of the state, updated to created, and ready_after of a pending task to
 * not_before. A revision that is there is at least 1. In version 1 the time 0 of an optional member
 * means that it is absent; in later ones that is null.
 * Texts are allocated from arena.
 */
bool task_json_read(
	struct task *task, struct arena *arena, struct str line, int version, struct err *err);
