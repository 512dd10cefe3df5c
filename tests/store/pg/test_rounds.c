/* Rounds: what is visible when, and what an abort and a conflict undo. */
#include <stdio.h>
#include <stdlib.h>

#include "store/pg/hosts.h"

static enum engine_status insert(struct engine *engine, const char *key, const char *value)
{
	return pg_engine_ops.put(engine, TABLE_META, str_cstr(key), str_cstr(value), ENGINE_INSERT);
}

static enum engine_status del(struct engine *engine, enum engine_table table, const char *key)
{
	return pg_engine_ops.del(engine, table, str_cstr(key));
}

static void a_commit_is_seen_by_its_process_only(void **state)
{
	const struct hosts *hosts = *state;

	hosts_begin_in(hosts->a, "acme");
	hosts_put(hosts->a, TABLE_META, "k", "1");
	hosts_put(hosts->a, TABLE_INDEX, "i", "");
	hosts_commit(hosts->a);
	hosts_expect(hosts->a, "k", "1");
	hosts_expect_index(hosts->a, "i");
	hosts_begin(hosts->a, ENGINE_VIEW);
	hosts_expect_now(hosts->a, "k", "1");
	hosts_expect_index_now(hosts->a, "i");
	pg_engine_ops.abort(hosts->a);
	hosts_expect(hosts->b, "k", NULL);
	hosts_expect_index(hosts->b, "");
	hosts_flush(hosts->a);
	hosts_expect(hosts->b, "k", "1");
	hosts_expect_index(hosts->b, "i");
	hosts_expect_index(hosts->a, "i");
}

static void without_rounds_a_commit_is_seen_at_once(void **state)
{
	const struct hosts *hosts = *state;

	hosts_write(hosts->b, "k", "1");
	hosts_expect(hosts->a, "k", "1");
	hosts_flush(hosts->b);
	hosts_begin(hosts->b, ENGINE_WRITE);
	assert_int_equal(del(hosts->b, TABLE_META, "k"), ENGINE_OK);
	hosts_commit(hosts->b);
	hosts_expect(hosts->a, "k", NULL);
}

static void an_abort_keeps_earlier_commits(void **state)
{
	const struct hosts *hosts = *state;

	hosts_write(hosts->a, "first", "1");
	hosts_begin(hosts->a, ENGINE_WRITE);
	hosts_put(hosts->a, TABLE_META, "first", "2");
	hosts_put(hosts->a, TABLE_META, "second", "2");
	pg_engine_ops.abort(hosts->a);
	hosts_write(hosts->a, "third", "3");
	hosts_flush(hosts->a);
	hosts_expect(hosts->b, "first", "1");
	hosts_expect(hosts->b, "second", NULL);
	hosts_expect(hosts->b, "third", "3");
}

/* A scan sends the writes of its table, also those that are undone later. */
static void an_abort_undoes_what_was_sent(void **state)
{
	const struct hosts *hosts = *state;

	hosts_begin(hosts->b, ENGINE_WRITE);
	for (const char *key = "a\0b\0c\0"; *key; key += 2)
		hosts_put(hosts->b, TABLE_INDEX, key, "");
	hosts_commit(hosts->b);
	hosts_begin(hosts->a, ENGINE_WRITE);
	hosts_put(hosts->a, TABLE_INDEX, "d", "");
	assert_int_equal(del(hosts->a, TABLE_INDEX, "a"), ENGINE_OK);
	hosts_commit(hosts->a);
	hosts_begin(hosts->a, ENGINE_WRITE);
	hosts_put(hosts->a, TABLE_INDEX, "a", "");
	hosts_put(hosts->a, TABLE_INDEX, "e", "");
	assert_int_equal(del(hosts->a, TABLE_INDEX, "b"), ENGINE_OK);
	assert_int_equal(del(hosts->a, TABLE_INDEX, "d"), ENGINE_OK);
	hosts_expect_index_now(hosts->a, "ace");
	hosts_put(hosts->a, TABLE_INDEX, "b", "");
	hosts_expect_index_now(hosts->a, "abce");
	pg_engine_ops.abort(hosts->a);
	hosts_expect_index(hosts->a, "bcd");
	hosts_flush(hosts->a);
	hosts_expect_index(hosts->b, "bcd");
}

static void count_rows(struct engine *engine, enum engine_table table, unsigned rows);

/* The same for values: of the server, of the round, of nothing. */
static void an_abort_restores_values_that_were_overwritten(void **state)
{
	const struct hosts *hosts = *state;

	hosts_write(hosts->b, "server", "old");
	hosts_write(hosts->b, "removed", "old");
	hosts_write(hosts->a, "round", "new");
	hosts_begin(hosts->a, ENGINE_WRITE);
	hosts_put(hosts->a, TABLE_META, "server", "own");
	hosts_put(hosts->a, TABLE_META, "round", "own");
	hosts_put(hosts->a, TABLE_META, "nothing", "own");
	assert_int_equal(del(hosts->a, TABLE_META, "removed"), ENGINE_OK);
	count_rows(hosts->a, TABLE_META, 3);
	pg_engine_ops.abort(hosts->a);
	count_rows(hosts->a, TABLE_META, 3);
	hosts_flush(hosts->a);
	hosts_expect(hosts->b, "server", "old");
	hosts_expect(hosts->b, "removed", "old");
	hosts_expect(hosts->b, "round", "new");
	hosts_expect(hosts->b, "nothing", NULL);
}

static void an_insert_of_two_hosts_is_a_conflict(void **state)
{
	const struct hosts *hosts = *state;

	hosts_write(hosts->a, "other", "1");
	hosts_begin(hosts->a, ENGINE_WRITE);
	assert_int_equal(insert(hosts->a, "k", "of a"), ENGINE_OK);
	assert_int_equal(insert(hosts->a, "k", "of a"), ENGINE_EXISTS);
	hosts_commit(hosts->a);
	hosts_begin(hosts->b, ENGINE_WRITE);
	assert_int_equal(insert(hosts->b, "k", "of b"), ENGINE_OK);
	hosts_commit(hosts->b);
	assert_int_equal(pg_engine_ops.flush(hosts->a), ENGINE_RETRY);
	hosts_expect(hosts->a, "k", "of b");
	hosts_expect(hosts->a, "other", NULL);
	hosts_begin(hosts->a, ENGINE_WRITE);
	assert_int_equal(insert(hosts->a, "k", "of a"), ENGINE_EXISTS);
	pg_engine_ops.abort(hosts->a);
	hosts_write(hosts->a, "other", "2");
	hosts_flush(hosts->a);
	hosts_expect(hosts->b, "other", "2");
}

static void a_removed_row_can_be_inserted_again(void **state)
{
	const struct hosts *hosts = *state;

	hosts_write(hosts->b, "k", "1");
	hosts_begin(hosts->a, ENGINE_WRITE);
	assert_int_equal(del(hosts->a, TABLE_META, "k"), ENGINE_OK);
	assert_int_equal(del(hosts->a, TABLE_META, "k"), ENGINE_NOT_FOUND);
	assert_int_equal(insert(hosts->a, "k", "2"), ENGINE_OK);
	hosts_commit(hosts->a);
	hosts_flush(hosts->a);
	hosts_expect(hosts->b, "k", "2");
}

/* After a conflict in a call: the round is lost until the flush says so. */
static void a_lost_round_fails_until_the_flush(void **state)
{
	const struct hosts *hosts = *state;
	struct buf out = BUF_INIT;

	pg_server_do(
		"CREATE FUNCTION polytask.refuse() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION "
		"USING ERRCODE = '40001'; END $$ LANGUAGE plpgsql; CREATE TRIGGER refuse BEFORE "
		"INSERT ON polytask.\"index\" EXECUTE FUNCTION polytask.refuse()");
	hosts_write(hosts->a, "k", "1");
	hosts_begin(hosts->a, ENGINE_WRITE);
	hosts_put(hosts->a, TABLE_INDEX, "i", "");
	assert_int_equal(
		pg_engine_ops.scan(hosts->a, TABLE_INDEX, &(struct engine_range){ .from = STR("") },
			false, 9, &(struct engine_batch){ 0 }),
		ENGINE_RETRY);
	assert_int_equal(
		pg_engine_ops.get(hosts->a, TABLE_META, STR("k"), false, &out), ENGINE_RETRY);
	assert_int_equal(pg_engine_ops.abort(hosts->a), ENGINE_OK);
	assert_int_equal(pg_engine_ops.begin(hosts->a, ENGINE_WRITE), ENGINE_RETRY);
	assert_int_equal(pg_engine_ops.begin(hosts->a, ENGINE_READ), ENGINE_RETRY);
	assert_int_equal(pg_engine_ops.flush(hosts->a), ENGINE_RETRY);
	hosts_expect(hosts->a, "k", NULL);
	hosts_write(hosts->a, "k", "2");
	hosts_flush(hosts->a);
	hosts_expect(hosts->b, "k", "2");
}

/* ---- large rounds ---- */

#define ROWS	   3000
#define VALUE_SIZE 4000 /* 12 MB in all */

static void put_many(struct engine *engine, char letter)
{
	static char value[VALUE_SIZE + 1];
	char key[16];

	memset(value, letter, VALUE_SIZE);
	for (int i = 0; i < ROWS; i++) {
		snprintf(key, sizeof(key), "%05d", i);
		hosts_put(engine, TABLE_META, key, value);
	}
}

struct tally {
	unsigned rows;
	size_t bytes;
	char letter;
};

static bool add_row(struct str key, struct str value, void *data)
{
	struct tally *tally = data;

	(void)key;
	tally->rows++;
	tally->bytes += value.len;
	tally->letter = value.len > 0 ? value.ptr[0] : '\0';
	return true;
}

static struct tally tally_rows(struct engine *engine, enum engine_table table)
{
	struct tally tally = { 0 };

	hosts_begin(engine, ENGINE_READ);
	assert_int_equal(pg_engine_ops.each(engine, table, false, add_row, &tally), ENGINE_OK);
	pg_engine_ops.abort(engine);
	return tally;
}

/* In the current transaction if there is one: each needs none. */
static void count_rows(struct engine *engine, enum engine_table table, unsigned rows)
{
	struct tally tally = { 0 };

	assert_int_equal(pg_engine_ops.each(engine, table, false, add_row, &tally), ENGINE_OK);
	assert_int_equal(tally.rows, rows);
}

static void a_large_transaction_is_sent_in_parts(void **state)
{
	const struct hosts *hosts = *state;

	hosts_begin(hosts->a, ENGINE_WRITE);
	put_many(hosts->a, 'x');
	pg_engine_ops.abort(hosts->a);
	assert_int_equal(tally_rows(hosts->a, TABLE_META).rows, 0);
	hosts_begin(hosts->a, ENGINE_WRITE);
	put_many(hosts->a, 'x');
	hosts_commit(hosts->a);
	assert_int_equal(tally_rows(hosts->b, TABLE_META).rows, 0);
	hosts_flush(hosts->a);
	assert_int_equal(tally_rows(hosts->b, TABLE_META).rows, ROWS);
	assert_int_equal(tally_rows(hosts->b, TABLE_META).bytes, (size_t)ROWS * VALUE_SIZE);
}

static void a_large_transaction_is_undone_behind_a_commit(void **state)
{
	const struct hosts *hosts = *state;
	struct tally tally;

	hosts_begin(hosts->b, ENGINE_WRITE);
	put_many(hosts->b, 'x');
	hosts_commit(hosts->b);
	hosts_write(hosts->a, "00001", "y");
	hosts_begin(hosts->a, ENGINE_WRITE);
	put_many(hosts->a, 'z');
	hosts_put(hosts->a, TABLE_META, "last", "z");
	assert_int_equal(del(hosts->a, TABLE_META, "00002"), ENGINE_OK);
	pg_engine_ops.abort(hosts->a);
	hosts_flush(hosts->a);
	tally = tally_rows(hosts->b, TABLE_META);
	assert_int_equal(tally.rows, ROWS);
	assert_int_equal(tally.bytes, (size_t)(ROWS - 1) * VALUE_SIZE + 1);
	assert_int_equal(tally.letter, 'x');
	hosts_expect(hosts->b, "00001", "y");
	hosts_expect(hosts->b, "last", NULL);
}

/* ---- views, walks ---- */

static void a_view_is_of_one_moment(void **state)
{
	const struct hosts *hosts = *state;

	hosts_begin(hosts->b, ENGINE_VIEW);
	hosts_expect_index_now(hosts->b, "");
	hosts_begin(hosts->a, ENGINE_WRITE);
	hosts_put(hosts->a, TABLE_INDEX, "i", "");
	hosts_commit(hosts->a);
	hosts_flush(hosts->a);
	hosts_expect_index_now(hosts->b, "");
	pg_engine_ops.abort(hosts->b);
	hosts_expect_index(hosts->b, "i");
}

struct part {
	char keys[64];
	size_t left; /* keys until it ends the part */
};

static bool take_part(struct str key, void *data)
{
	struct part *part = data;
	size_t used = strlen(part->keys);

	snprintf(part->keys + used, sizeof(part->keys) - used, "%.*s", STR_ARGS(key));
	return --part->left > 0;
}

static void walk(struct engine *engine, struct engine_place *place, size_t keys, const char *want)
{
	struct part part = { .left = keys };

	assert_int_equal(
		pg_engine_ops.each_key(engine, TABLE_META, place, take_part, &part), ENGINE_OK);
	assert_string_equal(part.keys, want);
}

static void walks_go_on_beside_each_other(void **state)
{
	const struct hosts *hosts = *state;
	struct engine_place one = { 0 }, two = { 0 };

	for (const char *key = "a\0b\0c\0d\0e\0"; *key; key += 2)
		hosts_write(hosts->b, key, "1");
	walk(hosts->a, &one, 2, "ab");
	walk(hosts->a, &two, 1, "a");
	hosts_begin(hosts->b, ENGINE_WRITE);
	assert_int_equal(del(hosts->b, TABLE_META, "c"), ENGINE_OK);
	hosts_commit(hosts->b);
	walk(hosts->a, &one, 9, "de");
	assert_true(one.end);
	walk(hosts->a, &two, 1, "b");
	assert_false(two.end);
	walk(hosts->a, &two, 9, "de");
	assert_true(two.end);
}

static void a_place_that_was_forgotten_is_reported(void **state)
{
	const struct hosts *hosts = *state;
	struct engine_place first = { 0 };
	struct part part = { .left = 1 };

	for (const char *key = "a\0b\0"; *key; key += 2)
		hosts_write(hosts->b, key, "1");
	walk(hosts->a, &first, 1, "a");
	for (int i = 0; i < 16; i++) {
		struct engine_place next = { 0 };

		walk(hosts->a, &next, 1, "a");
	}
	assert_int_equal(pg_engine_ops.each_key(hosts->a, TABLE_META, &first, take_part, &part),
		ENGINE_FAILED);
}

static void the_engine_says_whether_a_round_is_open(void **state)
{
	struct engine *engine = ((const struct hosts *)*state)->a;

	assert_false(engine->round_open);
	hosts_begin(engine, ENGINE_WRITE);
	hosts_put(engine, TABLE_META, "k", "1");
	pg_engine_ops.abort(engine);
	assert_false(engine->round_open);
	hosts_write(engine, "k", "1");
	assert_true(engine->round_open);
	assert_false(engine->round_lost);
	hosts_flush(engine);
	assert_false(engine->round_open);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOSTS_TEST(a_commit_is_seen_by_its_process_only),
		HOSTS_TEST(without_rounds_a_commit_is_seen_at_once),
		HOSTS_TEST(an_abort_keeps_earlier_commits),
		HOSTS_TEST(an_abort_undoes_what_was_sent),
		HOSTS_TEST(an_abort_restores_values_that_were_overwritten),
		HOSTS_TEST(an_insert_of_two_hosts_is_a_conflict),
		HOSTS_TEST(a_removed_row_can_be_inserted_again),
		HOSTS_TEST(a_lost_round_fails_until_the_flush),
		HOSTS_TEST(a_large_transaction_is_sent_in_parts),
		HOSTS_TEST(a_large_transaction_is_undone_behind_a_commit),
		HOSTS_TEST(a_view_is_of_one_moment),
		HOSTS_TEST(walks_go_on_beside_each_other),
		HOSTS_TEST(a_place_that_was_forgotten_is_reported),
		HOSTS_TEST(the_engine_says_whether_a_round_is_open),
	};

	return CHECK_RUN(tests);
}
