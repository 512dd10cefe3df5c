/*
 * Rows that are brought by one trip. Host b changes a row after the trip: host a then reads the old
 * value if the trip has brought it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "store/pg/hosts.h"
#include "store/pg/prefetch.h"

static const struct engine_ops *const ops = &pg_engine_ops;

static void announce(struct engine *engine, const char *key)
{
	ops->prefetch(engine, TABLE_META, str_cstr(key));
}

/* NULL: absent. */
static void expect_now(struct engine *engine, const char *key, const char *value)
{
	struct buf out = BUF_INIT;

	assert_int_equal(ops->get_prefetched(engine, TABLE_META, str_cstr(key), &out),
		value ? ENGINE_OK : ENGINE_NOT_FOUND);
	if (value)
		assert_str(buf_str(&out), value);
	buf_free(&out);
}

/* In a transaction of its own. */
static void expect(struct engine *engine, const char *key, const char *value)
{
	hosts_begin(engine, ENGINE_READ);
	expect_now(engine, key, value);
	ops->abort(engine);
}

static void write_all(const struct hosts *hosts, const char *value)
{
	hosts_write(hosts->b, "k", value);
	hosts_write(hosts->b, "l", value);
	hosts_write(hosts->b, "m", value);
}

static void one_trip_brings_all_rows(void **state)
{
	const struct hosts *hosts = *state;

	write_all(hosts, "old");
	for (const char *key = "k\0l\0m\0n\0"; *key; key += 2)
		announce(hosts->a, key);
	expect(hosts->a, "l", "old");
	write_all(hosts, "new");
	hosts_write(hosts->b, "n", "new");
	expect(hosts->a, "k", "old");
	expect(hosts->a, "m", "old");
	expect(hosts->a, "n", NULL);
}

static void rows_of_several_tables(void **state)
{
	const struct hosts *hosts = *state;
	struct buf out = BUF_INIT;

	hosts_write(hosts->b, "k", "old");
	hosts_begin(hosts->b, ENGINE_WRITE);
	hosts_put(hosts->b, TABLE_NAMED_TASKS, "k", "task");
	hosts_commit(hosts->b);
	announce(hosts->a, "k");
	ops->prefetch(hosts->a, TABLE_NAMED_TASKS, STR("k"));
	expect(hosts->a, "k", "old");
	hosts_begin(hosts->b, ENGINE_WRITE);
	hosts_put(hosts->b, TABLE_NAMED_TASKS, "k", "other");
	hosts_commit(hosts->b);
	hosts_begin(hosts->a, ENGINE_READ);
	assert_int_equal(
		ops->get_prefetched(hosts->a, TABLE_NAMED_TASKS, STR("k"), &out), ENGINE_OK);
	ops->abort(hosts->a);
	assert_str(buf_str(&out), "task");
	buf_free(&out);
}

/* Each announcement allows one read; other reads ask the server. */
static void a_row_is_given_as_often_as_it_was_announced(void **state)
{
	const struct hosts *hosts = *state;

	write_all(hosts, "old");
	announce(hosts->a, "k");
	announce(hosts->a, "k");
	expect(hosts->a, "k", "old");
	write_all(hosts, "new");
	hosts_expect(hosts->a, "k", "new");
	expect(hosts->a, "k", "old");
	expect(hosts->a, "k", "new");
	expect(hosts->a, "l", "new");
}

/* A request that arrives after the trip must see what was committed before its arrival. */
static void a_row_that_is_announced_again_is_read_again(void **state)
{
	const struct hosts *hosts = *state;

	write_all(hosts, "old");
	announce(hosts->a, "k");
	announce(hosts->a, "l");
	announce(hosts->a, "m");
	expect(hosts->a, "k", "old");
	write_all(hosts, "new");
	announce(hosts->a, "l");
	expect(hosts->a, "l", "new");
	expect(hosts->a, "l", "new");
	expect(hosts->a, "m", "old");
}

/* Values of more than 16 KiB are read one by one. */
static void large_rows_are_not_kept(void **state)
{
	const struct hosts *hosts = *state;
	char *text = malloc(16386);

	assert_non_null(text);
	memset(text, 'x', 16385);
	text[16385] = '\0';
	hosts_write(hosts->b, "k", text);
	hosts_write(hosts->b, "l", text + 1);
	announce(hosts->a, "k");
	announce(hosts->a, "k");
	announce(hosts->a, "l");
	expect(hosts->a, "k", text);
	write_all(hosts, "new");
	expect(hosts->a, "k", "new");
	expect(hosts->a, "l", text + 1);
	free(text);
}

static void the_oldest_of_too_many_is_forgotten(void **state)
{
	const struct hosts *hosts = *state;
	char key[16];

	for (int i = 0; i <= PG_PREFETCH_MAX; i++) {
		snprintf(key, sizeof(key), "k%02d", i);
		hosts_write(hosts->b, key, "old");
		announce(hosts->a, key);
	}
	expect(hosts->a, "k02", "old");
	hosts_write(hosts->b, "k00", "new");
	hosts_write(hosts->b, "k01", "new");
	expect(hosts->a, "k00", "new");
	expect(hosts->a, "k01", "old");
}

/* ---- transactions ---- */

static void a_view_is_of_one_moment(void **state)
{
	const struct hosts *hosts = *state;

	write_all(hosts, "old");
	announce(hosts->a, "k");
	announce(hosts->a, "l");
	expect(hosts->a, "k", "old");
	write_all(hosts, "new");
	hosts_begin(hosts->a, ENGINE_VIEW);
	hosts_expect_now(hosts->a, "k", "new");
	expect_now(hosts->a, "l", "new");
	ops->abort(hosts->a);
}

static void a_transaction_that_writes_reads_the_row_itself(void **state)
{
	const struct hosts *hosts = *state;

	write_all(hosts, "old");
	announce(hosts->a, "k");
	announce(hosts->a, "l");
	expect(hosts->a, "k", "old");
	write_all(hosts, "new");
	hosts_begin(hosts->a, ENGINE_WRITE);
	expect_now(hosts->a, "l", "new");
	ops->abort(hosts->a);
}

static void writes_of_the_round_are_seen(void **state)
{
	const struct hosts *hosts = *state;

	write_all(hosts, "old");
	announce(hosts->a, "k");
	announce(hosts->a, "l");
	announce(hosts->a, "m");
	expect(hosts->a, "m", "old");
	hosts_write(hosts->a, "k", "own");
	hosts_begin(hosts->a, ENGINE_WRITE);
	assert_int_equal(ops->del(hosts->a, TABLE_META, STR("l")), ENGINE_OK);
	hosts_commit(hosts->a);
	expect(hosts->a, "k", "own");
	expect(hosts->a, "l", NULL);
	hosts_flush(hosts->a);
}

/* Writes that take much memory are sent early, and are then known to the server alone. */
static void write_and_send(struct engine *engine, const char *value)
{
	char *text = malloc(1000001), key[16];

	assert_non_null(text);
	memset(text, 'x', 1000000);
	text[1000000] = '\0';
	hosts_begin(engine, ENGINE_WRITE);
	hosts_put(engine, TABLE_META, "k", value);
	for (int i = 0; i < 6; i++) {
		snprintf(key, sizeof(key), "large%d", i);
		hosts_put(engine, TABLE_META, key, text);
	}
	hosts_commit(engine);
	free(text);
}

static void rows_of_a_lost_round_are_not_used(void **state)
{
	const struct hosts *hosts = *state;

	write_all(hosts, "old");
	write_and_send(hosts->a, "lost");
	announce(hosts->a, "k");
	announce(hosts->a, "k");
	announce(hosts->a, "l");
	expect(hosts->a, "k", "lost");
	expect_log("store-away");
	pg_server_do("SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE "
		     "application_name = 'a'");
	assert_int_equal(ops->flush(hosts->a), ENGINE_RETRY);
	expect(hosts->a, "k", "old");
	expect(hosts->a, "l", "old");
}

/* A later read of such a row has a trip of its own. */
static void rows_that_a_round_has_read_end_with_it(void **state)
{
	const struct hosts *hosts = *state;

	write_all(hosts, "old");
	announce(hosts->a, "k");
	announce(hosts->a, "l");
	announce(hosts->a, "m");
	hosts_write(hosts->a, "other", "1");
	expect(hosts->a, "k", "old");
	hosts_flush(hosts->a);
	write_all(hosts, "new");
	expect(hosts->a, "l", "new");
	write_all(hosts, "newer");
	expect(hosts->a, "m", "newer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOSTS_TEST(one_trip_brings_all_rows),
		HOSTS_TEST(rows_of_several_tables),
		HOSTS_TEST(a_row_is_given_as_often_as_it_was_announced),
		HOSTS_TEST(a_row_that_is_announced_again_is_read_again),
		HOSTS_TEST(large_rows_are_not_kept),
		HOSTS_TEST(the_oldest_of_too_many_is_forgotten),
		HOSTS_TEST(a_view_is_of_one_moment),
		HOSTS_TEST(a_transaction_that_writes_reads_the_row_itself),
		HOSTS_TEST(writes_of_the_round_are_seen),
		HOSTS_TEST(rows_of_a_lost_round_are_not_used),
		HOSTS_TEST(rows_that_a_round_has_read_end_with_it),
	};

	return CHECK_RUN(tests);
}
