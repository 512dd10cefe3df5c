#include "store/internal.h"

/* ---- export ---- */

struct exporting {
	bool (*take)(const struct task *task, void *data);
	void *data;
};

static bool export_task(struct store *store, const struct index_key *key, struct str record,
	void *data, struct err *err)
{
	const struct exporting *exporting = data;
	struct task task;

	/* Only what is durable may be shown. */
	if (!store_flush(store, err))
		return false;
	if (record_decode(&task, record))
		return exporting->take(&task, exporting->data);
	return row_unreadable(key_str(key), err);
}

bool store_each_task(struct store *store, bool (*take)(const struct task *task, void *data),
	void *data, struct err *err)
{
	struct exporting exporting = { take, data };

	return walk_tasks(store, export_task, &exporting, err);
}

/* ---- import ---- */

struct import {
	const struct task *tasks;
	size_t count;
	struct buf record;
};

static int import_task(
	struct store *store, struct import *import, const struct task *task, struct err *err)
{
	struct task old;
	bool readable;
	int rc;

	if (!row_encode(task, &import->record, err))
		return STEP_FAILED;
	buf_reset(&store->old_record);
	rc = row_get(store, task->tenant, &task->id, true, &store->old_record);
	if (rc == ENGINE_NOT_FOUND) {
		rc = retry_if_exists(row_insert(store, task, buf_str(&import->record)));
	} else if (rc == 0) {
		readable = record_decode(&old, buf_str(&store->old_record));
		rc = row_update(store, readable ? &old : NULL, store->old_record.len, task,
			buf_str(&import->record));
	}
	return rc == 0 ? number_reserve(store, task) : rc;
}

static int step_import(struct store *store, void *data, struct err *err)
{
	struct import *import = data;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < import->count; i++)
		rc = import_task(store, import, &import->tasks[i], err);
	return rc;
}

bool store_put_tasks(struct store *store, const struct task *tasks, size_t count, struct err *err)
{
	struct import import = { .tasks = tasks, .count = count };
	bool ok;

	if (!store_may_write(store, err))
		return false;
	ok = step_call(store, ENGINE_WRITE, step_import, &import, err);
	serial_note_end(store);
	buf_free(&import.record);
	return ok;
}
