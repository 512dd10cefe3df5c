/* Leases of workers that send no heartbeats: their ends, and unlocks after these. */
#include "work_fixture.h"

#define COUNTED 1000 /* ms: shorter leases do not count */

/* A claim whose lease is over at NOW. */
static struct task claim_over(struct task task, uint32_t lease_ms)
{
	const struct op_claim claim = { .worker = STR("w1"), .lease_ms = lease_ms };

	work_claim(&claim, &task, NOW - lease_ms, 1);
	return task;
}

/* As the keeper does it. */
static struct task ended(struct task task, struct arena *arena)
{
	const struct op_report due = { .kind = REPORT_DUE };

	task.lease.expires = optional_time(NOW);
	return after_report(task, due, &policy_default, NOW, arena);
}

/* The task before its first attempt, with so many retries. */
static struct task new_task(uint32_t retries)
{
	struct task task = task_in(WAITING);

	task.attempt = 0;
	task.attempts_end = retries + 1;
	return task;
}

static struct task unlocked(struct task task, bool want_nothing)
{
	struct op_report what = { .kind = REPORT_RELEASE, .any_holder = true };
	struct err err = { 0 };
	bool nothing;

	must(report(&task, what, &nothing, &err), &err);
	assert_int_equal(nothing, want_nothing);
	assert_int_equal(task.state, TASK_PENDING);
	assert_int_equal(task.lease.holder.len, 0);
	assert_int_equal(task.lease.unconfirmed, 0);
	assert_false(optional_time_is_set(task.ready_after));
	return task;
}

static void expect_retries(const struct task *task, uint32_t want)
{
	uint32_t retries = 99;

	assert_true(task_retries(task, &retries));
	assert_int_equal(retries, want);
}

static void end_of_a_short_lease_is_no_attempt(void **state)
{
	static const uint32_t lengths[] = { 1, COUNTED - 1, COUNTED };
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		bool counts = lengths[i] >= COUNTED;
		struct task task = ended(claim_over(new_task(2), lengths[i]), &arena);

		assert_int_equal(task.state, TASK_PENDING);
		assert_int_equal(task.attempt, counts);
		expect_retries(&task, 2);
		assert_int_equal(task.error.len > 0, counts);
		/* Its worker may still complete it. */
		assert_str(task.lease.holder, "w1");
		assert_int_equal(task.lease.token != 0, !counts);
	}
	arena_free(&arena);
}

/* An extension is no reason to take retries away. */
static void end_of_an_extended_lease_costs_no_retries(void **state)
{
	static const enum report_kind kinds[] = { REPORT_HEARTBEAT, REPORT_LOCK };
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct op_report extend = {
			.kind = kinds[i / 2], .holder = STR("w1"), .lease_ms = 500
		};
		struct task task = claim_over(new_task(1), i % 2 ? 1 : LEASE);

		task.lease.expires = optional_time(NOW + 1);
		task = ended(after_report(task, extend, &policy_default, NOW, &arena), &arena);
		assert_int_equal(task.state, TASK_PENDING);
		assert_int_equal(task.attempt, 1);
		assert_false(optional_time_is_set(task.ready_after));
		expect_retries(&task, 1);
		assert_str(task.error, "\"The worker w1 stopped reporting.\"");
		/* The worker had it, so an unlock does not take the attempt back. */
		assert_int_equal(unlocked(task, false).attempt, 1);
	}
	arena_free(&arena);
}

static void unlock_takes_a_silent_attempt_back_once(void **state)
{
	struct arena arena = { 0 };

	(void)state;
	for (uint32_t limited = 0; limited <= 1; limited++) {
		struct task task = new_task(1);

		task.attempts_end *= limited;
		for (int i = 0; i < 6; i++) {
			task = ended(claim_over(task, COUNTED), &arena);
			assert_int_equal(task.attempt, 1);
			task = unlocked(task, false);
			assert_int_equal(task.attempt, 0);
			assert_int_equal(task.attempts_end, 2 * limited);
			assert_memory_equal(
				&(struct task){ 0 }.lease, &task.lease, sizeof(task.lease));
			task = unlocked(task, true);
			assert_int_equal(task.attempt, 0);
		}
	}
	arena_free(&arena);
}

/* Earlier attempts remain, and retries that a client has set meanwhile. */
static void unlock_takes_the_last_attempt_back_only(void **state)
{
	const struct op_report set = { .kind = REPORT_RETRIES, .retries = 4 };
	struct arena arena = { 0 };
	struct task task;

	(void)state;
	task = ended(claim_over(new_task(1), COUNTED), &arena);
	task = ended(claim_over(task, COUNTED), &arena);
	assert_int_equal(task.attempt, 2);
	task = after_report(task, set, &policy_default, NOW, &arena);
	expect_retries(&task, 4);
	task = unlocked(task, false);
	assert_int_equal(task.attempt, 1);
	expect_retries(&task, 4);
	arena_free(&arena);
}

/* A late failure is a report. */
static void unlock_keeps_an_attempt_with_a_report(void **state)
{
	const struct op_report fail = { .kind = REPORT_FAIL,
		.holder = STR("w1"),
		.sets_retries = true,
		.retries = 3,
		.delay = optional_time(9000) };
	struct arena arena = { 0 };
	struct task task;

	(void)state;
	task = ended(claim_over(new_task(1), COUNTED), &arena);
	task = after_report(task, fail, &policy_default, NOW, &arena);
	assert_true(optional_time_is_set(task.ready_after));
	task = unlocked(task, false);
	assert_int_equal(task.attempt, 1);
	expect_retries(&task, 3);
	arena_free(&arena);
}

/* The delay of a failure ends, but not the time that a client has set. */
static void unlock_respects_not_before(void **state)
{
	const struct op_report unlock = { .kind = REPORT_RELEASE, .any_holder = true };
	const struct op_report fail = {
		.kind = REPORT_FAIL, .holder = STR("w1"), .delay = optional_time(9000)
	};
	struct task task = task_in(CONFIRMED);
	struct arena arena = { 0 };

	(void)state;
	task.not_before = optional_time(NOW + 5000);
	task = after_report(task, fail, &policy_default, NOW, &arena);
	assert_int_equal(optional_time_ms(task.ready_after), NOW + 9000);
	task = after_report(task, unlock, &policy_default, NOW, &arena);
	assert_int_equal(optional_time_ms(task.ready_after), NOW + 5000);
	arena_free(&arena);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CHECK(end_of_a_short_lease_is_no_attempt),
		CHECK(end_of_an_extended_lease_costs_no_retries),
		CHECK(unlock_takes_a_silent_attempt_back_once),
		CHECK(unlock_takes_the_last_attempt_back_only),
		CHECK(unlock_keeps_an_attempt_with_a_report),
		CHECK(unlock_respects_not_before),
	};

	return CHECK_RUN(tests);
}
