/* The counters that requests wait for: each commit that changes a task raises the task's by one. */
#include "claim_fixture.h"
#include "store/wake.h"

static uint64_t count(struct store *store, unsigned number)
{
	struct id id = fixture_id(number);

	return store_wake_count(store, store_task_source(STR("acme"), &id));
}

/* Every operation that writes, in this order. */
static void each_change_of_a_task_raises_its_counter(void **state)
{
	struct store *store = *state;
	uint64_t before = count(store, 1), token;
	struct op op;

	claim_create(store, 1, NULL, 0);
	assert_int_equal(count(store, 1), ++before);
	token = claim_one(store, 1);
	assert_int_equal(count(store, 1), ++before);
	op = claim_report(REPORT_HEARTBEAT, 1, token);
	claim_apply(store, &op);
	assert_int_equal(count(store, 1), ++before);
	assert_int_equal(claim_run_due(store, CLAIM_NOW + 3600000), 1);
	assert_int_equal(count(store, 1), ++before);
	claim_set_state(store, 1, TASK_CANCELLED);
	assert_int_equal(count(store, 1), ++before);
	op = fixture_op(OP_ARCHIVE, 1);
	claim_apply(store, &op);
	assert_int_equal(count(store, 1), ++before);
	op = fixture_op(OP_REMOVE, 1);
	claim_apply(store, &op);
	assert_int_equal(count(store, 1), ++before);
}

static void reads_and_refused_changes_do_not(void **state)
{
	struct store *store = *state;
	uint64_t before;
	struct op op;

	claim_create(store, 1, NULL, 0);
	before = count(store, 1);
	op = fixture_op(OP_READ, 1);
	claim_apply(store, &op);
	op = claim_report(REPORT_COMPLETE, 1, 5);
	assert_code(fixture_error(store, &op), ERR_LEASE_LOST);
	op = fixture_op(OP_CREATE, 1);
	assert_code(fixture_error(store, &op), ERR_CONFLICT);
	assert_int_equal(count(store, 1), before);
	claim_create(store, 2, NULL, 0);
	assert_int_equal(count(store, 1), before);
}

/* All in one transaction. */
static void each_task_of_a_claim_is_counted(void **state)
{
	const struct op_claim claim = claim_any(5);
	struct store *store = *state;
	uint64_t before[6];

	for (unsigned i = 1; i <= 5; i++) {
		claim_create(store, i, NULL, 0);
		before[i] = count(store, i);
	}
	claim_expect(store, &claim, "1 2 3 4 5");
	for (unsigned i = 1; i <= 5; i++)
		assert_int_equal(count(store, i), before[i] + 1);
}

static void tasks_and_tenants_have_counters_of_their_own(void **state)
{
	struct id one = fixture_id(1), two = fixture_id(2);

	(void)state;
	assert_int_not_equal(
		store_task_source(STR("acme"), &one), store_task_source(STR("acme"), &two));
	assert_int_not_equal(
		store_task_source(STR("acme"), &one), store_task_source(STR("other"), &one));
	for (unsigned i = 0; i < 10000; i++) {
		struct id id = fixture_id(i);
		unsigned source = store_task_source(STR("acme"), &id);

		assert_true(source >= STORE_COMMIT_STRIPES && source < STORE_WAKE_COUNTERS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(each_change_of_a_task_raises_its_counter),
		ON_EVERY_ENGINE(reads_and_refused_changes_do_not),
		ON_EVERY_ENGINE(each_task_of_a_claim_is_counted),
		CHECK(tasks_and_tenants_have_counters_of_their_own),
	};

	return CHECK_RUN(tests);
}
