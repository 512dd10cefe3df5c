/* The keeper's job that ends leases and delays. */
#include "base/clock.h"
#include "dialect/service_report.h"
#include "process/due_tasks.h"
#include "store/claim_fixture.h"
#include "store/internal.h"
#include "store/libdb_leak.h"

#define DELAYS 1500 /* more than a slice of Berkeley DB ends */

static void create_delayed(struct store *store, unsigned number)
{
	struct op op = fixture_op(OP_CREATE, number);

	op.change.set = CHANGE_NOT_BEFORE;
	op.change.not_before = optional_time(CLAIM_NOW + 10);
	claim_apply(store, &op);
}

static bool run_slice(struct due_tasks *due, struct store *store)
{
	struct err err = { 0 };
	bool more;

	must(due_tasks_run(due, store, &more, &err), &err);
	return more;
}

static unsigned count_ready(struct store *store)
{
	unsigned count = 0;

	for (unsigned i = 1; i <= DELAYS; i++)
		count += !optional_time_is_set(claim_read(store, i).ready_after);
	return count;
}

/* Also one that ends during the pass over the delays, and with a later time than all of them. */
static void many_delays_keep_no_lease_from_its_end(void **state)
{
	struct store *store = *state;
	struct due_tasks due = { 0 };

	for (unsigned i = 1; i <= DELAYS; i++)
		create_delayed(store, i);
	for (unsigned i = DELAYS + 1; i <= DELAYS + 2; i++) {
		claim_create(store, i, NULL, 5);
		claim_one(store, i);
		clock_set_fake(CLAIM_NOW + 1000);
		run_slice(&due, store);
		assert_int_equal(claim_read(store, i).state, TASK_PENDING);
		claim_set_state(store, i, TASK_CANCELLED);
	}
	while (run_slice(&due, store)) {
	}
	assert_int_equal(count_ready(store), DELAYS);
	clock_set_fake(0);
	due_tasks_free(&due);
	fixture_verify(store, DELAYS + 2);
}

static int step_spoil(struct store *store, void *data, struct err *err)
{
	struct id id = fixture_id(2);
	struct index_key key;

	(void)data, (void)err;
	index_primary_key(&key, STR("acme"), &id);
	return store_put(store, row_table(store, &id), key_str(&key), STR("?"), ENGINE_REPLACE);
}

static void task_that_cannot_be_changed_stops_no_other(void **state)
{
	struct store *store = *state;
	struct due_tasks due = { 0 };
	struct err err = { 0 };

	for (unsigned i = 1; i <= 3; i++)
		create_delayed(store, i);
	must(step_call(store, ENGINE_WRITE, step_spoil, NULL, &err), &err);
	clock_set_fake(CLAIM_NOW + 1000);
	expect_log("record-unreadable"); /* in the transaction of all three, and in its own */
	expect_log("record-unreadable");
	expect_log("due");
	assert_false(run_slice(&due, store));
	assert_false(optional_time_is_set(claim_read(store, 1).ready_after));
	assert_false(optional_time_is_set(claim_read(store, 3).ready_after));
	clock_set_fake(0);
	due_tasks_free(&due);
}

/* All three are due; the clock that ends the transaction is not the one of the tasks. */
static void transaction_ends_after_its_time(void **state)
{
	struct arena arena = { 0 };
	struct op op = { .arena = &arena, .now = CLAIM_NOW + 1000 };
	struct store *store = *state;
	struct store_due tasks[3];
	struct err err = { 0 };
	size_t done = 0;

	for (unsigned i = 1; i <= 3; i++) {
		create_delayed(store, i);
		tasks[i - 1] = (struct store_due){ STR("acme"), fixture_id(i) };
	}
	service_report(&op, REPORT_DUE, 0);
	must(store_change_due(store, &op, tasks, 3, 1, &done, &err), &err);
	assert_int_equal(done, 1);
	assert_true(optional_time_is_set(claim_read(store, 2).ready_after));
	tasks[0].id = fixture_id(4); /* which does not exist */
	must(store_change_due(store, &op, tasks, 3, INT64_MAX, &done, &err), &err);
	assert_int_equal(done, 3);
	assert_false(optional_time_is_set(claim_read(store, 3).ready_after));
	arena_free(&arena);
}

/* A place that stays at the end of a pass would hide tasks with earlier times. */
static void next_pass_begins_at_the_earliest_time(void **state)
{
	struct store *store = *state;
	struct due_tasks due = { 0 };

	clock_set_fake(CLAIM_NOW + 1000);
	for (unsigned i = 2; i >= 1; i--) {
		struct op op = fixture_op(OP_CREATE, i);

		op.change.set = CHANGE_NOT_BEFORE;
		op.change.not_before = optional_time(CLAIM_NOW + 10 * i);
		claim_apply(store, &op);
		claim_create(store, 2 + i, NULL, 5);
		claim_one(store, 2 + i);
		clock_stop_mono(true); /* a slow machine would need several slices */
		assert_false(run_slice(&due, store));
		clock_stop_mono(false);
		assert_false(optional_time_is_set(claim_read(store, i).ready_after));
		assert_int_equal(claim_read(store, 2 + i).state, TASK_PENDING);
		claim_set_state(store, 2 + i, TASK_CANCELLED);
	}
	clock_set_fake(0);
	due_tasks_free(&due);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(many_delays_keep_no_lease_from_its_end),
		ON_EVERY_ENGINE(task_that_cannot_be_changed_stops_no_other),
		ON_EVERY_ENGINE(transaction_ends_after_its_time),
		ON_EVERY_ENGINE(next_pass_begins_at_the_earliest_time),
	};

	return CHECK_RUN(tests);
}
