/* A reading whose connection is cut is an error, never a part of the result. */
#include <stdio.h>

#include "store/pg/cut_bench.h"

static const struct engine_ops *const ops = &pg_engine_ops;

#define READ_ROWS 400

/* Appends what was read. */
struct reading {
	const char *name;
	enum engine_status (*read)(struct engine *engine, struct buf *out);
};

static const struct engine_range all = { .from = STR("") };

static enum engine_status get(struct engine *engine, struct buf *out)
{
	return ops->get(engine, TABLE_NAMED_TASKS, STR("row000"), false, out);
}

static enum engine_status get_prefetched(struct engine *engine, struct buf *out)
{
	static const struct str keys[] = { STR("row001"), STR("row002"), STR("none") };
	enum engine_status status = ENGINE_OK;

	for (size_t i = 0; i < 3; i++)
		ops->prefetch(engine, TABLE_NAMED_TASKS, keys[i]);
	for (size_t i = 0; i < 3 && status == ENGINE_OK; i++)
		status = ops->get_prefetched(engine, TABLE_NAMED_TASKS, keys[i], out);
	return status == ENGINE_NOT_FOUND ? ENGINE_OK : status;
}

static enum engine_status scan_ways(struct engine *engine, bool reverse, struct buf *out)
{
	struct engine_batch batch = { 0 };
	enum engine_status status = ops->scan(
		engine, TABLE_INDEX, &all, reverse, 2 * READ_ROWS, &batch);

	buf_put_str(out, buf_str(&batch.bytes));
	engine_batch_free(&batch);
	return status;
}

static enum engine_status scan(struct engine *engine, struct buf *out)
{
	return scan_ways(engine, false, out);
}

static enum engine_status scan_down(struct engine *engine, struct buf *out)
{
	return scan_ways(engine, true, out);
}

static enum engine_status count(struct engine *engine, struct buf *out)
{
	struct engine_range range = all;
	uint64_t found = 0;
	enum engine_status status = ops->count(engine, TABLE_INDEX, &range, &found);

	buf_put_number(out, (int64_t)found);
	return status;
}

static enum engine_status nth(struct engine *engine, struct buf *out)
{
	struct engine_batch batch = { 0 };
	enum engine_status status = ops->nth(engine, TABLE_INDEX, &all, READ_ROWS - 1, &batch);

	buf_put_str(out, buf_str(&batch.bytes));
	engine_batch_free(&batch);
	return status;
}

static bool take_row(struct str key, struct str value, void *data)
{
	buf_put_str(data, key);
	buf_put_str(data, value);
	return true;
}

static enum engine_status each(struct engine *engine, struct buf *out)
{
	return ops->each(engine, TABLE_NAMED_TASKS, false, take_row, out);
}

static bool take_key(struct str key, void *data)
{
	return take_row(key, STR(""), data);
}

static enum engine_status each_key(struct engine *engine, struct buf *out)
{
	struct engine_place place = { 0 };
	enum engine_status status = ENGINE_OK;

	while (status == ENGINE_OK && !place.end)
		status = ops->each_key(engine, TABLE_NAMED_TASKS, &place, take_key, out);
	return status;
}

static enum engine_status read_scope(struct engine *engine, struct buf *out)
{
	struct engine_scope state = { 0 };
	enum engine_status status = ops->read_scope(engine, STR("acme"), &state);

	buf_put_number(out, (int64_t)state.version);
	return status;
}

static const struct reading readings[] = {
	{ "get", get },
	{ "scan", scan },
	{ "scan down", scan_down },
	{ "count", count },
	{ "nth", nth },
	{ "each", each },
	{ "each_key", each_key },
	{ "read_scope", read_scope },
	{ "get_prefetched", get_prefetched },
};

static void write_rows(struct engine *engine)
{
	static char bytes[8192];
	char key[16];

	memset(bytes, 'v', sizeof(bytes));
	hosts_begin_in(engine, "acme");
	for (int i = 0; i < READ_ROWS; i++) {
		snprintf(key, sizeof(key), "row%03d", i);
		hosts_put(engine, TABLE_INDEX, key, "");
		if (i < 40)
			assert_int_equal(
				ops->put(engine, TABLE_NAMED_TASKS, str_cstr(key),
					(struct str){ bytes, sizeof(bytes) }, ENGINE_REPLACE),
				ENGINE_OK);
	}
	hosts_commit(engine);
}

/* The bytes of the server that the reading took are the result. */
static uint64_t read_cut(struct cut_bench *bench, const struct reading *reading,
	enum engine_access access, const struct cut *cut, struct buf *whole)
{
	struct buf out = BUF_INIT;
	enum engine_status status;
	uint64_t bytes;

	cut_bench_arm(bench, cut);
	hosts_begin(bench->engine, access);
	status = reading->read(bench->engine, &out);
	bytes = cutting_proxy_report()->bytes[CUT_SERVER];
	ops->abort(bench->engine);
	cut_bench_disarm(bench);
	if (cut->kind == CUT_NEVER)
		buf_put_str(whole, buf_str(&out));
	assert_true(status == ENGINE_OK || (status == ENGINE_AWAY && cut->kind != CUT_NEVER));
	if (status == ENGINE_OK)
		assert_true(str_eq(buf_str(&out), buf_str(whole)));
	/* The end of the reading is seen at once; the abort comes later. */
	if (cut->kind != CUT_NEVER)
		assert_int_equal(status == ENGINE_OK, cut->after == 0 || bytes < cut->after);
	bench->is_cutting = false;
	buf_free(&out);
	return bytes;
}

static void cut_reading(
	struct cut_bench *bench, const struct reading *reading, enum engine_access access)
{
	struct cut cut = { .kind = CUT_NEVER, .from = CUT_SERVER };
	struct buf whole = BUF_INIT;
	uint64_t total = read_cut(bench, reading, access, &cut, &whole), step = total / 3;

	print_message("# %s: %llu bytes\n", reading->name, (unsigned long long)total);
	assert_true(whole.len > 0);
	cut.kind = CUT_CLOSES;
	for (cut.after = 0; cut.after < total; cut.after += cut_bench_is_full() ? 1 : step)
		read_cut(bench, reading, access, &cut, &whole);
	cut.after = total - 1;
	read_cut(bench, reading, access, &cut, &whole);
	buf_free(&whole);
}

static void reads_that_are_cut_fail(void **state)
{
	struct cut_bench *bench = *state;

	write_rows(bench->hosts->b);
	cut_bench_open(bench, true);
	for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++)
		cut_reading(bench, &readings[i], i % 2 ? ENGINE_VIEW : ENGINE_READ);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CUT_TEST(reads_that_are_cut_fail),
	};

	return CHECK_RUN(tests);
}
