#pragma once
/* A helper of the functions that fill in sample tasks (struct dialect's sample). */
#include "base/arena.h"
#include "task/task.h"

/*
 * Sets a field to a JSON text of at most 199 bytes, in the arena. The printed text must be valid
 * JSON: nothing is escaped. False without memory.
 */
bool sample_field(struct task *task, const char *name, struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
