/* Several processes that want the same at the same moment: it is done once, and in order. */
#include <stdio.h>

#include "race.h"

#define ROUNDS 250

static bool mark_number(const struct task *task, void *data)
{
	uint8_t *seen = data;

	if (task->number > (uint64_t)RACERS * ROUNDS)
		track->wrong++;
	else
		seen[task->number]++;
	return true;
}

/* The numbers 1 to count stand once each. */
static void expect_numbers(const char *name, unsigned count)
{
	struct store *store = crowd_recover(name);
	uint8_t seen[RACERS * ROUNDS + 1] = { 0 };
	struct err err = { 0 };

	fixture_verify(store, count);
	must(store_each_task(store, mark_number, seen, &err), &err);
	assert_int_equal(track->wrong, 0);
	for (unsigned i = 1; i <= count; i++)
		assert_int_equal(seen[i], 1);
	store_close(store);
}

/* ---- one key ---- */

static void create_with_one_key(struct store *store, unsigned racer)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct op op = fixture_op(OP_CREATE, 1 + round * RACERS + racer);
		struct result result = { 0 };
		char key[24];

		snprintf(key, sizeof(key), "key %u", round * 7919 % 1000);
		op.key = str_of(key);
		op.numbered = true;
		op.now = 1000;
		race_line_up(round);
		race_insist(store, &op, &result);
		if (id_compare(&result.task.id, &op.fresh) == 0)
			track->made++;
		else
			track->given++;
		store_result_free(&result);
	}
	race_leave(store);
}

static void test_one_key(void **state)
{
	(void)state;
	store_close(crowd_recover("key"));
	race_run(create_with_one_key);
	print_message("# %u busy, slowest %u us\n", crowd->busy, track->slowest);
	assert_int_equal(track->made, ROUNDS);
	assert_int_equal(track->given, ROUNDS * (RACERS - 1));
	assert_true(crowd->busy <= ROUNDS / 50);
	expect_numbers("key", ROUNDS);
}

/* ---- numbers ---- */

static void create_numbered(struct store *store, unsigned racer)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct op op = fixture_op(OP_CREATE, 1 + round * RACERS + racer);
		struct result result = { 0 };

		op.numbered = true;
		race_insist(store, &op, &result);
		store_result_free(&result);
	}
	race_leave(store);
}

static void test_numbers(void **state)
{
	(void)state;
	store_close(crowd_recover("numbers"));
	race_run(create_numbered);
	print_message("# %u busy, slowest %u us\n", crowd->busy, track->slowest);
	assert_true(crowd->busy <= ROUNDS / 50);
	expect_numbers("numbers", RACERS * ROUNDS);
}

/* ---- ensure ---- */

static void ensure_one_id(struct store *store, unsigned racer)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct op op = fixture_op(OP_ENSURE, 0);
		struct result result = { 0 };

		op.fresh = fixture_id(1 + round * 31 % 1000);
		op.change.state = TASK_PENDING;
		op.change.word = STR("new");
		if (racer % 2)
			change_set(&op.change, STR("type"), STR("\"odd\""));
		race_line_up(round);
		race_insist(store, &op, &result);
		track->made += result.made;
		track->wrong += id_compare(&result.task.id, &op.fresh) != 0;
		store_result_free(&result);
	}
	race_leave(store);
}

static void test_ensure(void **state)
{
	struct store *store;

	(void)state;
	store_close(crowd_recover("ensure"));
	race_run(ensure_one_id);
	print_message("# %u busy, slowest %u us\n", crowd->busy, track->slowest);
	assert_int_equal(track->made, ROUNDS);
	assert_int_equal(track->wrong, 0);
	assert_true(crowd->busy <= ROUNDS / 50);
	store = crowd_recover("ensure");
	fixture_verify(store, ROUNDS);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RACE(test_one_key),
		RACE(test_numbers),
		RACE(test_ensure),
	};

	return CHECK_RUN(tests);
}
