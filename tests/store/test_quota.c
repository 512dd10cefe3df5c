/* Quotas: the number of tasks created within a time range, counted exactly. */
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

static enum err_code create_error(struct store *store, unsigned number, int64_t now, uint64_t most)
{
	struct op op = create(number, now, most);

	return fixture_error(store, &op);
}

static void change(struct store *store, enum op_kind kind, unsigned number)
{
	struct op op = fixture_op(kind, number);

	assert_code(fixture_error(store, &op), ERR_NONE);
}

static void quota_is_used_up(void **state)
{
	struct store *store = *state;
	struct op op = create(4, UNTIL - 1500, 3);
	struct result result = { 0 };
	struct err err = { 0 };

	assert_code(create_error(store, 1, FROM, 3), ERR_NONE);
	assert_code(create_error(store, 2, FROM + 1, 3), ERR_NONE);
	assert_code(create_error(store, 3, UNTIL - 1, 3), ERR_NONE);
	assert_false(store_apply(store, &op, &result, &err));
	assert_err(&err, ERR_QUOTA);
	assert_int_equal(err.retry_after, 2);
	fixture_verify(store, 3);
	/* a refused task takes no number; a higher quota, or none, admits more */
	op.quota.max_tasks = 4;
	must(store_apply(store, &op, &result, &err), &err);
	assert_int_equal(result.task.number, 4);
	store_result_free(&result);
	assert_code(create_error(store, 5, FROM, 4), ERR_QUOTA);
	assert_code(create_error(store, 5, FROM, 0), ERR_NONE);
}

static void other_times_tenants_and_dialects_do_not_count(void **state)
{
	struct store *store = *state;
	struct op op;

	assert_code(create_error(store, 1, FROM - 1, 1), ERR_NONE);
	assert_code(create_error(store, 2, UNTIL, 1), ERR_NONE);
	op = create(3, FROM, 1);
	op.tenant = STR("acme2");
	assert_code(fixture_error(store, &op), ERR_NONE);
	op = create(4, FROM, 1);
	op.tenant = STR("acm");
	assert_code(fixture_error(store, &op), ERR_NONE);
	op = create(5, FROM, 1);
	op.dialect = DIALECT_B;
	assert_code(fixture_error(store, &op), ERR_NONE);
	assert_code(create_error(store, 6, FROM, 1), ERR_NONE);
	assert_code(create_error(store, 7, FROM, 1), ERR_QUOTA);
}

static void archived_tasks_count_and_removed_ones_do_not(void **state)
{
	struct store *store = *state;

	assert_code(create_error(store, 1, FROM, 2), ERR_NONE);
	change(store, OP_ARCHIVE, 1);
	assert_code(create_error(store, 2, FROM, 2), ERR_NONE);
	assert_code(create_error(store, 3, FROM, 2), ERR_QUOTA);
	change(store, OP_UPDATE, 2);
	assert_code(create_error(store, 3, FROM, 2), ERR_QUOTA);
	change(store, OP_REMOVE, 1);
	assert_code(create_error(store, 3, FROM, 2), ERR_NONE);
	change(store, OP_REMOVE, 2);
	assert_code(create_error(store, 4, FROM, 2), ERR_NONE);
	assert_code(create_error(store, 5, FROM, 2), ERR_QUOTA);
}

static void repetition_with_a_key_does_not_count(void **state)
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
	assert_code(create_error(store, 5, FROM, 1), ERR_QUOTA);
	/* a refused operation does not use the key */
	for (uint64_t most = 1; most <= 2; most++) {
		struct op op = create(6, FROM, most);

		op.idempotency_key = STR("l");
		assert_code(fixture_error(store, &op), most == 1 ? ERR_QUOTA : ERR_NONE);
	}
	fixture_verify(store, 2);
}

/* ---- concurrent creators ---- */

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

static void concurrent_creators_do_not_exceed_the_quota(void **state)
{
	struct store *store;

	(void)state;
	store_close(crowd_recover("quota"));
	race_run(create_too_many);
	assert_int_equal(track->made, MOST);
	/* ERR_BUSY may happen, rarely */
	assert_int_equal(track->given + track->wrong, MOST);
	assert_true(track->wrong <= ROUNDS / 50);
	store = crowd_recover("quota");
	fixture_verify(store, MOST);
	/* the count survives a restart */
	assert_code(create_error(store, ROUNDS * RACERS + 1, FROM, MOST), ERR_QUOTA);
	assert_code(create_error(store, ROUNDS * RACERS + 1, FROM, MOST + 1), ERR_NONE);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(quota_is_used_up),
		ON_EVERY_ENGINE(other_times_tenants_and_dialects_do_not_count),
		ON_EVERY_ENGINE(archived_tasks_count_and_removed_ones_do_not),
		ON_EVERY_ENGINE(repetition_with_a_key_does_not_count),
		RACE(concurrent_creators_do_not_exceed_the_quota),
	};

	return CHECK_RUN(tests);
}
