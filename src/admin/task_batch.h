#pragma once
/* Internal to src/admin: tasks collected for one transaction. */
#include "base/arena.h"
#include "store/store.h"

#define TASK_BATCH_SIZE 500

struct task_batch {
	struct store *store;
	struct task *tasks;
	struct arena arena; /* the texts of the tasks */
	size_t count;
	size_t since_flush; /* batches written since the last flush */
	uint64_t unflushed; /* tasks written since then */
	uint64_t total;	    /* tasks written and flushed */
	bool keep;	    /* refuse tasks that exist instead of replacing them */
	bool refused;	    /* the store has refused one of the tasks */
	uint64_t refused_line;
	uint64_t lines[TASK_BATCH_SIZE]; /* of the input, one per task; import sets them */
};

bool task_batch_open(struct task_batch *batch, struct store *store, struct err *err);
void task_batch_close(struct task_batch *batch);
/*
 * Checks the task in the next free slot and takes it: ERR_UNPROCESSABLE if its dialect could not
 * have made it.
 */
bool task_batch_add(struct task_batch *batch, struct err *err);
/*
 * Writes the collected tasks. Flushes if asked to, and after every 20 batches. If one is refused,
 * those before it are written, and refused_line is its line.
 */
bool task_batch_put(struct task_batch *batch, bool flush, struct err *err);
/* The next free slot; task_batch_add takes it. Writes a full batch to the store first. */
struct task *task_batch_next(struct task_batch *batch, struct err *err);
