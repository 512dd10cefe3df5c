#pragma once
/* Internal to src/admin: tasks collected for one transaction. */
#include "admin/admin.h"
#include "base/arena.h"
#include "store/store.h"

#define TASK_BATCH_SIZE 500

struct task_counts {
	uint64_t tasks; /* stored as in the input: new, replaced or unchanged */
	uint64_t replaced, unchanged;
	uint64_t kept; /* not stored: see keep_changed */
};

struct task_batch {
	struct store *store;
	struct task *tasks;
	struct arena arena; /* the texts of the tasks */
	size_t count;
	size_t since_flush;				 /* batches written since the last flush */
	struct task_counts unflushed, total;		 /* written since then, and flushed */
	bool keep, keep_foreign, keep_changed, timeless; /* struct store_task_batch */
	bool refused; /* the store has refused one of the tasks */
	uint64_t refused_line;
	uint64_t lines[TASK_BATCH_SIZE]; /* number of each task's line in the input, for import */
	int64_t now;			 /* ms; the revision of tasks that have none */
	bool assigned[TASK_BATCH_SIZE];	 /* whether the task got that revision */
};

bool task_batch_open(struct task_batch *batch, struct store *store, struct err *err);
void task_batch_close(struct task_batch *batch);
/*
 * Checks the task in the next free slot and adds it to the batch. ERR_UNPROCESSABLE if no request
 * of its dialect or of the native API could have made it (dialect/check.h). The revision 0 becomes
 * a time, which is higher than the revision of a task with this id that was removed.
 */
bool task_batch_add(struct task_batch *batch, struct err *err);
/*
 * Writes the collected tasks. Flushes if asked to, and after every 20 batches. If the store refuses
 * one (ERR_CONFLICT, ERR_TOO_LARGE), those before it are written but not flushed, the others are
 * dropped, and `refused` and refused_line are set.
 */
bool task_batch_put(struct task_batch *batch, bool flush, struct err *err);
/* Prints the numbers of the tasks that are imported. */
void task_batch_print(const struct task_batch *batch, struct admin *admin);
/* The next free slot, for task_batch_add(). Writes a full batch first; NULL on error. */
struct task *task_batch_next(struct task_batch *batch, struct err *err);
