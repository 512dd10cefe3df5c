#pragma once
/* Internal to src/admin: tasks collected for one transaction. */
#include "base/arena.h"
#include "store/store.h"

struct task_batch {
	struct store *store;
	struct task *tasks;
	struct arena arena; /* the texts of the tasks */
	size_t count;
	size_t since_flush; /* batches written since the last flush */
	uint64_t unflushed; /* tasks written since then */
	uint64_t total;	    /* tasks written and flushed */
};

bool task_batch_open(struct task_batch *batch, struct store *store, struct err *err);
void task_batch_close(struct task_batch *batch);
/* Writes the collected tasks. Flushes if asked to, and after every 20 batches. */
bool task_batch_put(struct task_batch *batch, bool flush, struct err *err);
/* The next free slot; increment count once it is filled. Writes a full batch to the store first. */
struct task *task_batch_next(struct task_batch *batch, struct err *err);
