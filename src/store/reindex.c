#include "base/log.h"
#include "store/internal.h"

#define TASKS_PER_COMMIT 256
#define SCHEMA_KEY	 STR("index")

/* ---- the schema of the index ---- */

static int step_write_schema(struct store *store, void *data, struct err *err)
{
	const struct str *hash = data;
	int rc;

	(void)err;
	if (hash->len > 0)
		return store_put(store, TABLE_META, SCHEMA_KEY, *hash, ENGINE_REPLACE);
	rc = store_del(store, TABLE_META, SCHEMA_KEY);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

/*
 * The hash is removed before a rebuild and written after it: an index that was not filled to its
 * end is built again.
 */
static bool write_schema(struct store *store, struct str hash, struct err *err)
{
	return step_run(store, ENGINE_WRITE, step_write_schema, &hash, err);
}

struct index_state {
	bool current;	  /* made by the tables of this build */
	uint64_t entries; /* 0: lost with its file, or never filled */
};

static int step_inspect(struct store *store, void *data, struct err *err)
{
	struct buf hash = BUF_INIT;
	struct index_state *state = data;
	int rc = store_get(store, TABLE_META, SCHEMA_KEY, false, &hash);

	(void)err;
	state->current = rc == 0 && hash.len == sizeof(store->schema_hash) &&
			 memcmp(hash.data, store->schema_hash, hash.len) == 0;
	buf_free(&hash);
	return rc == 0 || rc == ENGINE_NOT_FOUND ? index_count(store, &state->entries) : rc;
}

int index_count(struct store *store, uint64_t *entries)
{
	struct engine_range all = { 0 };

	return store_count(store, &all, entries);
}

/* ---- entries ---- */

struct filling {
	struct walk walk;
	off_t place; /* in walk.keys, of the first task that is not committed */
	uint64_t tasks;
	unsigned in_step; /* tasks in the current transaction */
	struct buf record;
	bool end;
};

/* A record that cannot be read has no entries; verify reports it. */
static int put_entries(struct store *store, struct filling *filling, const struct index_key *at)
{
	struct index_key keys[INDEX_KEYS_MAX];
	struct task task;
	size_t count = 0;
	int rc;

	buf_reset(&filling->record);
	rc = store_get(store, row_table_of_key(store, at), key_str(at), false, &filling->record);
	if (rc == ENGINE_NOT_FOUND)
		return 0;
	if (rc == 0 && record_decode(&task, buf_str(&filling->record)))
		count = index_all_keys(keys, &task, store->indexes);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = store_put(store, TABLE_INDEX, key_str(&keys[i]), STR(""), ENGINE_REPLACE);
	return rc;
}

static int step_fill(struct store *store, void *data, struct err *err)
{
	struct filling *filling = data;
	struct index_key key;
	int rc = 0;

	(void)err;
	if (fseeko(filling->walk.keys, filling->place, SEEK_SET) != 0)
		return ENGINE_FULL;
	for (filling->in_step = 0; rc == 0 && filling->in_step < TASKS_PER_COMMIT;
		filling->in_step++) {
		filling->end = !walk_next(&filling->walk, &key);
		if (filling->end)
			break;
		rc = put_entries(store, filling, &key);
	}
	return rc;
}

static bool fill_all(struct store *store, struct filling *filling, struct err *err)
{
	bool ok = true;

	while (ok && !filling->end) {
		ok = step_run(store, ENGINE_WRITE, step_fill, filling, err);
		filling->place = ftello(filling->walk.keys);
		filling->tasks += filling->in_step;
	}
	return ok && walk_ended(&filling->walk, err);
}

static bool fill_index(struct store *store, struct err *err)
{
	struct str hash = { (const char *)store->schema_hash, sizeof(store->schema_hash) };
	struct filling filling = { 0 };
	bool ok;

	if (!walk_open(store, &filling.walk, err))
		return false;
	ok = fill_all(store, &filling, err) && write_schema(store, hash, err);
	walk_close(&filling.walk);
	buf_free(&filling.record);
	if (ok && filling.tasks > 0)
		log_info("reindexed", "built the index of %llu tasks",
			(unsigned long long)filling.tasks);
	return ok;
}

/* ---- the whole index ---- */

static bool clear_index(struct store *store, struct err *err)
{
	enum engine_status status = store->engine->ops->clear(store->engine, TABLE_INDEX);

	return status == ENGINE_OK || store_fail(store, (int)status, err);
}

bool store_reindex(struct store *store, struct err *err)
{
	bool ok;

	if (!store_may_write(store, err))
		return false;
	store_enter(store);
	ok = write_schema(store, STR_NULL, err) && clear_index(store, err) &&
	     fill_index(store, err) && store_flush(store, err);
	store_leave(store);
	return ok;
}

bool index_settle(struct store *store, bool attach, struct err *err)
{
	struct index_state state;

	if (!step_run(store, ENGINE_READ, step_inspect, &state, err))
		return false;
	if (state.current && (attach || state.entries > 0))
		return true;
	if (attach)
		return err_set(err, ERR_INTERNAL, NULL, "the index was made for other tables");
	if (state.entries > 0)
		return store_reindex(store, err);
	return write_schema(store, STR_NULL, err) && fill_index(store, err);
}
