#include "store/transfer/transfer.h"

#include <stdlib.h>

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
		rc = row_update(store, readable ? &old : NULL, buf_str(&store->old_record), task,
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
