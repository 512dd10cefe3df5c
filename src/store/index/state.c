#include "store/index/state.h"

#include <inttypes.h>

/*
 * The index is derived from the tasks. Two rows of the meta table tell what its file holds; their
 * value is the schema hash of the tables that made the entries:
 *
 *     "index"           all entries of all tasks
 *     "index-building"  entries of some tasks: a rebuild has begun and goes on after a restart
 *     neither           the next recovery replaces the file by an empty one
 *
 * A third row, "index-left-out", is there if the index has no entries of some tasks because their
 * pages were damaged when it was built: the number of these pages.
 */
static const struct str complete_row = { "index", 5 };
static const struct str building_row = { "index-building", 14 };
static const struct str left_out_row = { "index-left-out", 14 };

/* ---- the rows ---- */

enum mark { MARK_NONE, MARK_BUILDING, MARK_COMPLETE };

static struct str schema_hash(const struct store *store)
{
	return (struct str){ (const char *)store->schema_hash, sizeof(store->schema_hash) };
}

static int write_row(struct store *store, struct str key, bool present)
{
	int rc;

	if (present)
		return store_put(store, TABLE_META, key, schema_hash(store), ENGINE_REPLACE);
	rc = store_del(store, TABLE_META, key);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

struct marking {
	enum mark mark;
	uint64_t left_out;
};

static int write_left_out(struct store *store, uint64_t left_out)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%" PRIu64, left_out), rc;

	if (left_out > 0)
		return store_put(store, TABLE_META, left_out_row, (struct str){ text, (size_t)len },
			ENGINE_REPLACE);
	rc = store_del(store, TABLE_META, left_out_row);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

static int step_mark(struct store *store, void *data, struct err *err)
{
	const struct marking *marking = data;
	int rc = write_row(store, complete_row, marking->mark == MARK_COMPLETE);

	(void)err;
	if (rc == 0)
		rc = write_row(store, building_row, marking->mark == MARK_BUILDING);
	return rc == 0 ? write_left_out(store, marking->left_out) : rc;
}

static bool set_mark(struct store *store, enum mark mark, uint64_t left_out, struct err *err)
{
	struct marking marking = { mark, left_out };

	return step_run_write(store, STR(""), step_mark, &marking, err) && store_flush(store, err);
}

/* ---- inspection ---- */

struct inspection {
	bool complete, building; /* by these tables */
	bool foreign;		 /* by others */
	bool damaged;
	uint64_t entries, left_out;
	bool any_task;
};

static int read_row(struct store *store, struct str key, bool *ours, bool *foreign)
{
	struct buf hash = BUF_INIT;
	int rc = store_get(store, TABLE_META, key, false, &hash);

	*ours = rc == 0 && str_eq(buf_str(&hash), schema_hash(store));
	*foreign |= rc == 0 && !*ours;
	buf_free(&hash);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

static int read_left_out(struct store *store, uint64_t *left_out)
{
	struct buf text = BUF_INIT;
	int rc = store_get(store, TABLE_META, left_out_row, false, &text);

	if (rc != 0 || !str_to_u64(buf_str(&text), left_out))
		*left_out = 0;
	buf_free(&text);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

static int count_entries(struct store *store, struct inspection *found)
{
	int rc = index_count(store, &found->entries);

	found->damaged = rc == ENGINE_DAMAGED;
	return found->damaged ? 0 : rc;
}

static bool stop_at_first(struct str key, void *data)
{
	bool *any = data;

	(void)key;
	*any = true;
	return false;
}

/* A page that cannot be read is likely to have tasks. */
static int find_any(struct store *store, enum engine_table table, bool *any)
{
	struct engine_place place = { 0 };
	int rc = 0;

	while (rc == 0 && !*any && !place.end) {
		rc = (int)store->engine->ops->each_key(
			store->engine, table, &place, stop_at_first, any);
		*any |= place.damaged > 0;
	}
	return rc;
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
		rc = read_left_out(store, &found->left_out);
	if (rc == 0)
		rc = count_entries(store, found);
	if (rc == 0)
		rc = find_any(store, TABLE_TASKS, &found->any_task);
	return rc == 0 ? find_any(store, TABLE_NAMED_TASKS, &found->any_task) : rc;
}

int index_count(struct store *store, uint64_t *entries)
{
	struct engine_range all = { 0 };

	return store_count(store, &all, entries);
}

/* ---- changes ---- */

bool index_mark_for_replacement(struct store *store, struct err *err)
{
	return set_mark(store, MARK_NONE, 0, err);
}

/* A replacement that was requested meanwhile is not forgotten. */
bool index_set_complete(struct store *store, uint64_t left_out, struct err *err)
{
	uint64_t expected = INDEX_BUILDING;

	if (!set_mark(store, MARK_COMPLETE, left_out, err))
		return false;
	atomic_store(&store->shared->health.index_left_out, left_out);
	atomic_store(&store->shared->health.index_progress, 0);
	atomic_store(&store->shared->health.index_left_ms, 0);
	atomic_compare_exchange_strong(&store->shared->health.index, &expected, INDEX_COMPLETE);
	return true;
}

/* ---- at the start ---- */

static bool begin_building(struct store *store, bool clear, struct err *err)
{
	enum engine_status status = ENGINE_OK;

	if (clear && !set_mark(store, MARK_NONE, 0, err))
		return false;
	if (clear)
		status = store->engine->ops->clear(store->engine, TABLE_INDEX);
	if (status != ENGINE_OK)
		return store_fail(store, (int)status, err);
	index_set_health(store, INDEX_BUILDING);
	return set_mark(store, MARK_BUILDING, 0, err);
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
		atomic_store(&store->shared->health.index_left_out, found.left_out);
		return true;
	}
	if (!found.damaged && found.entries == 0 && !found.any_task)
		return index_set_complete(store, 0, err);
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

/*
 * The first process of a new store says that the index is complete. Other processes may write to
 * the store meanwhile: they wait for the row.
 */
static int step_complete(struct store *store, void *data, struct err *err)
{
	struct inspection *found = data;
	struct buf hash = BUF_INIT;
	int rc = store_get(store, TABLE_META, complete_row, true, &hash);

	(void)err;
	if (rc == ENGINE_NOT_FOUND)
		rc = write_row(store, complete_row, true);
	else
		found->foreign = rc == 0 && !str_eq(buf_str(&hash), schema_hash(store));
	buf_free(&hash);
	return rc;
}

static bool settle_shared(struct store *store, struct err *err)
{
	struct inspection found = { 0 };

	if (!step_run_write(store, STR(""), step_complete, &found, err))
		return false;
	if (found.foreign)
		return err_set(err, ERR_INTERNAL, NULL,
			"the index was made by a build with other tables of the index");
	index_set_health(store, INDEX_COMPLETE);
	return true;
}

bool index_settle(struct store *store, struct err *err)
{
	if (store->engine->ops->shared)
		return settle_shared(store, err);
	return store->alone ? settle_alone(store, err) : settle_attached(store, err);
}

int index_first_key(struct store *store, const struct index_key *from, const struct index_key *to,
	struct index_key *key, bool *found)
{
	const struct engine_range range = { .from = key_str(from), .to = key_str(to) };
	int rc = store_scan(store, TABLE_INDEX, &range, false, 1);
	struct str first;

	*found = rc == 0 && store->batch.count > 0;
	if (!*found)
		return rc;
	first = engine_batch_key(&store->batch, 0);
	if (first.len > sizeof(key->bytes))
		return ENGINE_DAMAGED;
	memcpy(key->bytes, first.ptr, first.len);
	key->len = first.len;
	return 0;
}
