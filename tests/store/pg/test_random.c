/*
 * Random transactions and rounds: each call has the result that it has on the memory engine, and
 * after a flush another host finds the same rows. SEED in the environment repeats a run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "store/memory_engine.h"
#include "store/pg/hosts.h"

#define ROUNDS 250

struct run {
	struct engine *engine, *model;
	bool writes; /* in a transaction that writes */
	uint64_t random;
};

static const enum engine_table tables[] = { TABLE_META, TABLE_INDEX, TABLE_USAGE };

static unsigned draw(struct run *run, unsigned limit)
{
	run->random = run->random * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(run->random >> 33) % limit;
}

/* Bytes of both signs, prefixes of one another, and the empty end of a range. */
static struct str draw_key(struct run *run, char bytes[4])
{
	static const char alphabet[] = { '\0', 'a', '\x7f', '\x80', '\xff' };
	size_t len = 1 + draw(run, 2);

	for (size_t i = 0; i < len; i++)
		bytes[i] = alphabet[draw(run, sizeof(alphabet))];
	return (struct str){ bytes, len };
}

static struct engine_range draw_range(struct run *run, char from[4], char to[4])
{
	struct engine_range range = { .from = draw(run, 3) ? draw_key(run, from) : STR("") };

	if (draw(run, 3))
		range.to = draw_key(run, to);
	return range;
}

static void change(struct run *run, enum engine_table table)
{
	char key_bytes[4], text[16];
	struct str key = draw_key(run, key_bytes), value = STR("");
	enum engine_put how = draw(run, 2) ? ENGINE_INSERT : ENGINE_REPLACE;
	enum engine_status want, got;

	if (table != TABLE_INDEX && draw(run, 4))
		value = (struct str){ text,
			(size_t)snprintf(text, sizeof(text), "%u", draw(run, 1000000)) };
	if (draw(run, 3) == 0) {
		want = memory_engine_ops.del(run->model, table, key);
		got = pg_engine_ops.del(run->engine, table, key);
		/* A key of the index is removed without a look. */
		if (table == TABLE_INDEX && got == ENGINE_OK)
			want = ENGINE_OK;
	} else {
		want = memory_engine_ops.put(run->model, table, key, value, how);
		got = pg_engine_ops.put(run->engine, table, key, value, how);
	}
	assert_int_equal(got, want);
}

/* Some rows that are announced together. */
static void read_rows(struct run *run, enum engine_table table)
{
	char bytes[4][4];
	struct str keys[4];

	for (size_t i = 0; i < 4; i++) {
		keys[i] = draw_key(run, bytes[i]);
		pg_engine_ops.prefetch(run->engine, table, keys[i]);
	}
	for (size_t i = 0; i < 4; i++) {
		struct buf want = BUF_INIT, got = BUF_INIT;

		assert_int_equal(pg_engine_ops.get_prefetched(run->engine, table, keys[i], &got),
			memory_engine_ops.get(run->model, table, keys[i], false, &want));
		assert_true(str_eq(buf_str(&got), buf_str(&want)));
		buf_free(&want);
		buf_free(&got);
	}
}

static void read_row(struct run *run, enum engine_table table)
{
	struct buf want = BUF_INIT, got = BUF_INIT;
	bool for_update = draw(run, 2);
	char bytes[4];
	struct str key = draw_key(run, bytes);

	assert_int_equal(pg_engine_ops.get(run->engine, table, key, for_update, &got),
		memory_engine_ops.get(run->model, table, key, for_update, &want));
	assert_true(str_eq(buf_str(&got), buf_str(&want)));
	buf_free(&want);
	buf_free(&got);
}

static void compare_batches(struct engine_batch *got, struct engine_batch *want)
{
	assert_int_equal(got->count, want->count);
	assert_true(str_eq(buf_str(&got->bytes), buf_str(&want->bytes)));
	for (size_t i = 0; i < got->count; i++)
		assert_int_equal(got->ends[i], want->ends[i]);
	engine_batch_free(got);
	engine_batch_free(want);
}

/* The keys of both, which are freed by compare_batches(). */
static void scan_both(struct run *run, enum engine_table table, const struct engine_range *range,
	bool reverse, size_t limit, struct engine_batch *got, struct engine_batch *want)
{
	*got = *want = (struct engine_batch){ 0 };
	assert_int_equal(
		memory_engine_ops.scan(run->model, table, range, reverse, limit, want), ENGINE_OK);
	assert_int_equal(
		pg_engine_ops.scan(run->engine, table, range, reverse, limit, got), ENGINE_OK);
}

static void scan(struct run *run, enum engine_table table)
{
	char from[4], to[4];
	struct engine_range range = draw_range(run, from, to);
	bool reverse = draw(run, 2);
	struct engine_batch got, want;

	scan_both(run, table, &range, reverse, draw(run, 40), &got, &want);
	compare_batches(&got, &want);
}

static void remove_key(struct run *run, struct str key)
{
	assert_int_equal(memory_engine_ops.del(run->model, TABLE_INDEX, key), ENGINE_OK);
	assert_int_equal(pg_engine_ops.del(run->engine, TABLE_INDEX, key), ENGINE_OK);
}

/* As claims do: takes the first keys of a range, one after another. */
static void take_first_keys(struct run *run)
{
	char from[4], to[4];
	struct engine_range range = { .from = draw_key(run, from), .to = draw_key(run, to) };
	struct engine_batch got, want;

	for (unsigned i = draw(run, 6); i > 0; i--) {
		scan_both(run, TABLE_INDEX, &range, false, 1 + draw(run, 3), &got, &want);
		if (want.count > 0 && draw(run, 4))
			remove_key(run, engine_batch_key(&want, 0));
		else
			change(run, TABLE_INDEX);
		compare_batches(&got, &want);
	}
}

static void count(struct run *run)
{
	char from[4], to[4];
	struct engine_range range = draw_range(run, from, to);
	struct engine_batch want = { 0 }, got = { 0 };
	uint64_t expected, found, n = draw(run, 20);

	memory_engine_ops.count(run->model, TABLE_INDEX, &range, &expected);
	assert_int_equal(pg_engine_ops.count(run->engine, TABLE_INDEX, &range, &found), ENGINE_OK);
	assert_int_equal(found, expected);
	assert_int_equal(pg_engine_ops.nth(run->engine, TABLE_INDEX, &range, n, &got),
		memory_engine_ops.nth(run->model, TABLE_INDEX, &range, n, &want));
	compare_batches(&got, &want);
}

static bool add_row(struct str key, struct str value, void *data)
{
	struct buf *rows = data;

	buf_printf(rows, "%zu:", key.len);
	buf_put_str(rows, key);
	buf_printf(rows, "%zu:", value.len);
	buf_put_str(rows, value);
	return true;
}

static void compare_tables(struct engine *engine, struct engine *model)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct buf got = BUF_INIT, want = BUF_INIT;

		assert_int_equal(
			pg_engine_ops.each(engine, tables[i], false, add_row, &got), ENGINE_OK);
		memory_engine_ops.each(model, tables[i], false, add_row, &want);
		assert_true(str_eq(buf_str(&got), buf_str(&want)));
		buf_free(&got);
		buf_free(&want);
	}
}

static void begin(struct run *run)
{
	static const char *const scopes[] = { "acme", "other", "" };
	enum engine_access access = draw(run, 4)   ? ENGINE_WRITE
				    : draw(run, 2) ? ENGINE_READ
						   : ENGINE_VIEW;

	hosts_begin(run->engine, access);
	memory_engine_ops.begin(run->model, access);
	run->writes = access == ENGINE_WRITE;
	if (run->writes && draw(run, 3))
		assert_int_equal(
			pg_engine_ops.lock(run->engine, str_cstr(scopes[draw(run, 3)])), ENGINE_OK);
}

static void end(struct run *run)
{
	if (run->writes && draw(run, 3)) {
		hosts_commit(run->engine);
		memory_engine_ops.commit(run->model);
	} else {
		pg_engine_ops.abort(run->engine);
		memory_engine_ops.abort(run->model);
	}
}

static void run_transaction(struct run *run)
{
	unsigned calls = 1 + draw(run, 8);

	begin(run);
	for (unsigned i = 0; i < calls; i++) {
		enum engine_table table = tables[draw(run, sizeof(tables) / sizeof(tables[0]))];
		unsigned what = draw(run, 10);

		if (what < 5 && run->writes)
			change(run, table);
		else if (what < 6 && run->writes)
			take_first_keys(run);
		else if (what < 7)
			draw(run, 2) ? read_row(run, table) : read_rows(run, table);
		else if (what < 8)
			count(run);
		else if (what < 9 || table == TABLE_META)
			compare_tables(run->engine, run->model);
		else
			scan(run, table);
	}
	end(run);
}

static void random_rounds(struct engine *engine, struct engine *other)
{
	const struct engine_options ephemeral = { .mode = ENGINE_EPHEMERAL };
	struct run run = { .engine = engine, .random = (uint64_t)time(NULL) };
	const char *seed = getenv("SEED");

	if (seed)
		run.random = strtoull(seed, NULL, 10);
	print_message("# SEED=%llu\n", (unsigned long long)run.random);
	assert_int_equal(memory_engine_ops.open(&run.model, &ephemeral), ENGINE_OK);
	for (unsigned i = 0; i < ROUNDS; i++) {
		for (unsigned j = draw(&run, 6); j > 0; j--)
			run_transaction(&run);
		hosts_flush(engine);
		compare_tables(other, run.model);
	}
	memory_engine_ops.close(run.model);
}

static void rounds_do_as_the_model(void **state)
{
	const struct hosts *hosts = *state;

	random_rounds(hosts->a, hosts->b);
}

static void transactions_do_as_the_model(void **state)
{
	const struct hosts *hosts = *state;

	random_rounds(hosts->b, hosts->a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOSTS_TEST(rounds_do_as_the_model),
		HOSTS_TEST(transactions_do_as_the_model),
	};

	return CHECK_RUN(tests);
}
