#include "store/bdb.h"

struct import {
	const struct task *tasks;
	size_t count;
};

static int step_import(struct store *store, DB_TXN *txn, void *data, struct err *err)
{
	const struct import *import = data;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < import->count; i++) {
		const struct task *task = &import->tasks[i];

		if (!bdb_encode_task(task, &store->before, err))
			return BDB_REFUSED;
		rc = bdb_put_task(store, txn, task, buf_str(&store->before), 0);
		if (rc == 0)
			rc = bdb_note_number(store, txn, task);
	}
	return rc;
}

bool store_put_tasks(struct store *store, const struct task *tasks, size_t count, struct err *err)
{
	struct import import = { tasks, count };
	bool ok;

	if (!bdb_may_write(store, err))
		return false;
	bdb_enter(store);
	ok = bdb_run(store, BDB_WRITE, step_import, &import, err);
	bdb_leave(store);
	return ok;
}
