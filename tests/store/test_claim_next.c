/* The next tasks that a worker gets with its report, in the same transaction. */
#include <string.h>

#include "claim_fixture.h"

static struct result report_and_claim(
	struct store *store, struct op op, const struct op_claim *claim, size_t count)
{
	struct result result = { 0 };
	struct err err = { 0 };

	op.claim = claim;
	must(store_apply(store, &op, &result, &err), &err);
	assert_int_equal(result.claimed_count, count);
	return result;
}

static void next_task_is_like_the_one_before(void **state)
{
	const struct op_claim before = {
		.worker = STR("w7"), .max = 1, .lease_ms = 7000, .confirm_ms = 100
	};
	const struct op_claim next = { .as_before = true, .max = 5, .confirm_ms = 800 };
	struct store *store = *state;
	struct result result;
	struct op op;

	claim_create(store, 1, "a", 9);
	claim_create(store, 2, "b", 8);
	claim_create(store, 3, "a", 0);
	claim_expect(store, &before, "1");
	op = claim_report(REPORT_COMPLETE, 1, claim_read(store, 1).lease.token);
	result = report_and_claim(store, op, &next, 1);
	assert_int_equal(result.claimed[0].task.id.bytes[15], 3);
	assert_str(result.claimed[0].task.lease.holder, "w7");
	assert_int_equal(result.claimed[0].task.lease.length_ms, 7000);
	op = claim_report(REPORT_COMPLETE, 3, result.claimed[0].task.lease.token);
	store_result_free(&result);
	result = report_and_claim(store, op, &next, 0);
	store_result_free(&result);
	fixture_verify(store, 3);
}

/* The response of the report was lost, and with it the task that was claimed. */
static void repeated_report_claims_again(void **state)
{
	const struct op_claim before = {
		.worker = STR("w7"), .max = 1, .lease_ms = 7000, .confirm_ms = 100
	};
	const struct op_claim next = { .as_before = true, .max = 1, .confirm_ms = 800 };
	struct store *store = *state;
	struct task completed;
	struct result result;
	struct op op;

	claim_create(store, 1, "a", 0);
	claim_create(store, 2, "a", 0);
	claim_create(store, 3, "a", 0);
	claim_expect(store, &before, "1");
	op = claim_report(REPORT_COMPLETE, 1, claim_read(store, 1).lease.token);
	result = report_and_claim(store, op, &next, 1);
	store_result_free(&result);
	completed = claim_read(store, 1);
	result = report_and_claim(store, op, &next, 1);
	assert_true(result.nothing);
	assert_int_equal(result.written, fixture_needs_flush(store));
	assert_int_equal(result.claimed[0].task.id.bytes[15], 3);
	assert_str(result.claimed[0].task.lease.holder, "w7");
	assert_int_equal(result.claimed[0].task.lease.length_ms, 7000);
	store_result_free(&result);
	result = report_and_claim(store, op, &next, 0);
	assert_false(result.written);
	store_result_free(&result);
	assert_int_equal(claim_read(store, 1).revision, completed.revision);
	fixture_verify(store, 3);
}

static void create_large(struct store *store, unsigned number, const char *kind, size_t len)
{
	struct op op = fixture_op(OP_CREATE, number);
	char text[4000];

	assert_true(len <= sizeof(text));
	memset(text, 'x', len);
	text[0] = text[len - 1] = '"';
	op.change.set = CHANGE_KIND;
	op.change.kind = str_cstr(kind);
	assert_true(change_set_field(&op.change, STR("text"), (struct str){ text, len }));
	claim_apply(store, &op);
}

/* The store reads each next task where it has read the one before, whose texts the claim uses. */
static void large_next_tasks_are_like_the_one_before(void **state)
{
	const struct op_claim before = {
		.worker = STR("the worker of before"), .max = 1, .lease_ms = 7000, .confirm_ms = 100
	};
	const struct op_claim next = { .as_before = true, .max = 5, .confirm_ms = 100 };
	struct store *store = *state;
	struct result result;
	struct op op;

	create_large(store, 1, "the kind", 2);
	claim_expect(store, &before, "1");
	for (unsigned i = 2; i <= 9; i++)
		create_large(store, i, i % 4 ? "the kind" : "another kind", 400 * i);
	op = claim_report(REPORT_COMPLETE, 1, claim_read(store, 1).lease.token);
	result = report_and_claim(store, op, &next, 5);
	for (size_t i = 0; i < 5; i++) {
		static const uint8_t numbers[] = { 2, 3, 5, 6, 7 };
		const struct task *task = &result.claimed[i].task;

		assert_int_equal(task->id.bytes[15], numbers[i]);
		assert_str(task->kind, "the kind");
		assert_str(task->lease.holder, "the worker of before");
		assert_int_equal(task->lease.length_ms, 7000);
	}
	assert_str(result.task.kind, "the kind");
	store_result_free(&result);
	fixture_verify(store, 9);
}

/* A lease that is shorter than the time to confirm would end before it. */
static void time_to_confirm_is_at_most_the_lease_before(void **state)
{
	static const uint32_t asked[] = { 100, 2999, 3000, 3001, 86400000 };
	const struct op_claim before = {
		.worker = STR("w7"), .max = 1, .lease_ms = 3000, .confirm_ms = 100
	};
	struct store *store = *state;
	struct op op;

	claim_create(store, 1, NULL, 0);
	claim_expect(store, &before, "1");
	op = claim_report(REPORT_COMPLETE, 1, claim_read(store, 1).lease.token);
	for (unsigned i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		const struct op_claim next = { .max = 1, .confirm_ms = asked[i] };
		const struct lease *lease;
		struct result result;

		claim_create(store, i + 2, NULL, 0);
		result = report_and_claim(store, op, &next, 1);
		lease = &result.claimed[0].task.lease;
		assert_int_equal(lease->length_ms, 3000);
		assert_int_equal(optional_time_ms(lease->expires),
			CLAIM_NOW + (asked[i] < 3000 ? asked[i] : 3000));
		op = claim_report(REPORT_COMPLETE, i + 2, lease->token);
		store_result_free(&result);
	}
}

/* A claim without a worker or a length gets those of the lease that ends. */
static void next_claim_may_ask_for_other_tasks(void **state)
{
	struct op_claim next = { .max = 1, .confirm_ms = 800 };
	struct store *store = *state;
	struct result result;
	struct op op;

	claim_create(store, 1, "a", 9);
	claim_create(store, 2, "b", 8);
	claim_create(store, 3, "a", 0);
	op = claim_report(REPORT_FAIL, 1, claim_one(store, 1));
	result = report_and_claim(store, op, &next, 1);
	assert_int_equal(result.claimed[0].task.id.bytes[15], 2);
	assert_str(result.claimed[0].task.lease.holder, "w1");
	assert_int_equal(result.claimed[0].task.lease.length_ms, 60000);
	op = claim_report(REPORT_RELEASE, 2, result.claimed[0].task.lease.token);
	store_result_free(&result);
	next.worker = STR("w2");
	next.lease_ms = 2000;
	/* The released task itself is ready again. */
	result = report_and_claim(store, op, &next, 1);
	assert_int_equal(result.claimed[0].task.id.bytes[15], 2);
	assert_str(result.claimed[0].task.lease.holder, "w2");
	assert_int_equal(result.claimed[0].task.lease.length_ms, 2000);
	store_result_free(&result);
}

static void refused_report_claims_nothing(void **state)
{
	const struct op_claim next = claim_any(1);
	struct store *store = *state;
	struct op op;

	claim_create(store, 1, NULL, 9);
	claim_create(store, 2, NULL, 0);
	op = claim_report(REPORT_COMPLETE, 1, claim_one(store, 1) ^ 1);
	op.claim = &next;
	assert_code(fixture_error(store, &op), ERR_LEASE_LOST);
	assert_int_equal(claim_read(store, 2).state, TASK_PENDING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(next_task_is_like_the_one_before),
		ON_EVERY_ENGINE(repeated_report_claims_again),
		ON_EVERY_ENGINE(large_next_tasks_are_like_the_one_before),
		ON_EVERY_ENGINE(time_to_confirm_is_at_most_the_lease_before),
		ON_EVERY_ENGINE(next_claim_may_ask_for_other_tasks),
		ON_EVERY_ENGINE(refused_report_claims_nothing),
	};

	return CHECK_RUN(tests);
}
