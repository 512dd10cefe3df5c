#include "store/internal.h"

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

		if (!row_encode(task, &store->before, err))
			return STEP_FAILED;
		rc = row_put(store, txn, task, buf_str(&store->before), 0);
		if (rc == 0)
			rc = number_reserve(store, txn, task);
	}
	return rc;
}

bool store_put_tasks(struct store *store, const struct task *tasks, size_t count, struct err *err)
{
	struct import import = { tasks, count };
	bool ok;

	if (!store_may_write(store, err))
		return false;
	store_enter(store);
	ok = step_run(store, STEP_WRITE, step_import, &import, err);
	store_leave(store);
	return ok;
}
