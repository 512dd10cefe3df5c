/* The contract of engine.h, on every engine. */
#include "fixture.h"
#include "store/internal.h"

static struct engine *engine_of(void **state)
{
	struct store *store = *state;

	return store->engine;
}

static void begin(struct engine *engine, enum engine_access access)
{
	assert_int_equal(engine->ops->begin(engine, access), ENGINE_OK);
}

static void commit(struct engine *engine)
{
	assert_int_equal(engine->ops->commit(engine), ENGINE_OK);
}

static void put(struct engine *engine, enum engine_table table, const char *key, const char *value)
{
	assert_int_equal(
		engine->ops->put(engine, table, str_cstr(key), str_cstr(value), ENGINE_REPLACE),
		ENGINE_OK);
}

/* The keys a to e in the index. */
static void fill(struct engine *engine)
{
	static const char *const keys[] = { "c", "a", "e", "b", "d" };

	begin(engine, ENGINE_WRITE);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		put(engine, TABLE_INDEX, keys[i], "");
	commit(engine);
}

/* to NULL: no upper bound. */
static struct engine_range range(const char *from, const char *to)
{
	return (struct engine_range){ .from = str_cstr(from), .to = str_cstr(to) };
}

static void check_row(struct engine *engine, const char *key, const char *value)
{
	struct buf out = BUF_INIT;
	enum engine_status status = engine->ops->get(
		engine, TABLE_TASKS, str_cstr(key), false, &out);

	assert_int_equal(status, value ? ENGINE_OK : ENGINE_NOT_FOUND);
	if (value)
		assert_str(buf_str(&out), value);
	buf_free(&out);
}

static void check_scan(struct engine *engine, struct engine_range bounds, bool reverse,
	size_t limit, const char *keys)
{
	struct engine_batch batch = { 0 };

	begin(engine, ENGINE_READ);
	assert_int_equal(
		engine->ops->scan(engine, TABLE_INDEX, &bounds, reverse, limit, &batch), ENGINE_OK);
	assert_str(buf_str(&batch.bytes), keys);
	assert_int_equal(batch.count, strlen(keys));
	engine->ops->abort(engine);
	engine_batch_free(&batch);
}

static void check_count(struct engine *engine, struct engine_range bounds, uint64_t keys)
{
	uint64_t found = 99;

	begin(engine, ENGINE_READ);
	assert_int_equal(engine->ops->count(engine, TABLE_INDEX, &bounds, &found), ENGINE_OK);
	assert_int_equal(found, keys);
	engine->ops->abort(engine);
}

static void put_replaces_and_get_appends(void **state)
{
	struct engine *engine = engine_of(state);
	struct buf out = BUF_INIT;

	begin(engine, ENGINE_WRITE);
	put(engine, TABLE_TASKS, "k", "1");
	put(engine, TABLE_TASKS, "k", "22");
	buf_puts(&out, "=");
	assert_int_equal(engine->ops->get(engine, TABLE_TASKS, STR("k"), true, &out), ENGINE_OK);
	assert_str(buf_str(&out), "=22");
	commit(engine);
	check_row(engine, "k", "22");
	check_row(engine, "l", NULL);
	buf_free(&out);
}

static void insert_refuses_an_existing_key(void **state)
{
	struct engine *engine = engine_of(state);

	begin(engine, ENGINE_WRITE);
	assert_int_equal(engine->ops->put(engine, TABLE_TASKS, STR("k"), STR("1"), ENGINE_INSERT),
		ENGINE_OK);
	assert_int_equal(engine->ops->put(engine, TABLE_TASKS, STR("k"), STR("2"), ENGINE_INSERT),
		ENGINE_EXISTS);
	commit(engine);
	check_row(engine, "k", "1");
}

static void delete_reports_an_absent_key(void **state)
{
	struct engine *engine = engine_of(state);

	begin(engine, ENGINE_WRITE);
	put(engine, TABLE_TASKS, "k", "1");
	assert_int_equal(engine->ops->del(engine, TABLE_TASKS, STR("k")), ENGINE_OK);
	assert_int_equal(engine->ops->del(engine, TABLE_TASKS, STR("k")), ENGINE_NOT_FOUND);
	commit(engine);
	check_row(engine, "k", NULL);
}

static void abort_undoes_every_change(void **state)
{
	struct engine *engine = engine_of(state);

	begin(engine, ENGINE_WRITE);
	put(engine, TABLE_TASKS, "changed", "1");
	put(engine, TABLE_TASKS, "deleted", "2");
	commit(engine);
	begin(engine, ENGINE_WRITE);
	put(engine, TABLE_TASKS, "changed", "3");
	put(engine, TABLE_TASKS, "changed", "4");
	put(engine, TABLE_TASKS, "new", "5");
	assert_int_equal(engine->ops->del(engine, TABLE_TASKS, STR("deleted")), ENGINE_OK);
	assert_int_equal(engine->ops->abort(engine), ENGINE_OK);
	check_row(engine, "changed", "1");
	check_row(engine, "deleted", "2");
	check_row(engine, "new", NULL);
}

static void large_values_are_kept(void **state)
{
	static char value[200001];
	struct engine *engine = engine_of(state);

	memset(value, 'v', sizeof(value) - 1);
	begin(engine, ENGINE_WRITE);
	put(engine, TABLE_TASKS, "k", value);
	commit(engine);
	check_row(engine, "k", value);
}

static void scan_has_the_range_in_order(void **state)
{
	struct engine *engine = engine_of(state);

	check_scan(engine, range("", NULL), false, 9, "");
	check_scan(engine, range("", NULL), true, 9, "");
	fill(engine);
	check_scan(engine, range("", NULL), false, 9, "abcde");
	check_scan(engine, range("b", "d"), false, 9, "bc");
	check_scan(engine, range("aa", "dd"), false, 9, "bcd");
	check_scan(engine, range("b", NULL), false, 2, "bc");
	check_scan(engine, range("f", NULL), false, 9, "");
	check_scan(engine, range("d", "b"), false, 9, "");
	check_scan(engine, range("b", NULL), false, 0, "");
}

static void reverse_scan_descends(void **state)
{
	struct engine *engine = engine_of(state);

	fill(engine);
	check_scan(engine, range("", NULL), true, 9, "edcba");
	check_scan(engine, range("b", "d"), true, 9, "cb");
	check_scan(engine, range("aa", "dd"), true, 9, "dcb");
	check_scan(engine, range("", "z"), true, 2, "ed");
	check_scan(engine, range("", "a"), true, 9, "");
	check_scan(engine, range("d", "b"), true, 9, "");
}

static void count_is_that_of_the_range(void **state)
{
	struct engine *engine = engine_of(state);

	check_count(engine, range("", NULL), 0);
	fill(engine);
	check_count(engine, range("", NULL), 5);
	check_count(engine, range("b", "d"), 2);
	check_count(engine, range("aa", "z"), 4);
	check_count(engine, range("d", "b"), 0);
	check_count(engine, range("z", NULL), 0);
}

static void expect_parts(struct engine *engine, struct engine_range *bounds, const uint64_t want[5])
{
	const struct str ends[] = { STR("b"), STR("bb"), STR("d"), STR("d"), STR("z") };
	uint64_t counts[5] = { 9, 9, 9, 9, 9 };

	assert_int_equal(
		engine->ops->count_parts(engine, TABLE_INDEX, bounds, ends, 5, counts), ENGINE_OK);
	assert_memory_equal(counts, want, sizeof(counts));
}

/* With the hint of a count, and without. */
static void parts_are_counted_as_ranges(void **state)
{
	static const uint64_t none[5] = { 0 }, all[] = { 1, 1, 1, 0, 2 },
			      rest[] = { 0, 1, 1, 0, 2 };
	struct engine *engine = engine_of(state);
	struct engine_range a = range("a", NULL), b = range("b", NULL);

	begin(engine, ENGINE_READ);
	expect_parts(engine, &a, none);
	engine->ops->abort(engine);
	fill(engine);
	a.hint = 0;
	begin(engine, ENGINE_READ);
	expect_parts(engine, &a, all);
	expect_parts(engine, &a, all);
	b.hint = a.hint + 1;
	expect_parts(engine, &b, rest);
	engine->ops->abort(engine);
}

/* With the hint of a count, and without. */
static void nth_is_within_the_range(void **state)
{
	struct engine *engine = engine_of(state);
	struct engine_range bounds = range("b", "e");
	struct engine_batch batch = { 0 };
	uint64_t keys;

	fill(engine);
	begin(engine, ENGINE_READ);
	for (int i = 0; i < 2; i++) {
		engine_batch_reset(&batch);
		assert_int_equal(
			engine->ops->nth(engine, TABLE_INDEX, &bounds, 0, &batch), ENGINE_OK);
		assert_int_equal(
			engine->ops->nth(engine, TABLE_INDEX, &bounds, 2, &batch), ENGINE_OK);
		assert_str(buf_str(&batch.bytes), "bd");
		assert_int_equal(engine->ops->nth(engine, TABLE_INDEX, &bounds, 3, &batch),
			ENGINE_NOT_FOUND);
		assert_int_equal(engine->ops->nth(engine, TABLE_INDEX, &bounds, 9, &batch),
			ENGINE_NOT_FOUND);
		assert_int_equal(
			engine->ops->count(engine, TABLE_INDEX, &bounds, &keys), ENGINE_OK);
		assert_int_equal(keys, 3);
	}
	engine->ops->abort(engine);
	engine_batch_free(&batch);
}

struct sum {
	unsigned keys, values, rows;
};

static bool add_row(struct str key, struct str value, void *data)
{
	struct sum *sum = data;

	sum->keys += (unsigned)(uint8_t)key.ptr[0];
	sum->values += (unsigned)value.len;
	return ++sum->rows < 3;
}

static void each_has_every_row_until_it_is_stopped(void **state)
{
	struct engine *engine = engine_of(state);
	struct sum sum = { 0 };

	begin(engine, ENGINE_WRITE);
	put(engine, TABLE_USERS, "a", "1");
	put(engine, TABLE_USERS, "b", "22");
	commit(engine);
	begin(engine, ENGINE_VIEW);
	assert_int_equal(engine->ops->each(engine, TABLE_USERS, false, add_row, &sum), ENGINE_OK);
	assert_int_equal(engine->ops->abort(engine), ENGINE_OK);
	assert_int_equal(sum.keys, 'a' + 'b');
	assert_int_equal(sum.values, 3);
	fill(engine);
	sum = (struct sum){ 0 };
	begin(engine, ENGINE_READ);
	assert_int_equal(engine->ops->each(engine, TABLE_INDEX, true, add_row, &sum), ENGINE_OK);
	assert_int_equal(engine->ops->abort(engine), ENGINE_OK);
	assert_int_equal(sum.rows, 3);
	assert_int_equal(sum.values, 0);
}

static void clear_removes_all_rows(void **state)
{
	struct engine *engine = engine_of(state);

	fill(engine);
	assert_int_equal(engine->ops->clear(engine, TABLE_INDEX), ENGINE_OK);
	check_count(engine, range("", NULL), 0);
	fill(engine);
	check_count(engine, range("", NULL), 5);
}

#define ON_ALL(function) ON_EVERY_ENGINE(function), ON_POSTGRESQL(function)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_ALL(put_replaces_and_get_appends),
		ON_ALL(insert_refuses_an_existing_key),
		ON_ALL(delete_reports_an_absent_key),
		ON_ALL(abort_undoes_every_change),
		ON_ALL(large_values_are_kept),
		ON_ALL(scan_has_the_range_in_order),
		ON_ALL(reverse_scan_descends),
		ON_ALL(count_is_that_of_the_range),
		ON_ALL(parts_are_counted_as_ranges),
		ON_ALL(nth_is_within_the_range),
		ON_ALL(each_has_every_row_until_it_is_stopped),
		ON_ALL(clear_removes_all_rows),
	};

	return CHECK_RUN(tests);
}
