#include "admin/task_batch.h"

#include <inttypes.h>
#include <stdlib.h>

#include "dialect/check.h"

#define BATCHES_PER_FLUSH 20

bool task_batch_open(struct task_batch *batch, struct store *store, struct err *err)
{
	*batch = (struct task_batch){ .store = store };
	batch->tasks = calloc(TASK_BATCH_SIZE, sizeof(*batch->tasks));
	return batch->tasks || err_no_memory(err);
}

void task_batch_close(struct task_batch *batch)
{
	arena_free(&batch->arena);
	free(batch->tasks);
}

bool task_batch_add(struct task_batch *batch, struct err *err)
{
	if (batch->tasks[batch->count].number > TASK_NUMBER_IMPORT_MAX)
		return err_set(err, ERR_UNPROCESSABLE, "number",
			"number must be at most %" PRIu64
			", because new tasks get the numbers above",
			TASK_NUMBER_IMPORT_MAX);
	if (!dialect_check_task(NULL, &batch->tasks[batch->count], err))
		return false;
	batch->count++;
	return true;
}

static struct store_task_batch batch_of(const struct task_batch *batch, size_t count)
{
	return (struct store_task_batch){ .tasks = batch->tasks,
		.count = count,
		.keep = batch->keep,
		.keep_foreign = batch->keep_foreign };
}

/* The transaction of the refused task has undone those before it. */
static void put_before_failed(struct task_batch *batch, size_t failed)
{
	struct store_task_batch before = batch_of(batch, failed);
	struct err late;

	if (failed > 0 && store_put_batch(batch->store, &before, &late))
		batch->unflushed += failed;
}

static bool put(struct task_batch *batch, struct err *err)
{
	struct store_task_batch written = batch_of(batch, batch->count);

	if (batch->count == 0 || store_put_batch(batch->store, &written, err))
		return true;
	batch->refused = err->code == ERR_CONFLICT || err->code == ERR_TOO_LARGE;
	batch->count = 0;
	batch->refused_line = batch->lines[written.failed];
	if (batch->refused)
		put_before_failed(batch, written.failed);
	return false;
}

bool task_batch_put(struct task_batch *batch, bool flush, struct err *err)
{
	if (!put(batch, err))
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
	if (batch->count == TASK_BATCH_SIZE && !task_batch_put(batch, false, err))
		return NULL;
	return &batch->tasks[batch->count];
}
