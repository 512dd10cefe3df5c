#include "base/log.h"
#include "store/internal.h"

#define TASKS_A_COMMIT 256

struct filling {
	DB_TXN *txn;
	unsigned open; /* tasks in it */
	uint64_t tasks, moved;
	DB *plain; /* the tasks without their index */
};

/* ---- keys of old ---- */

struct moving {
	DB *plain;
	const struct index_key *from, *to;
	struct str record;
};

static int step_move(struct store *store, DB_TXN *txn, void *data, struct err *err)
{
	const struct moving *moving = data;
	DBT from = bdb_in(key_str(moving->from));
	int rc = bdb_put(moving->plain, txn, key_str(moving->to), moving->record, 0);

	(void)store, (void)err;
	return rc == 0 ? moving->plain->del(moving->plain, txn, &from, 0) : rc;
}

/*
 * Before 0.1.0 a task's key was its id alone. Such a task is given its key here, where it has no
 * entries: a new form of the keys makes every index one that must be built anew. In a transaction
 * of its own, because the walk reads without one and must not meet its locks.
 */
static bool move_task(struct store *store, struct filling *filling, const struct task *task,
	const struct index_key *key, struct str record, struct err *err)
{
	struct index_key right;
	struct moving moving = { filling->plain, key, &right, record };

	index_primary_key(&right, task->tenant, &task->id);
	if (str_eq(key_str(key), key_str(&right)))
		return true;
	if (!step_run(store, STEP_WRITE, step_move, &moving, err))
		return false;
	filling->moved++;
	return true;
}

/* ---- entries ---- */

static int put_entries(struct store *store, struct filling *filling, const struct task *task)
{
	struct index_key keys[INDEX_KEYS_MAX], at;
	size_t count = index_all_keys(keys, task, store->indexes);
	int rc = 0;

	index_primary_key(&at, task->tenant, &task->id);
	if (!filling->txn)
		rc = store->env->txn_begin(store->env, NULL, &filling->txn, 0);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = bdb_put(store->ranks, filling->txn, key_str(&keys[i]), key_str(&at), 0);
	filling->tasks++;
	if (rc == 0 && ++filling->open == TASKS_A_COMMIT) {
		rc = store_commit(store, filling->txn);
		filling->txn = NULL;
		filling->open = 0;
	}
	return rc;
}

/* A record that cannot be read has no entries, as in make_entries. */
static bool fill_task(struct store *store, const struct index_key *key, struct str record,
	void *data, struct err *err)
{
	struct filling *filling = data;
	struct task task;
	int rc;

	if (!record_decode(&task, record))
		return true;
	if (!move_task(store, filling, &task, key, record, err))
		return false;
	rc = put_entries(store, filling, &task);
	return rc == 0 || step_fail(store, rc, "reindex", err);
}

/* ---- the whole index ---- */

static int step_note_sum(struct store *store, DB_TXN *txn, void *data, struct err *err)
{
	const struct str *sum = data;
	DB *meta = store->tables[TABLE_META];
	DBT key = bdb_in(STR("index"));
	int rc;

	(void)err;
	if (sum->len > 0)
		return bdb_put(meta, txn, STR("index"), *sum, 0);
	rc = meta->del(meta, txn, &key, 0);
	return rc == DB_NOTFOUND ? 0 : rc;
}

/* The note comes last and goes first: an index that was not filled to its end is built again. */
static bool note_sum(struct store *store, struct str sum, struct err *err)
{
	return step_run(store, STEP_WRITE, step_note_sum, &sum, err);
}

static bool end_filling(struct store *store, struct filling *filling, bool ok, struct err *err)
{
	int rc = 0;

	if (filling->txn)
		rc = ok ? store_commit(store, filling->txn) : filling->txn->abort(filling->txn);
	if (ok && rc != 0)
		return step_fail(store, rc, "reindex", err);
	return ok;
}

static bool fill_all(struct store *store, struct filling *filling, struct err *err)
{
	int rc = bdb_open_tasks(store, &filling->plain);
	bool ok;

	if (rc != 0)
		return step_fail(store, rc, "reindex", err);
	ok = walk_tasks(store, fill_task, filling, err);
	ok = end_filling(store, filling, ok, err);
	rc = filling->plain->close(filling->plain, DB_NOSYNC);
	return ok && (rc == 0 || step_fail(store, rc, "reindex", err));
}

bool index_fill(struct store *store, struct err *err)
{
	struct str sum = { (const char *)store->sum, sizeof(store->sum) };
	struct filling filling = { 0 };
	bool ok;

	store_enter(store);
	ok = fill_all(store, &filling, err) && note_sum(store, sum, err);
	store_leave(store);
	if (!ok)
		return false;
	store->index_is_new = false;
	if (filling.tasks > 0)
		log_info("reindexed", "the index was built from %llu tasks",
			(unsigned long long)filling.tasks);
	if (filling.moved > 0)
		log_info("upgraded", "%llu tasks were given the keys of this version",
			(unsigned long long)filling.moved);
	return true;
}

static bool drop_index(struct store *store, struct err *err)
{
	int rc;

	if (!note_sum(store, STR_NULL, err))
		return false;
	bdb_close_index(store);
	rc = bdb_drop_index(store);
	if (rc == 0)
		rc = bdb_open_index(store, true);
	return rc == 0 || step_fail(store, rc, "reindex", err);
}

bool store_reindex(struct store *store, struct err *err)
{
	bool ok;

	if (!store_may_write(store, err))
		return false;
	store_enter(store);
	ok = drop_index(store, err) && index_fill(store, err) && store_flush(store, err);
	store_leave(store);
	return ok;
}
