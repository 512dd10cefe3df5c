#pragma once
/*
 * Job of the keeper: tasks whose lease or delay has ended are changed. Leases are first: many tasks
 * of one tenant with the same not_before do not keep the tasks of others from new workers. Several
 * keepers may run it: each change looks at the task again within its transaction.
 */
#include "base/buf.h"
#include "store/store.h"

#define DUE_TASKS_MS	       50
#define DUE_TASKS_DUTY_PERCENT 90 /* a worker waits for each of them */

/* Zero-initialise; due_tasks_free(). */
struct due_tasks {
	struct arena arena;
	struct buf leases, delays; /* places in the passes over all that are due */
};

/* One slice of at most STORE_SLICE_MS. *more: tasks are left that are due. */
bool due_tasks_run(struct due_tasks *due, struct store *store, bool *more, struct err *err);
void due_tasks_free(struct due_tasks *due);
