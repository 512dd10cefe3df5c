/* Timeouts: their periods and what happens at their end (task/timeout.h). */
#include "work_fixture.h"

static struct task new_task(const struct policy *policy, struct optional_time ready_after)
{
	struct task task = { .created = NOW, .updated = NOW, .ready_after = ready_after };

	task_set_state(&task, TASK_PENDING, NOW);
	finish(NULL, &task, policy, NOW);
	return task;
}

static struct task due_at(
	struct task task, const struct policy *policy, int64_t now, struct arena *arena)
{
	assert_true(optional_time_is_set(task_due(&task)));
	assert_int_equal(optional_time_ms(task_due(&task)), now);
	return after_report(task, (struct op_report){ .kind = REPORT_DUE }, policy, now, arena);
}

static void assert_failed(const struct task *task, enum task_failure failure, const char *error)
{
	assert_int_equal(task->state, TASK_FAILED);
	assert_int_equal(task->failure, failure);
	assert_str(task->error, error);
	assert_false(optional_time_is_set(task_due(task)));
	assert_int_equal(task->lease.token, 0);
	assert_true(optional_time_is_set(task->finished));
}

/* ---- without timeouts ---- */

static void no_timeout_leaves_no_time(void **state)
{
	struct task task = new_task(&policy_default, OPTIONAL_TIME_NONE);

	(void)state;
	assert_false(optional_time_is_set(task_due(&task)));
	task = claimed(task, &policy_default, NOW);
	assert_int_equal(optional_time_ms(task_due(&task)), NOW + 800);
	assert_false(optional_time_is_set(task.start_by) || optional_time_is_set(task.attempt_by) ||
		     optional_time_is_set(task.end_by) || optional_time_is_set(task.retried));
}

/* ---- start ---- */

static void task_that_nobody_claims_fails(void **state)
{
	const struct policy policy = with_timeouts(MINUTE, 0, 0, 0);
	struct task task = new_task(&policy, OPTIONAL_TIME_NONE);
	struct arena arena = { 0 };

	(void)state;
	assert_false(task_lease_is_due(&task));
	task = due_at(task, &policy, NOW + MINUTE, &arena);
	assert_failed(
		&task, FAILURE_START_TIMEOUT, "\"No worker claimed the task within 1 minute.\"");
	arena_free(&arena);
}

static void start_begins_when_the_task_gets_ready(void **state)
{
	const struct policy policy = with_timeouts(1500, 0, 0, 0);
	struct task task = new_task(&policy, optional_time(NOW + 5000)), old;
	struct arena arena = { 0 };

	(void)state;
	assert_false(optional_time_is_set(task.start_by));
	task = due_at(task, &policy, NOW + 5000, &arena);
	assert_true(task_is_ready(&task));
	assert_int_equal(optional_time_ms(task.start_by), NOW + 6500);
	/* Another change of the ready task does not extend it. */
	old = task;
	finish(&old, &task, &policy, NOW + 6000);
	assert_int_equal(optional_time_ms(task.start_by), NOW + 6500);
	/* It ends with the claim, and begins again with the next delay's end. */
	task = claimed(task, &policy, NOW + 6000);
	assert_false(optional_time_is_set(task.start_by));
	task = after_report(
		task, (struct op_report){ .kind = REPORT_RELEASE }, &policy, NOW + 7000, &arena);
	assert_int_equal(optional_time_ms(task.start_by), NOW + 8500);
	task = due_at(task, &policy, NOW + 8500, &arena);
	assert_failed(&task, FAILURE_START_TIMEOUT,
		"\"No worker claimed the task within 1.500 seconds.\"");
	arena_free(&arena);
}

static void archived_task_has_no_timeout(void **state)
{
	const struct policy policy = with_timeouts(MINUTE, 0, 0, 2 * MINUTE);
	struct task task = new_task(&policy, OPTIONAL_TIME_NONE), old = task;

	(void)state;
	task.archived = true;
	finish(&old, &task, &policy, NOW);
	assert_false(optional_time_is_set(task_due(&task)));
	old = task;
	task.archived = false;
	finish(&old, &task, &policy, NOW + MINUTE);
	assert_int_equal(optional_time_ms(task_due(&task)), NOW + 2 * MINUTE);
}

/* ---- heartbeat ---- */

static void leases_are_cut_to_the_heartbeat_timeout(void **state)
{
	const struct policy policy = with_timeouts(0, 500, 0, 0);
	struct task task = claimed(new_task(&policy, OPTIONAL_TIME_NONE), &policy, NOW);
	struct arena arena = { 0 };

	(void)state;
	assert_int_equal(optional_time_ms(task.lease.expires), NOW + 500);
	assert_int_equal(task.lease.length_ms, 500);
	task = after_report(task, (struct op_report){ .kind = REPORT_HEARTBEAT, .lease_ms = 90000 },
		&policy, NOW + 400, &arena);
	assert_int_equal(optional_time_ms(task.lease.expires), NOW + 900);
	/* An unrelated change under a shorter policy leaves the present lease alone. */
	{
		const struct policy shorter = with_timeouts(0, 100, 0, 0);
		struct task old = task;

		finish(&old, &task, &shorter, NOW + 500);
		assert_int_equal(optional_time_ms(task.lease.expires), NOW + 900);
	}
	task = due_at(task, &policy, NOW + 900, &arena);
	assert_int_equal(task.state, TASK_PENDING);
	assert_str(task.error, "\"The worker w1 stopped reporting.\"");
	arena_free(&arena);
}

/* ---- attempt ---- */

static void attempt_fails_whatever_the_worker_reports(void **state)
{
	const struct policy policy = with_timeouts(0, 0, 2 * MINUTE, 0);
	struct task task = claimed(new_task(&policy, OPTIONAL_TIME_NONE), &policy, NOW);
	struct arena arena = { 0 };

	(void)state;
	for (int64_t now = NOW + 500; now < NOW + 2 * MINUTE; now += LEASE / 2) {
		task = after_report(
			task, (struct op_report){ .kind = REPORT_HEARTBEAT }, &policy, now, &arena);
		assert_true(optional_time_ms(task.lease.expires) <= NOW + 2 * MINUTE);
	}
	assert_true(task_lease_is_due(&task));
	task = due_at(task, &policy, NOW + 2 * MINUTE, &arena);
	assert_int_equal(task.state, TASK_PENDING);
	assert_int_equal(task.attempt, 1);
	assert_int_equal(task.failure, FAILURE_NONE);
	assert_true(optional_time_is_set(task.ready_after));
	assert_str(task.error, "\"The attempt took longer than 2 minutes.\"");
	assert_false(optional_time_is_set(task.attempt_by));
	task.max_attempts = 2;
	task.ready_after = OPTIONAL_TIME_NONE;
	task = claimed(task, &policy, NOW + 10 * MINUTE);
	task = after_report(task,
		(struct op_report){ .kind = REPORT_HEARTBEAT, .lease_ms = 3600000 }, &policy,
		NOW + 10 * MINUTE, &arena);
	task = due_at(task, &policy, NOW + 12 * MINUTE, &arena);
	assert_failed(
		&task, FAILURE_ATTEMPTS_EXHAUSTED, "\"The attempt took longer than 2 minutes.\"");
	arena_free(&arena);
}

static void claim_that_is_not_confirmed_is_undone_as_before(void **state)
{
	const struct policy policy = with_timeouts(0, 0, 800, 0);
	struct task task = claimed(new_task(&policy, OPTIONAL_TIME_NONE), &policy, NOW);
	struct arena arena = { 0 };

	(void)state;
	task = due_at(task, &policy, NOW + 800, &arena);
	assert_int_equal(task.state, TASK_PENDING);
	assert_int_equal(task.attempt, 0);
	assert_null(task.error.ptr);
	/* A late report takes the task up again: another period. */
	task = after_report(
		task, (struct op_report){ .kind = REPORT_HEARTBEAT }, &policy, NOW + 5000, &arena);
	assert_int_equal(optional_time_ms(task.lease.expires), NOW + 5800);
	arena_free(&arena);
}

/* ---- total ---- */

static void task_fails_in_any_state_after_its_total_timeout(void **state)
{
	const struct policy policy = with_timeouts(0, 0, 0, MINUTE);
	struct arena arena = { 0 };
	struct task task = new_task(&policy, OPTIONAL_TIME_NONE), other, old;

	(void)state;
	other = due_at(task, &policy, NOW + MINUTE, &arena);
	assert_failed(&other, FAILURE_TOTAL_TIMEOUT, "\"The task did not end within 1 minute.\"");
	other = new_task(&policy, optional_time(NOW + 5 * MINUTE));
	other = due_at(other, &policy, NOW + MINUTE, &arena);
	assert_failed(&other, FAILURE_TOTAL_TIMEOUT, "\"The task did not end within 1 minute.\"");
	assert_false(optional_time_is_set(other.ready_after));
	/* Running without a worker: by a client. */
	old = other = task;
	task_set_state(&other, TASK_RUNNING, NOW + 5);
	work_settle(&old, &other, false, NOW + 5);
	finish(&old, &other, &policy, NOW + 5);
	assert_false(task_lease_is_due(&other));
	other = due_at(other, &policy, NOW + MINUTE, &arena);
	assert_failed(&other, FAILURE_TOTAL_TIMEOUT, "\"The task did not end within 1 minute.\"");
	/* A lease ends with it. */
	other = claimed(task, &policy, NOW + 30000);
	other = after_report(other, (struct op_report){ .kind = REPORT_HEARTBEAT }, &policy,
		NOW + 30500, &arena);
	assert_int_equal(optional_time_ms(other.lease.expires), NOW + MINUTE);
	other = due_at(other, &policy, NOW + MINUTE, &arena);
	assert_failed(&other, FAILURE_TOTAL_TIMEOUT, "\"The task did not end within 1 minute.\"");
	arena_free(&arena);
}

static void policy_of_the_task_counts_for_its_present_periods(void **state)
{
	const struct policy before = with_timeouts(MINUTE, 0, 0, 0),
			    after = with_timeouts(3 * MINUTE, 0, 2 * MINUTE, 10 * MINUTE);
	struct task task = new_task(&before, OPTIONAL_TIME_NONE), old = task;

	(void)state;
	work_finish(&old, &task, &after, true, NOW + 5000);
	assert_int_equal(optional_time_ms(task.start_by), NOW + 3 * MINUTE);
	assert_int_equal(optional_time_ms(task.end_by), NOW + 10 * MINUTE);
	task = claimed(task, &before, NOW + 6000);
	assert_false(optional_time_is_set(task.attempt_by));
	old = task;
	work_finish(&old, &task, &after, true, NOW + 7000);
	assert_int_equal(optional_time_ms(task.attempt_by), NOW + 6000 + 2 * MINUTE);
	old = task;
	work_finish(&old, &task, &policy_default, true, NOW + 7000);
	assert_false(optional_time_is_set(task.attempt_by) || optional_time_is_set(task.end_by));
}

/* ---- the clock ---- */

/* New periods are by the clock, also if it was set back since the task was changed. */
static void clock_that_was_set_back_does_not_delay_a_timeout(void **state)
{
	const struct policy policy = with_timeouts(MINUTE, 0, 2 * MINUTE, 0);
	const int64_t back = NOW - INT64_C(86400000);
	struct task task = new_task(&policy_default, OPTIONAL_TIME_NONE);
	struct arena arena = { 0 };

	(void)state;
	task = claimed(task, &policy, back);
	assert_true(optional_time_ms(task.started) >= NOW);
	assert_int_equal(optional_time_ms(task.attempt_by), back + 2 * MINUTE);
	task = after_report(
		task, (struct op_report){ .kind = REPORT_RELEASE }, &policy, back + 1000, &arena);
	assert_int_equal(optional_time_ms(task.start_by), back + 1000 + MINUTE);
	task = due_at(task, &policy, back + 1000 + MINUTE, &arena);
	assert_failed(
		&task, FAILURE_START_TIMEOUT, "\"No worker claimed the task within 1 minute.\"");
	assert_true(optional_time_ms(task.finished) >= NOW);
	arena_free(&arena);
}

/* It has no length then that a sentence could state. */
static void error_of_an_attempt_that_began_with_a_clock_set_back(void **state)
{
	static const int64_t steps[] = { 2 * MINUTE, INT64_C(86400000) };
	const struct policy policy = with_timeouts(0, 0, 2 * MINUTE, 0);
	const struct op_report heartbeat = { .kind = REPORT_HEARTBEAT, .lease_ms = 3600000 };
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct task task = new_task(&policy, OPTIONAL_TIME_NONE);
		int64_t back = NOW - steps[i];

		task = claimed(task, &policy, back);
		task = after_report(task, heartbeat, &policy, back + 500, &arena);
		assert_true(optional_time_ms(task.started) >= optional_time_ms(task.attempt_by));
		task = due_at(task, &policy, back + 2 * MINUTE, &arena);
		assert_str(task.error, "\"The attempt took too long.\"");
	}
	arena_free(&arena);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CHECK(no_timeout_leaves_no_time),
		CHECK(task_that_nobody_claims_fails),
		CHECK(start_begins_when_the_task_gets_ready),
		CHECK(archived_task_has_no_timeout),
		CHECK(leases_are_cut_to_the_heartbeat_timeout),
		CHECK(attempt_fails_whatever_the_worker_reports),
		CHECK(claim_that_is_not_confirmed_is_undone_as_before),
		CHECK(task_fails_in_any_state_after_its_total_timeout),
		CHECK(policy_of_the_task_counts_for_its_present_periods),
		CHECK(clock_that_was_set_back_does_not_delay_a_timeout),
		CHECK(error_of_an_attempt_that_began_with_a_clock_set_back),
	};

	return CHECK_RUN(tests);
}
