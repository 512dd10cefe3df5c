#pragma once
/*
 * Finds the tasks that refer to a task, directly or through others, current and archived ones.
 * Private to the store.
 */
#include "store/tasks/path.h"

_Static_assert(OP_DEPENDENTS_LISTED_MAX <= PATH_LEVELS_MAX, "a listing ends before its path");

struct dependents {
	struct path path;
	struct id *ids; /* without the task itself; a task comes before those that refer to it */
	size_t count, capacity;
	bool more; /* than the maximum */
};

/* Begins with the op's task; STEP_FAILED while the index is rebuilt. Free in any case. */
int dependents_begin(
	struct dependents *dependents, struct store *store, const struct op *op, struct err *err);
/*
 * Goes on within a transaction until max are found, all (*done) or, with max_steps, so many steps
 * were made. No lock is needed between calls.
 */
int dependents_find(struct dependents *dependents, size_t max, unsigned max_steps, unsigned *steps,
	bool *done, struct err *err);
void dependents_free(struct dependents *dependents);
