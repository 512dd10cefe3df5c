#include "store/index/reindex.h"

/* ---- batches of tasks ---- */

struct batch {
	struct rebuild *rebuild;
	bool write, lock;
	unsigned tasks;
	bool end;
	uint64_t written;
	struct index_comparison compared;
};

/* Writes the entries of a task that are missing. A record that cannot be read has none. */
static int put_entries(struct store *store, const struct index_key *at, uint64_t *written)
{
	struct index_key keys[INDEX_KEYS_MAX];
	struct task task;
	size_t count = 0;
	int rc;

	buf_reset(&store->old_record);
	rc = store_get(store, row_table_of_key(store, at), key_str(at), true, &store->old_record);
	if (rc == ENGINE_NOT_FOUND)
		return 0;
	if (rc == 0 && record_decode(&task, buf_str(&store->old_record)))
		count = index_all_keys(keys, &task, store->indexes);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		rc = store_put(store, TABLE_INDEX, key_str(&keys[i]), STR(""), ENGINE_INSERT);
		*written += rc == 0;
		rc = rc == ENGINE_EXISTS ? 0 : rc;
	}
	return rc;
}

static int step_batch(struct store *store, void *data, struct err *err)
{
	struct batch *batch = data;
	struct rebuild *rebuild = batch->rebuild;
	struct index_key key;
	int rc = 0;

	(void)err;
	batch->tasks = 0;
	batch->written = 0;
	batch->compared = (struct index_comparison){ 0 };
	if (fseeko(rebuild->walk.keys, rebuild->place, SEEK_SET) != 0)
		return ENGINE_FULL;
	for (; rc == 0 && batch->tasks < rebuild->batch_size; batch->tasks++) {
		batch->end = !walk_next(&rebuild->walk, &key);
		if (batch->end)
			break;
		rc = batch->write ? put_entries(store, &key, &batch->written)
				  : compare_task(store, &key, batch->lock, &batch->compared);
	}
	return rc;
}

static bool run_batch(struct store *store, struct batch *batch, struct err *err)
{
	bool ok;

	store->uncounted = true;
	ok = batch->write || batch->lock ? step_run_write(store, STR(""), step_batch, batch, err)
					 : step_run(store, ENGINE_READ, step_batch, batch, err);
	store->uncounted = false;
	return ok;
}

/* A damaged page of the tasks costs the tasks on it, not the index: try them one by one. */
static bool skip_damaged(struct store *store, struct rebuild *rebuild, struct err *err)
{
	if (err->code != ERR_DAMAGED || index_is_to_be_replaced(store))
		return false;
	err->code = ERR_NONE;
	if (rebuild->batch_size > 1) {
		rebuild->batch_size = 1;
		return true;
	}
	rebuild->left_out++;
	rebuild->done++;
	rebuild->place = ftello(rebuild->walk.keys);
	return true;
}

static void take_batch(struct rebuild *rebuild, const struct batch *batch)
{
	rebuild->place = ftello(rebuild->walk.keys);
	rebuild->done += batch->tasks;
	rebuild->written += batch->written;
	index_comparison_add(&rebuild->compared, &batch->compared);
	rebuild->batch_size = TASKS_PER_BATCH;
}

/* ---- phases ---- */

/* The keys of a walk, before its tasks. */
static bool copy_keys(struct store *store, struct rebuild *rebuild, int64_t until, struct err *err)
{
	if (!rebuild->walk.keys && !walk_begin(&rebuild->walk, err))
		return false;
	return walk_copy(store, &rebuild->walk, until, err);
}

bool rebuild_fill(struct store *store, struct rebuild *rebuild, int64_t until, struct err *err)
{
	struct batch batch = { .rebuild = rebuild };

	if (!rebuild->walk.copied)
		return copy_keys(store, rebuild, until, err);
	if (rebuild->resumed && !run_batch(store, &batch, err))
		return skip_damaged(store, rebuild, err);
	if (!rebuild->resumed || batch.compared.missing > 0) {
		batch.write = true;
		if (!run_batch(store, &batch, err))
			return skip_damaged(store, rebuild, err);
	}
	take_batch(rebuild, &batch);
	if (!batch.end)
		return true;
	if (!walk_ended(&rebuild->walk, err))
		return false;
	rebuild_enter(store, rebuild, PHASE_CHECK);
	return true;
}

/* Without concurrent writers the number of entries is known exactly. */
static bool end_check(struct store *store, struct rebuild *rebuild, struct err *err)
{
	bool quiet = rebuild->commits == atomic_load(&store->shared->commits.started);
	uint64_t matched = rebuild->compared.matched;

	rebuild->skipped = rebuild->left_out + rebuild->walk.damaged;
	if (!walk_ended(&rebuild->walk, err) ||
		!rebuild_enter_entries(store, rebuild, PHASE_SAMPLE, err))
		return false;
	if (!quiet || rebuild->skipped > 0 || rebuild->entries == matched)
		return true;
	rebuild->strays = rebuild->entries > matched ? rebuild->entries - matched : 0;
	return rebuild_fail(store, rebuild, err);
}

bool rebuild_check(struct store *store, struct rebuild *rebuild, int64_t until, struct err *err)
{
	struct batch batch = { .rebuild = rebuild };

	if (!rebuild->walk.copied)
		return copy_keys(store, rebuild, until, err);
	if (!run_batch(store, &batch, err))
		return skip_damaged(store, rebuild, err);
	/* A concurrent change may look like a missing entry. */
	batch.lock = batch.compared.missing > 0;
	if (batch.lock && !run_batch(store, &batch, err))
		return skip_damaged(store, rebuild, err);
	take_batch(rebuild, &batch);
	if (rebuild->compared.missing > 0)
		return rebuild_fail(store, rebuild, err);
	return !batch.end || end_check(store, rebuild, err);
}
