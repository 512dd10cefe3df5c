#pragma once
/*
 * Job of the keeper: tasks whose lease, delay or timeout has ended are changed. Leases are
 * first: many tasks of one tenant with the same not_before do not keep the tasks of others from new
 * workers. Several keepers may run it: each change looks at the task again within its transaction.
 */
#include "base/buf.h"
#include "store/due.h"

#define DUE_TASKS_MS	       50
#define DUE_TASKS_DUTY_PERCENT 90 /* a worker waits for each of them */
#define DUE_TASKS_TOGETHER     64 /* delays that one transaction ends, at most */

/* Zero-initialise; due_tasks_free(). */
struct due_tasks {
	const struct tz *tz;	   /* struct op.tz; borrowed */
	struct arena arena;	   /* of the tasks below, and of the operations on them */
	struct buf leases, delays; /* places in the passes over all that are due */
	struct store_due tasks[DUE_TASKS_TOGETHER];
	size_t count;
	int64_t warned; /* when the log last had a task that cannot be changed */
};

/* One slice of at most STORE_SLICE_MS. *more: tasks are left that are due. */
bool due_tasks_run(struct due_tasks *due, struct store *store, bool *more, struct err *err);
void due_tasks_free(struct due_tasks *due);
