/* The table of tasks opens only with the hash function and the secret that it was written with. */
#include <stdio.h>
#include <unistd.h>

#include "store/bdb/bdb.h"
#include "store/fixture.h"
#include "store/internal.h"

#define LAYOUT_SIZE 25

#define LAYOUT_ROWS 3

static const struct str layout_keys[LAYOUT_ROWS] = {
	{ "\0\0\0\0\0", 5 },
	{ "\0\0\0\0\x25", 5 },
	{ "\0\0\0\0\x4A", 5 },
};

static struct store_options options_of(const char *name)
{
	return fixture_options(STORE_RECOVER, name);
}

static void check_refused(const char *name, const char *why)
{
	struct store_options options = options_of(name);
	struct store *store;
	struct err err = { 0 };

	assert_fails(store_open(&store, &options, &err), &err, ERR_INTERNAL);
	if (!strstr(err_text(&err), why))
		fail_msg("%s instead of %s", err_text(&err), why);
}

static DB *tasks_of(struct store *store)
{
	return bdb_of(store->engine)->tables[TABLE_TASKS];
}

static struct store *open_with_task(const char *name)
{
	struct store_options options = options_of(name);
	struct store *store = fixture_open(&options);
	struct op op = fixture_op(OP_CREATE, 1);
	struct err err = { 0 };

	assert_true(store_new_id(store, 1000, &op.new_id));
	op.change.state = TASK_PENDING;
	op.change.status = STR("new");
	assert_code(fixture_error(store, &op), ERR_NONE);
	must(store_flush(store, &err), &err);
	return store;
}

static void put_row(DB *db, struct str row_key, struct str bytes)
{
	DBT key = bdb_in(row_key), value = bdb_in(bytes);

	assert_int_equal(db->put(db, NULL, &key, &value, 0), 0);
}

static void get_layout(DB *db, char layout[LAYOUT_SIZE])
{
	DBT key = bdb_in(layout_keys[LAYOUT_ROWS - 1]), value = bdb_out(layout, LAYOUT_SIZE, 0);

	assert_int_equal(db->get(db, NULL, &key, &value, 0), 0);
	assert_int_equal(value.size, LAYOUT_SIZE);
}

/* Opens, overwrites byte `at` of the first layout rows, cuts them to len bytes, closes. */
static void spoil(const char *name, size_t rows, size_t at, size_t len)
{
	struct store *store = open_with_task(name);
	char layout[LAYOUT_SIZE];
	struct err err = { 0 };

	get_layout(tasks_of(store), layout);
	layout[at] ^= at == 0 ? 1 : 0x55;
	for (size_t i = 0; i < rows; i++)
		put_row(tasks_of(store), layout_keys[i], (struct str){ layout, len });
	must(store_checkpoint(store, false, NULL, &err), &err);
	store_close(store);
}

static void secret_is_kept(void **state)
{
	struct store *store = open_with_task("kept");
	struct id_secret secret = store->engine->secret;
	struct store_options options = options_of("kept");

	(void)state;
	assert_false(memcmp(&secret, &(struct id_secret){ { 0 } }, sizeof(secret)) == 0);
	store_close(store);
	store = fixture_open(&options);
	assert_memory_equal(&store->engine->secret, &secret, sizeof(secret));
	fixture_verify(store, 1);
	store_close(store);
}

static void another_secret_is_refused(void **state)
{
	(void)state;
	spoil("secret", LAYOUT_ROWS, 5, LAYOUT_SIZE);
	check_refused("secret", "tasks2.db has no layout row");
}

static void truncated_layout_row_is_refused(void **state)
{
	(void)state;
	spoil("truncated", LAYOUT_ROWS, 0, LAYOUT_SIZE - 1);
	check_refused("truncated", "tasks2.db has no layout row");
}

static void one_good_layout_row_is_enough(void **state)
{
	struct store_options options = options_of("one");
	struct store *store;

	(void)state;
	spoil("one", LAYOUT_ROWS - 1, 5, LAYOUT_SIZE);
	store = fixture_open(&options);
	fixture_verify(store, 1);
	store_close(store);
}

static void lost_table_is_not_made_again(void **state)
{
	static const char *const files[] = { "tasks2.db", "named.db" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct store *store = open_with_task(files[i]);
		char path[512];
		struct err err = { 0 };

		must(store_checkpoint(store, true, NULL, &err), &err);
		store_close(store);
		snprintf(path, sizeof(path), "%s/%s/home/data/%s", check_temp_dir(), files[i],
			files[i]);
		assert_int_equal(unlink(path), 0);
		snprintf(path, sizeof(path), "%s is missing", files[i]);
		check_refused(files[i], path);
	}
}

static void newer_layout_is_refused(void **state)
{
	(void)state;
	spoil("newer", LAYOUT_ROWS, 0, LAYOUT_SIZE);
	check_refused("newer", "tasks2.db has the layout of a newer build");
}

/*
 * The rows of the layout are there, but lie where libdb's own function puts them. That puts the
 * layout row into bucket 0 too, by chance: the check row is not found.
 */
/* Makes a table with libdb's own hash function. */
static void make_table_without_the_function(const char *name)
{
	struct store *store = open_with_task(name);
	struct bdb *bdb = bdb_of(store->engine);
	char layout[LAYOUT_SIZE];
	struct err err = { 0 };
	DB *db;

	get_layout(tasks_of(store), layout);
	assert_int_equal(tasks_of(store)->close(tasks_of(store), 0), 0);
	bdb->tables[TABLE_TASKS] = NULL;
	assert_int_equal(bdb->env->dbremove(bdb->env, NULL, "tasks2.db", NULL, DB_AUTO_COMMIT), 0);
	assert_int_equal(db_create(&db, bdb->env, 0), 0);
	db->set_pagesize(db, BDB_PAGE_SIZE);
	db->set_flags(db, DB_CHKSUM);
	db->set_h_ffactor(db, 128);
	db->set_h_nelem(db, 128 * 128);
	assert_int_equal(
		db->open(db, NULL, "tasks2.db", NULL, DB_HASH, DB_CREATE | DB_AUTO_COMMIT, 0600),
		0);
	for (size_t i = 0; i < LAYOUT_ROWS; i++)
		put_row(db, layout_keys[i], (struct str){ layout, sizeof(layout) });
	put_row(db, (struct str){ "\0check\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24 },
		(struct str){ layout, sizeof(layout) });
	assert_int_equal(db->close(db, 0), 0);
	must(store_checkpoint(store, false, NULL, &err), &err);
	store_close(store);
}

static bool is_refused(const char *name)
{
	struct store_options options = options_of(name);
	struct store *store;
	struct err err = { 0 };

	if (!store_open(&store, &options, &err)) {
		assert_non_null(strstr(err_text(&err), "tasks2.db has a wrong layout row"));
		return true;
	}
	store_close(store);
	return false;
}

/* For one secret in 128, the check row is in the same bucket by both functions. */
static void table_without_the_function_is_refused(void **state)
{
	static const char *const names[] = { "function", "function2", "function3" };
	unsigned refused = 0;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		make_table_without_the_function(names[i]);
		refused += is_refused(names[i]);
	}
	assert_in_range(refused, 1, 3);
}

static void bucket_keys_fall_into_their_buckets(void **state)
{
	struct store *store = open_with_task("bucket");
	uint8_t key[BDB_BUCKET_KEY_SIZE];
	struct engine_room before, after;

	(void)state;
	bdb_serial_bucket_key(77, key);
	assert_int_equal(bdb_room(store->engine, TABLE_TASKS, 77, &before), ENGINE_OK);
	put_row(tasks_of(store), (struct str){ (char *)key, sizeof(key) }, STR("value"));
	assert_int_equal(bdb_room(store->engine, TABLE_TASKS, 77, &after), ENGINE_OK);
	assert_int_equal(before.bytes - after.bytes, sizeof(key) + strlen("value") + 6);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(secret_is_kept),
		CHECK(another_secret_is_refused),
		CHECK(truncated_layout_row_is_refused),
		CHECK(one_good_layout_row_is_enough),
		CHECK(lost_table_is_not_made_again),
		CHECK(newer_layout_is_refused),
		CHECK(table_without_the_function_is_refused),
		CHECK(bucket_keys_fall_into_their_buckets),
	};

	return CHECK_RUN(tests);
}
