#include "admin/task_batch.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "dialect/check.h"

#define BATCHES_PER_FLUSH 20

bool task_batch_open(struct task_batch *batch, struct store *store, struct err *err)
{
	*batch = (struct task_batch){ .store = store, .now = clock_wall_ms() };
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
	struct task *task = &batch->tasks[batch->count];

	batch->assigned[batch->count] = task->revision == 0;
	if (task->revision == 0)
		task->revision = (uint64_t)batch->now;
	if (task->number > TASK_NUMBER_IMPORT_MAX)
		return err_set(err, ERR_UNPROCESSABLE, "number",
			"number must be at most %" PRIu64
			", because new tasks get the numbers above",
			TASK_NUMBER_IMPORT_MAX);
	if (!dialect_check_task(NULL, task, err))
		return false;
	batch->count++;
	return true;
}

static struct store_task_batch batch_of(const struct task_batch *batch, size_t count)
{
	return (struct store_task_batch){ .tasks = batch->tasks,
		.count = count,
		.assigned = batch->assigned,
		.keep = batch->keep,
		.keep_foreign = batch->keep_foreign,
		.keep_changed = batch->keep_changed,
		.timeless = batch->timeless };
}

static void add_counts(struct task_counts *counts, const struct store_task_batch *written)
{
	counts->tasks += written->count - written->kept;
	counts->replaced += written->replaced;
	counts->unchanged += written->unchanged;
	counts->kept += written->kept;
}

static void count_flushed(struct task_batch *batch)
{
	batch->total.tasks += batch->unflushed.tasks;
	batch->total.replaced += batch->unflushed.replaced;
	batch->total.unchanged += batch->unflushed.unchanged;
	batch->total.kept += batch->unflushed.kept;
	batch->unflushed = (struct task_counts){ 0 };
}

void task_batch_print(const struct task_batch *batch, struct admin *admin)
{
	const struct task_counts *total = &batch->total;
	uint64_t old = total->replaced + total->unchanged;

	if (old == 0)
		admin_print(admin, "%" PRIu64 " task%s imported", total->tasks,
			str_plural(total->tasks));
	else
		admin_print(admin,
			"%" PRIu64 " task%s imported: %" PRIu64 " new, %" PRIu64
			" replaced, %" PRIu64 " unchanged",
			total->tasks, str_plural(total->tasks), total->tasks - old, total->replaced,
			total->unchanged);
	if (total->kept > 0)
		admin_print(admin,
			"%" PRIu64 " task%s kept, because a client has changed %s here (--replace: "
			"replace %s)",
			total->kept, str_plural(total->kept), total->kept == 1 ? "it" : "them",
			total->kept == 1 ? "it" : "them");
}

/* The transaction of the refused task has undone those before it. */
static void put_before_failed(struct task_batch *batch, size_t failed)
{
	struct store_task_batch before = batch_of(batch, failed);
	struct err late;

	if (failed > 0 && store_put_batch(batch->store, &before, &late))
		add_counts(&batch->unflushed, &before);
}

static bool put(struct task_batch *batch, struct err *err)
{
	struct store_task_batch written = batch_of(batch, batch->count);

	if (batch->count == 0)
		return true;
	if (store_put_batch(batch->store, &written, err)) {
		add_counts(&batch->unflushed, &written);
		return true;
	}
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
	batch->count = 0;
	arena_reset(&batch->arena);
	if (!flush && ++batch->since_flush < BATCHES_PER_FLUSH)
		return true;
	batch->since_flush = 0;
	if (!store_flush(batch->store, err))
		return false;
	count_flushed(batch);
	return true;
}

struct task *task_batch_next(struct task_batch *batch, struct err *err)
{
	if (batch->count == TASK_BATCH_SIZE && !task_batch_put(batch, false, err))
		return NULL;
	return &batch->tasks[batch->count];
}
