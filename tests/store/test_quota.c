/* How many tasks may be created from one time to another: counted exactly, whoever creates. */
#include <stdio.h>

#include "race.h"

#define FROM  ((int64_t)86400000)
#define UNTIL (2 * FROM)

static struct op create(unsigned number, int64_t now, uint64_t most)
{
	struct op op = fixture_op(OP_CREATE, number);

	op.now = now;
	op.assign_number = true;
	op.quota = (struct op_quota){ most, FROM, UNTIL };
	return op;
}

static enum err_code made(struct store *store, unsigned number, int64_t now, uint64_t most)
{
	struct op op = create(number, now, most);

	return fixture_error(store, &op);
}

static void change(struct store *store, enum op_kind kind, unsigned number)
{
	struct op op = fixture_op(kind, number);

	assert_code(fixture_error(store, &op), ERR_NONE);
}

static void test_used_up(void **state)
{
	struct store *store = *state;
	struct op op = create(4, UNTIL - 1500, 3);
	struct result result = { 0 };
	struct err err = { 0 };

	assert_code(made(store, 1, FROM, 3), ERR_NONE);
	assert_code(made(store, 2, FROM + 1, 3), ERR_NONE);
	assert_code(made(store, 3, UNTIL - 1, 3), ERR_NONE);
	assert_false(store_apply(store, &op, &result, &err));
	assert_err(&err, ERR_QUOTA);
	assert_int_equal(err.retry_after, 2);
	fixture_verify(store, 3);
	/* no number was lost; a higher quota, or none, lets more in */
	op.quota.max_tasks = 4;
	must(store_apply(store, &op, &result, &err), &err);
	assert_int_equal(result.task.number, 4);
	store_result_free(&result);
	assert_code(made(store, 5, FROM, 4), ERR_QUOTA);
	assert_code(made(store, 5, FROM, 0), ERR_NONE);
}

/* Another time, another tenant, another dialect. */
static void test_what_does_not_count(void **state)
{
	struct store *store = *state;
	struct op op;

	assert_code(made(store, 1, FROM - 1, 1), ERR_NONE);
	assert_code(made(store, 2, UNTIL, 1), ERR_NONE);
	op = create(3, FROM, 1);
	op.tenant = STR("acme2");
	assert_code(fixture_error(store, &op), ERR_NONE);
	op = create(4, FROM, 1);
	op.tenant = STR("acm");
	assert_code(fixture_error(store, &op), ERR_NONE);
	op = create(5, FROM, 1);
	op.dialect = DIALECT_B;
	assert_code(fixture_error(store, &op), ERR_NONE);
	assert_code(made(store, 6, FROM, 1), ERR_NONE);
	assert_code(made(store, 7, FROM, 1), ERR_QUOTA);
}

/* Archived is still there; removed is not. */
static void test_places_given_back(void **state)
{
	struct store *store = *state;

	assert_code(made(store, 1, FROM, 2), ERR_NONE);
	change(store, OP_ARCHIVE, 1);
	assert_code(made(store, 2, FROM, 2), ERR_NONE);
	assert_code(made(store, 3, FROM, 2), ERR_QUOTA);
	change(store, OP_UPDATE, 2);
	assert_code(made(store, 3, FROM, 2), ERR_QUOTA);
	change(store, OP_REMOVE, 1);
	assert_code(made(store, 3, FROM, 2), ERR_NONE);
	change(store, OP_REMOVE, 2);
	assert_code(made(store, 4, FROM, 2), ERR_NONE);
	assert_code(made(store, 5, FROM, 2), ERR_QUOTA);
}

/* A key's answer of then is given again, and counts no more. */
static void test_repeated_with_a_key(void **state)
{
	struct store *store = *state;
	struct result result = { 0 };
	struct err err = { 0 };

	for (unsigned i = 0; i < 3; i++) {
		struct op op = create(1 + i, FROM, 1);

		op.idempotency_key = STR("k");
		must(store_apply(store, &op, &result, &err), &err);
		assert_int_equal(result.task.number, 1);
		store_result_free(&result);
	}
	assert_code(made(store, 5, FROM, 1), ERR_QUOTA);
	/* what was refused was not remembered */
	for (uint64_t most = 1; most <= 2; most++) {
		struct op op = create(6, FROM, most);

		op.idempotency_key = STR("l");
		assert_code(fixture_error(store, &op), most == 1 ? ERR_QUOTA : ERR_NONE);
	}
	fixture_verify(store, 2);
}

/* ---- several at once ---- */

#define ROUNDS 200
#define MOST   (ROUNDS * RACERS / 2)

static void create_too_many(struct store *store, unsigned racer)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct op op = create(1 + round * RACERS + racer, FROM + round, MOST);
		struct err err = { 0 };

		race_line_up(round);
		if (crowd_apply(store, &op, &err))
			track->made++;
		else if (err.code == ERR_QUOTA)
			track->given++;
		else
			track->wrong++;
	}
	race_leave(store);
}

static void test_creators_at_once(void **state)
{
	struct store *store;

	(void)state;
	store_close(crowd_recover("quota"));
	race_run(create_too_many);
	assert_int_equal(track->made, MOST);
	/* busy is an answer, too, though hardly ever */
	assert_int_equal(track->given + track->wrong, MOST);
	assert_true(track->wrong <= ROUNDS / 50);
	store = crowd_recover("quota");
	fixture_verify(store, MOST);
	/* what was counted before the restart counts after it */
	assert_code(made(store, ROUNDS * RACERS + 1, FROM, MOST), ERR_QUOTA);
	assert_code(made(store, ROUNDS * RACERS + 1, FROM, MOST + 1), ERR_NONE);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(test_used_up),
		ON_EVERY_ENGINE(test_what_does_not_count),
		ON_EVERY_ENGINE(test_places_given_back),
		ON_EVERY_ENGINE(test_repeated_with_a_key),
		RACE(test_creators_at_once),
	};

	return CHECK_RUN(tests);
}
