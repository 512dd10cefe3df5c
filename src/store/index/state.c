#include "store/index/state.h"

#include "base/log.h"

/*
 * The index is derived from the tasks. Two rows of the meta table tell what its file holds; their
 * value is the schema hash of the tables that made the entries:
 *
 *     "index"           all entries of all tasks
 *     "index-building"  entries of some tasks: a rebuild has begun and goes on after a restart
 *     neither           the next recovery replaces the file by an empty one
 */
static const struct str complete_row = { "index", 5 };
static const struct str building_row = { "index-building", 14 };

/* ---- the rows ---- */

enum mark { MARK_NONE, MARK_BUILDING, MARK_COMPLETE };

static int write_row(struct store *store, struct str key, bool present)
{
	struct str hash = { (const char *)store->schema_hash, sizeof(store->schema_hash) };
	int rc;

	if (present)
		return store_put(store, TABLE_META, key, hash, ENGINE_REPLACE);
	rc = store_del(store, TABLE_META, key);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

static int step_mark(struct store *store, void *data, struct err *err)
{
	const enum mark *mark = data;
	int rc = write_row(store, complete_row, *mark == MARK_COMPLETE);

	(void)err;
	return rc == 0 ? write_row(store, building_row, *mark == MARK_BUILDING) : rc;
}

static bool set_mark(struct store *store, enum mark mark, struct err *err)
{
	return step_run(store, ENGINE_WRITE, step_mark, &mark, err) && store_flush(store, err);
}

/* ---- inspection ---- */

struct inspection {
	bool complete, building; /* by these tables */
	bool foreign;		 /* by others */
	bool damaged;
	uint64_t entries;
	bool any_task;
};

static int read_row(struct store *store, struct str key, bool *ours, bool *foreign)
{
	struct buf hash = BUF_INIT;
	int rc = store_get(store, TABLE_META, key, false, &hash);

	*ours = rc == 0 && hash.len == sizeof(store->schema_hash) &&
		memcmp(hash.data, store->schema_hash, hash.len) == 0;
	*foreign |= rc == 0 && !*ours;
	buf_free(&hash);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

static int count_entries(struct store *store, struct inspection *found)
{
	int rc = index_count(store, &found->entries);

	found->damaged = rc == ENGINE_DAMAGED;
	return found->damaged ? 0 : rc;
}

static bool stop_at_first(struct str key, struct str value, void *data)
{
	bool *any = data;

	(void)key, (void)value;
	*any = true;
	return false;
}

static int step_inspect(struct store *store, void *data, struct err *err)
{
	struct inspection *found = data;
	int rc;

	(void)err;
	*found = (struct inspection){ 0 };
	rc = read_row(store, complete_row, &found->complete, &found->foreign);
	if (rc == 0)
		rc = read_row(store, building_row, &found->building, &found->foreign);
	if (rc == 0)
		rc = count_entries(store, found);
	if (rc == 0)
		rc = (int)store->engine->ops->each(
			store->engine, TABLE_TASKS, true, stop_at_first, &found->any_task);
	if (rc == 0 && !found->any_task)
		rc = (int)store->engine->ops->each(
			store->engine, TABLE_NAMED_TASKS, true, stop_at_first, &found->any_task);
	return rc;
}

int index_count(struct store *store, uint64_t *entries)
{
	struct engine_range all = { 0 };

	return store_count(store, &all, entries);
}

/* ---- changes ---- */

bool index_mark_for_replacement(struct store *store, struct err *err)
{
	return set_mark(store, MARK_NONE, err);
}

/* A replacement that was requested meanwhile is not forgotten. */
bool index_set_complete(struct store *store, struct err *err)
{
	uint64_t expected = INDEX_BUILDING;

	if (!set_mark(store, MARK_COMPLETE, err))
		return false;
	atomic_store(&store->shared->health.index_progress, 0);
	atomic_store(&store->shared->health.index_left_ms, 0);
	atomic_compare_exchange_strong(&store->shared->health.index, &expected, INDEX_COMPLETE);
	return true;
}

/* ---- at the start ---- */

static bool begin_building(struct store *store, bool clear, struct err *err)
{
	enum engine_status status = ENGINE_OK;

	if (clear && !set_mark(store, MARK_NONE, err))
		return false;
	if (clear)
		status = store->engine->ops->clear(store->engine, TABLE_INDEX);
	if (status != ENGINE_OK)
		return store_fail(store, (int)status, err);
	index_set_health(store, INDEX_BUILDING);
	return set_mark(store, MARK_BUILDING, err);
}

bool index_begin_replacement(struct store *store, struct err *err)
{
	return begin_building(store, true, err);
}

static bool settle_alone(struct store *store, struct err *err)
{
	struct inspection found;

	if (!step_run(store, ENGINE_READ, step_inspect, &found, err))
		return false;
	if (found.complete && !found.damaged && (found.entries > 0 || !found.any_task)) {
		index_set_health(store, INDEX_COMPLETE);
		return true;
	}
	if (!found.damaged && found.entries == 0 && !found.any_task)
		return index_set_complete(store, err);
	/* A lost file was created again, empty. */
	if (!found.damaged && (found.building || (found.complete && found.entries == 0)))
		return begin_building(store, false, err);
	return begin_building(store, found.damaged || found.entries > 0, err);
}

/* Another process keeps the state in shared memory up to date. */
static bool settle_attached(struct store *store, struct err *err)
{
	struct inspection found = { 0 };

	if (!step_run(store, ENGINE_READ, step_inspect, &found, err))
		return false;
	if (found.foreign)
		return err_set(err, ERR_INTERNAL, NULL, "the index was made for other tables");
	if (store->shared == &store->own_shared)
		index_set_health(store, found.complete ? INDEX_COMPLETE : INDEX_BUILDING);
	return true;
}

bool index_settle(struct store *store, struct err *err)
{
	return store->alone ? settle_alone(store, err) : settle_attached(store, err);
}
