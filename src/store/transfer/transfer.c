#include "store/transfer/transfer.h"

#include "base/clock.h"
#include "store/index/state.h"
#include "store/journal/journal.h"
#include "task/member.h"

/* ---- export ---- */

struct exporting {
	const struct store_sink *sink;
	bool stopped;
};

static bool export_task(struct store *store, const struct index_key *key, struct str record,
	void *data, struct err *err)
{
	struct exporting *exporting = data;
	struct task task;

	(void)store;
	if (!record_decode(&task, record))
		return row_unreadable(key_str(key), err);
	exporting->stopped = !exporting->sink->task(&task, exporting->sink->data);
	return !exporting->stopped;
}

bool store_export(struct store *store, const struct store_sink *sink, struct err *err)
{
	struct exporting exporting = { .sink = sink };
	struct snapshot snapshot;
	struct err late;
	bool ok;

	if (!snapshot_open(store, &snapshot, err))
		return false;
	exporting.stopped = sink->begin && !sink->begin((int64_t)snapshot.moment, sink->data);
	ok = exporting.stopped ||
	     (snapshot_each_task(store, &snapshot, export_task, &exporting, err) &&
		     (exporting.stopped || !sink->row ||
			     transfer_rows(store, &snapshot, sink, err)));
	return snapshot_close(store, &snapshot, ok ? err : &late) && ok;
}

bool store_each_task(struct store *store, bool (*take)(const struct task *task, void *data),
	void *data, struct err *err)
{
	const struct store_sink sink = { .task = take, .data = data };

	return store_export(store, &sink, err);
}

/* ---- import ---- */

struct import {
	struct store_task_batch *batch;
	int64_t now; /* ms */
	struct buf record;
};

static int refuse_id(const struct task *task, struct err *err)
{
	char id[ID_TEXT_LEN + 1];

	id_format(&task->id, id);
	err_set(err, ERR_CONFLICT, "id", "the id %s belongs to a task already", id);
	return STEP_FAILED;
}

static int refuse_number(const struct task *task, const struct id *holder, struct err *err)
{
	char id[ID_TEXT_LEN + 1];

	id_format(holder, id);
	err_set(err, ERR_CONFLICT, "number", "the number %llu belongs to task %s already",
		(unsigned long long)task->number, id);
	return STEP_FAILED;
}

/* Creations of the tenant and dialect wait, because the number's row is locked first. */
static int check_number(
	struct store *store, const struct task *task, const struct task *old, struct err *err)
{
	struct id holder;
	bool found = false;
	int rc = 0;

	if (task->number == 0)
		return 0;
	rc = number_reserve(store, task);
	if (rc == 0 && (!old || old->number != task->number))
		rc = number_holder(store, task, &holder, &found);
	return rc == 0 && found ? refuse_number(task, &holder, err) : rc;
}

static int insert(
	struct store *store, struct import *import, const struct task *task, struct err *err)
{
	struct task next = *task;
	int rc = journal_note_import(store, NULL, &next, import->now);

	if (rc != 0)
		return rc;
	if (!row_encode(store, &next, &import->record, err))
		return STEP_FAILED;
	rc = check_number(store, &next, NULL, err);
	return rc == 0 ? retry_if_exists(row_insert(store, &next, buf_str(&import->record))) : rc;
}

/* old is NULL if its record cannot be read. */
static int replace(struct store *store, struct import *import, const struct task *old,
	const struct task *task, struct err *err)
{
	struct task next = *task;
	int rc;

	if (old && next.revision <= old->revision)
		next.revision = old->revision + 1;
	if (old && import->batch->timeless)
		next.created = old->created;
	rc = journal_note_import(store, old, &next, import->now);
	if (rc != 0)
		return rc;
	if (!row_encode(store, &next, &import->record, err))
		return STEP_FAILED;
	rc = check_number(store, &next, old, err);
	if (rc == 0)
		rc = row_update(
			store, old, buf_str(&store->old_record), &next, buf_str(&import->record));
	import->batch->replaced += rc == 0;
	return rc;
}

/* Whether the task is stored already, with this revision or a later one. */
static bool is_stored(const struct store_task_batch *batch, size_t i, const struct task *old)
{
	const struct task *task = &batch->tasks[i];
	struct task same = *old;

	if (task->revision > old->revision && !(batch->assigned && batch->assigned[i]))
		return false;
	same.revision = task->revision;
	return batch->timeless ? task_equal(task, old) : task_identical(task, &same);
}

static int import_over(struct store *store, struct import *import, size_t i, struct err *err)
{
	struct store_task_batch *batch = import->batch;
	const struct task *task = &batch->tasks[i];
	struct task old;
	bool readable = record_decode(&old, buf_str(&store->old_record));

	if (batch->keep || (batch->keep_foreign && readable && old.dialect != task->dialect))
		return refuse_id(task, err);
	if (readable && is_stored(batch, i, &old)) {
		batch->unchanged++;
		return 0;
	}
	if (readable && batch->keep_changed && old.updated_by.len > 0) {
		batch->kept++;
		return 0;
	}
	return replace(store, import, readable ? &old : NULL, task, err);
}

static int import_task(struct store *store, struct import *import, size_t i, struct err *err)
{
	const struct task *task = &import->batch->tasks[i];
	int rc;

	buf_reset(&store->old_record);
	rc = row_get(store, task->tenant, &task->id, true, &store->old_record);
	if (rc == ENGINE_NOT_FOUND)
		return insert(store, import, task, err);
	return rc == 0 ? import_over(store, import, i, err) : rc;
}

/* The next one in order of names; NULL behind the last one. */
static const struct str *next_tenant(const struct store_task_batch *batch, const struct str *after)
{
	const struct str *next = NULL;

	for (size_t i = 0; i < batch->count; i++) {
		const struct str *tenant = &batch->tasks[i].tenant;

		if ((!after || str_compare(*tenant, *after) > 0) &&
			(!next || str_compare(*tenant, *next) < 0))
			next = tenant;
	}
	return next;
}

/* In order of their names, so that a lock waits for other hosts (engine_ops.lock). */
static int lock_tenants(struct store *store, const struct store_task_batch *batch)
{
	const struct str *tenant = NULL;
	int rc = 0;

	while (rc == 0 && (tenant = next_tenant(batch, tenant)))
		rc = store_lock(store, *tenant);
	return rc;
}

static int step_import(struct store *store, void *data, struct err *err)
{
	struct import *import = data;
	struct store_task_batch *batch = import->batch;
	int rc;

	batch->replaced = batch->unchanged = batch->kept = batch->failed = 0;
	rc = lock_tenants(store, batch);
	for (size_t i = 0; rc == 0 && i < batch->count; i++) {
		batch->failed = i;
		rc = import_task(store, import, i, err);
	}
	return rc;
}

static bool have_numbers(const struct store_task_batch *batch)
{
	size_t i = 0;

	while (i < batch->count && batch->tasks[i].number == 0)
		i++;
	return i < batch->count;
}

bool store_put_batch(struct store *store, struct store_task_batch *batch, struct err *err)
{
	struct import import = { .batch = batch, .now = clock_wall_ms() };
	bool ok;

	if (!store_may_write(store, err) || (have_numbers(batch) && !index_may_read(store, err)))
		return false;
	ok = step_call_write(store, STR(""), step_import, &import, err);
	serial_note_end(store);
	buf_free(&import.record);
	return ok;
}

bool store_put_tasks(struct store *store, const struct task *tasks, size_t count, struct err *err)
{
	struct store_task_batch batch = { .tasks = tasks, .count = count };

	return store_put_batch(store, &batch, err);
}
