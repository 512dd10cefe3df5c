/* Verification of a built index, and its replacement when it is damaged or on demand. */
#include "reindex_fixture.h"
#include "store/internal.h"

static struct index_key entry_of(const struct store *store, unsigned number)
{
	struct id id = fixture_id(number);
	struct index_key keys[INDEX_KEYS_MAX];
	struct task task = { .id = id, .tenant = STR("acme"), .dialect = DIALECT_A };

	index_all_keys(keys, &task, store->indexes);
	return keys[0];
}

static int step_put_stray(struct store *store, void *data, struct err *err)
{
	const struct index_key *key = data;

	(void)err;
	return store_put(store, TABLE_INDEX, key_str(key), STR(""), ENGINE_REPLACE);
}

/* An entry of no task is found, named in the log and removed. */
static void verification_removes_stray_entries(void **state)
{
	struct store *store = reindex_open_without_index("stray");
	struct index_key key = entry_of(store, REINDEX_TASKS + 1);
	struct err err = { 0 };

	(void)state;
	must(step_run(store, ENGINE_WRITE, step_put_stray, &key, &err), &err);
	expect_log("reindex");
	reindex_build_all(store);
	fixture_verify(store, REINDEX_TASKS);
	store_close(store);
}

/* ---- damage and demand ---- */

static struct engine_ops damaged;
static bool is_damaged;

static enum engine_status damaged_scan(struct engine *engine, enum engine_table table,
	const struct engine_range *range, bool reverse, size_t limit, struct engine_batch *batch)
{
	if (is_damaged && table == TABLE_INDEX)
		return ENGINE_DAMAGED;
	return bdb_engine_ops.scan(engine, table, range, reverse, limit, batch);
}

static void run_index_chore(struct store *store, enum err_code code)
{
	struct store_chore chore;
	struct err err = { 0 };
	bool more = false;

	for (size_t i = 0; store_chore(store, i, &chore); i++) {
		if (strcmp(chore.name, "index") != 0)
			continue;
		assert_int_equal(store_run_chore(store, i, false, &more, &err), code == ERR_NONE);
		assert_code(err.code, code);
		return;
	}
	fail();
}

/* A damaged page of the index ends the keeper; the recovery replaces the file. */
static void damaged_index_is_replaced(void **state)
{
	struct store_options options = fixture_options(STORE_RECOVER, "damaged");
	struct op list = fixture_list(BY_STATUS, "new");
	struct store *store = fixture_open(&options);
	struct op read = fixture_op(OP_READ, 1);

	(void)state;
	reindex_create_tasks(store, 1, REINDEX_TASKS);
	damaged = bdb_engine_ops;
	damaged.scan = damaged_scan;
	store->engine->ops = &damaged;
	is_damaged = true;
	reindex_expect_refused(store, &list);
	is_damaged = false;
	reindex_expect_refused(store, &list);
	assert_code(fixture_error(store, &read), ERR_NONE);
	run_index_chore(store, ERR_PANIC);
	store_close(store);
	options.build_ms = -1;
	store = fixture_open(&options);
	reindex_expect_refused(store, &list);
	reindex_build_all(store);
	fixture_verify(store, REINDEX_TASKS);
	run_index_chore(store, ERR_NONE);
	store_close(store);
}

static unsigned shown;

static void show(unsigned percent, void *data)
{
	(void)data;
	assert_in_range(percent, 0, 100);
	shown++;
}

static void reindex_builds_alone_and_asks_the_keeper_otherwise(void **state)
{
	struct store_options options = fixture_options(STORE_RECOVER, "demand");
	struct store_options join = fixture_options(STORE_ATTACH, "demand");
	struct store_shared shared = { 0 };
	struct store *store, *joined;
	struct err err = { 0 };

	(void)state;
	options.shared = join.shared = &shared;
	store = fixture_open(&options);
	reindex_create_tasks(store, 1, REINDEX_TASKS);
	must(store_reindex(store, show, NULL, &err), &err);
	assert_true(shown > 0);
	fixture_verify(store, REINDEX_TASKS);
	joined = fixture_open(&join);
	must(store_reindex(joined, NULL, NULL, &err), &err);
	assert_false(store_index_is_complete(store));
	store_close(joined);
	run_index_chore(store, ERR_PANIC);
	store_close(store);
	options.shared = NULL;
	store = fixture_open(&options);
	fixture_verify(store, REINDEX_TASKS);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(verification_removes_stray_entries),
		CHECK(damaged_index_is_replaced),
		CHECK(reindex_builds_alone_and_asks_the_keeper_otherwise),
	};

	return CHECK_RUN(tests);
}
