#include "admin/task_batch.h"

#include <stdlib.h>

#define BATCH_SIZE	  500
#define BATCHES_PER_FLUSH 20

bool task_batch_open(struct task_batch *batch, struct store *store, struct err *err)
{
	*batch = (struct task_batch){ .store = store };
	batch->tasks = calloc(BATCH_SIZE, sizeof(*batch->tasks));
	return batch->tasks || err_no_memory(err);
}

void task_batch_close(struct task_batch *batch)
{
	arena_free(&batch->arena);
	free(batch->tasks);
}

bool task_batch_put(struct task_batch *batch, bool flush, struct err *err)
{
	if (batch->count > 0 && !store_put_tasks(batch->store, batch->tasks, batch->count, err))
		return false;
	batch->unflushed += batch->count;
	batch->count = 0;
	arena_reset(&batch->arena);
	if (!flush && ++batch->since_flush < BATCHES_PER_FLUSH)
		return true;
	batch->since_flush = 0;
	if (!store_flush(batch->store, err))
		return false;
	batch->total += batch->unflushed;
	batch->unflushed = 0;
	return true;
}

struct task *task_batch_next(struct task_batch *batch, struct err *err)
{
	if (batch->count == BATCH_SIZE && !task_batch_put(batch, false, err))
		return NULL;
	return &batch->tasks[batch->count];
}
