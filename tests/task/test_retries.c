/* Retries that a worker or a client sets (task.attempts_end). */
#include "task/retries.h"
#include "work_fixture.h"

#define MOST INT32_MAX

static struct op_report fails_with(uint32_t retries)
{
	return (struct op_report){
		.kind = REPORT_FAIL, .token = TOKEN, .sets_retries = true, .retries = retries
	};
}

/* As the store does it: with all that follows the report. */
static struct task applied(struct task task, struct op_report what)
{
	struct task old = task;
	struct err err = { 0 };
	bool nothing;

	must(report(&task, what, &nothing, &err), &err);
	assert_false(nothing);
	finish(&old, &task, &policy_default, NOW);
	return task;
}

static struct task with_retries(struct task task, uint32_t retries)
{
	return applied(task, (struct op_report){ .kind = REPORT_RETRIES, .retries = retries });
}

static void expect_retries(const struct task *task, uint32_t want)
{
	uint32_t retries = 99;

	assert_true(task_retries(task, &retries));
	assert_int_equal(retries, want);
}

static struct task claim_again(struct task task)
{
	return claimed(task, &policy_default, NOW);
}

/* ---- the number that clients see ---- */

static void retries_are_the_attempts_that_are_left(void **state)
{
	static const struct {
		enum task_state state;
		uint32_t attempt, end, most, before;
		int64_t want; /* -1: not limited */
	} rows[] = {
		{ TASK_PENDING, 3, 0, 0, 0, -1 },
		{ TASK_RUNNING, 3, 0, 0, 2, -1 },
		{ TASK_PENDING, 3, 6, 0, 0, 2 },
		{ TASK_RUNNING, 3, 6, 0, 0, 3 },
		{ TASK_RUNNING, 3, 4, 0, 0, 1 },
		{ TASK_RUNNING, 3, 3, 0, 0, 0 },
		{ TASK_RUNNING, 3, 2, 0, 0, 0 },
		{ TASK_PENDING, 3, 3, 0, 0, 0 },
		{ TASK_PENDING, 3, 0, 5, 0, 2 },
		{ TASK_PENDING, 3, 0, 5, 2, 4 },
		{ TASK_RUNNING, 3, 0, 5, 2, 5 },
		{ TASK_PENDING, 3, 0, 2, 0, 0 },
		{ TASK_PENDING, 3, 11, 5, 2, 4 },
		{ TASK_PENDING, 3, 5, 5, 2, 1 },
		{ TASK_FAILED, 3, 6, 0, 0, 0 },
		{ TASK_FAILED, 0, 0, 0, 0, 0 },
		{ TASK_RUNNING, 0, UINT32_MAX, 0, 0, UINT32_MAX },
		{ TASK_RUNNING, 1, 0, UINT32_MAX, UINT32_MAX, UINT32_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct task task = { .state = rows[i].state,
			.attempt = rows[i].attempt,
			.attempts_end = rows[i].end,
			.max_attempts = rows[i].most,
			.attempts_before = rows[i].before };
		uint32_t retries = 99;

		if (task_retries(&task, &retries) != (rows[i].want >= 0) ||
			retries != (rows[i].want >= 0 ? rows[i].want : 99))
			fail_msg("row %zu: %u", i, retries);
	}
}

/* ---- by a worker ---- */

static void worker_sets_how_many_attempts_follow(void **state)
{
	struct task task = applied(task_in(CONFIRMED), fails_with(2));

	(void)state;
	assert_int_equal(task.state, TASK_PENDING);
	expect_retries(&task, 2);
	task.ready_after = OPTIONAL_TIME_NONE;
	task = claim_again(task);
	expect_retries(&task, 2);
	/* A worker that sets none uses one up. */
	task = after_report(
		task, (struct op_report){ .kind = REPORT_FAIL }, &policy_default, NOW, NULL);
	assert_int_equal(task.state, TASK_PENDING);
	expect_retries(&task, 1);
	task = after_report(claim_again(task), (struct op_report){ .kind = REPORT_FAIL },
		&policy_default, NOW, NULL);
	assert_int_equal(task.state, TASK_FAILED);
	assert_int_equal(task.failure, FAILURE_ATTEMPTS_EXHAUSTED);
	expect_retries(&task, 0);
}

static void no_retries_are_the_end(void **state)
{
	struct task task = applied(task_in(CONFIRMED), fails_with(0));

	(void)state;
	assert_int_equal(task.state, TASK_FAILED);
	assert_int_equal(task.failure, FAILURE_NOT_RETRYABLE);
	expect_retries(&task, 0);
}

/* The task's own number of attempts, or that of its policy, is a bound. */
static void retries_beyond_the_other_bounds_are_not_made(void **state)
{
	struct policy policy = policy_default;
	struct task task = task_in(CONFIRMED);

	(void)state;
	task.max_attempts = ATTEMPT;
	task = applied(task, fails_with(5));
	assert_int_equal(task.state, TASK_FAILED);
	assert_int_equal(task.failure, FAILURE_ATTEMPTS_EXHAUSTED);
	policy_set(&policy, POLICY_ATTEMPTS, ATTEMPT);
	task = after_report(task_in(CONFIRMED), fails_with(5), &policy, NOW, NULL);
	assert_int_equal(task.state, TASK_FAILED);
	task = task_in(CONFIRMED);
	task.max_attempts = ATTEMPT + 1;
	task = applied(task, fails_with(MOST));
	assert_int_equal(task.state, TASK_PENDING);
	expect_retries(&task, 1);
}

/* A worker whose lease has ended fails the same attempt again, with another number. */
static void later_number_of_the_same_attempt_counts(void **state)
{
	struct op_report what = fails_with(1);
	struct task task = task_in(EXPIRED);

	(void)state;
	what.token = 0;
	what.holder = STR("w1");
	for (uint32_t i = 1; i < 5; i++) {
		what.retries = i;
		task = applied(task, what);
		assert_int_equal(task.attempt, ATTEMPT);
		expect_retries(&task, i);
	}
}

/* An end of the lease counts as an attempt, unless nobody has confirmed it. */
static void end_of_a_lease_uses_an_attempt_up(void **state)
{
	const struct work_context context = {
		.policy = &policy_default, .now = NOW + 300, .arena = &(struct arena){ 0 }
	};
	const struct op_report due = { .kind = REPORT_DUE };

	(void)state;
	for (int confirmed = 0; confirmed <= 1; confirmed++) {
		struct task task = task_in(confirmed ? CONFIRMED : UNCONFIRMED);
		struct err err = { 0 };
		bool nothing;

		task.attempts_end = ATTEMPT + 1;
		expect_retries(&task, 1);
		must(work_report(&due, &context, &task, &nothing, &err), &err);
		assert_int_equal(task.state, confirmed ? TASK_FAILED : TASK_PENDING);
		expect_retries(&task, confirmed ? 0 : 1);
		assert_str(task.lease.holder, confirmed ? "" : "w1");
	}
	arena_free(context.arena);
}

static void numbers_saturate(void **state)
{
	struct task task = task_in(CONFIRMED);

	(void)state;
	task.attempt = task.attempts_before = UINT32_MAX - 10;
	task = applied(task, fails_with(MOST));
	assert_true(task.attempts_end == UINT32_MAX);
	expect_retries(&task, 9);
}

/* ---- by a client ---- */

static void client_sets_the_retries_of_a_pending_task(void **state)
{
	struct task task = with_retries(task_in(EXPIRED), 4);

	(void)state;
	assert_int_equal(task.state, TASK_PENDING);
	assert_str(task.lease.holder, "w1");
	expect_retries(&task, 4);
	task.ready_after = optional_time(NOW + 5000);
	task = with_retries(task, 0);
	assert_int_equal(task.state, TASK_FAILED);
	assert_int_equal(task.failure, FAILURE_NOT_RETRYABLE);
	assert_int_equal(task.lease.holder.len, 0);
	assert_false(optional_time_is_set(task.ready_after));
	expect_retries(&task, 0);
}

/* Before the first attempt, too. */
static void no_retries_of_a_new_task(void **state)
{
	struct task task = task_in(WAITING);

	(void)state;
	task.attempt = 0;
	task = with_retries(task, 0);
	assert_int_equal(task.state, TASK_FAILED);
	expect_retries(&task, 0);
	task = with_retries(task, 2);
	assert_int_equal(task.state, TASK_PENDING);
	expect_retries(&task, 2);
}

static void running_attempt_is_one_of_the_retries(void **state)
{
	struct task task = with_retries(task_in(CONFIRMED), 2);

	(void)state;
	assert_int_equal(task.state, TASK_RUNNING);
	assert_true(task.lease.token == TOKEN);
	expect_retries(&task, 2);
	task = with_retries(task, 0);
	assert_int_equal(task.state, TASK_RUNNING);
	expect_retries(&task, 0);
	/* Its result still counts. */
	assert_int_equal(
		applied(task, (struct op_report){ .kind = REPORT_COMPLETE, .token = TOKEN }).state,
		TASK_SUCCEEDED);
	assert_int_equal(
		applied(task, (struct op_report){ .kind = REPORT_FAIL, .token = TOKEN }).state,
		TASK_FAILED);
}

/* 0 and 1 during the first attempt are two numbers. */
static void retries_during_the_first_attempt(void **state)
{
	const struct op_report release = { .kind = REPORT_RELEASE, .any_holder = true };

	(void)state;
	for (uint32_t retries = 0; retries <= 1; retries++) {
		struct task task = task_in(CONFIRMED);

		task.attempt = 1;
		task = with_retries(task, retries);
		expect_retries(&task, retries);
		task = applied(task, release);
		assert_int_equal(task.state, retries > 0 ? TASK_PENDING : TASK_FAILED);
		expect_retries(&task, retries);
	}
}

/* No worker gets a task without retries. */
static void task_without_retries_is_not_given_back(void **state)
{
	struct task task = with_retries(task_in(CONFIRMED), 0);

	(void)state;
	task = applied(task, (struct op_report){ .kind = REPORT_RELEASE, .any_holder = true });
	assert_int_equal(task.state, TASK_FAILED);
	assert_int_equal(task.failure, FAILURE_NOT_RETRYABLE);
	assert_int_equal(task.lease.token, 0);
}

static void failed_task_begins_again(void **state)
{
	struct task task = applied(task_in(CONFIRMED), fails_with(0));

	(void)state;
	task.error = STR("\"broken\"");
	task.archived = true;
	task.max_attempts = 2;
	task = with_retries(task, 7);
	assert_int_equal(task.state, TASK_PENDING);
	assert_false(task.archived);
	assert_int_equal(task.error.len, 0);
	assert_int_equal(task.attempts_before, ATTEMPT);
	/* Its budget begins again. */
	expect_retries(&task, 2);
	task.max_attempts = 0;
	expect_retries(&task, 7);
}

static void failed_task_without_retries_remains(void **state)
{
	struct task task = task_in(GIVEN_UP), before = task;
	struct err err = { 0 };
	bool nothing;

	(void)state;
	must(report(&task, (struct op_report){ .kind = REPORT_RETRIES }, &nothing, &err), &err);
	assert_true(nothing);
	assert_memory_equal(&task, &before, sizeof(task));
}

static void ended_task_has_no_retries(void **state)
{
	static const enum situation ended[] = { SUCCEEDED, COMPLETED, CANCELLED };

	(void)state;
	for (size_t i = 0; i < sizeof(ended) / sizeof(ended[0]); i++) {
		struct op_report what = { .kind = REPORT_RETRIES, .retries = 1 };
		struct task task = task_in(ended[i]), before = task;
		struct err err = { 0 };
		bool nothing;

		assert_fails(report(&task, what, &nothing, &err), &err, ERR_NOT_FOUND);
		assert_memory_equal(&task, &before, sizeof(task));
	}
}

/* ---- the end of the number ---- */

static void number_ends_with_the_final_state(void **state)
{
	static const enum task_state final[] = { TASK_SUCCEEDED, TASK_FAILED, TASK_CANCELLED };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct task before = task_in(CONFIRMED), task = before;

		task.attempts_end = before.attempts_end = 5;
		task_set_state(&task, final[i], NOW);
		work_settle(&before, &task, false, NOW);
		assert_int_equal(task.attempts_end, 5);
		before = task;
		task_set_state(&task, TASK_PENDING, NOW);
		work_settle(&before, &task, false, NOW);
		assert_int_equal(task.attempts_end, 0);
	}
}

static void retry_clears_the_number(void **state)
{
	struct task task = task_in(GIVEN_UP);

	(void)state;
	task.attempts_end = ATTEMPT;
	task = applied(task, (struct op_report){ .kind = REPORT_RETRY });
	assert_int_equal(task.attempts_end, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CHECK(retries_are_the_attempts_that_are_left),
		CHECK(worker_sets_how_many_attempts_follow),
		CHECK(no_retries_are_the_end),
		CHECK(retries_beyond_the_other_bounds_are_not_made),
		CHECK(later_number_of_the_same_attempt_counts),
		CHECK(end_of_a_lease_uses_an_attempt_up),
		CHECK(numbers_saturate),
		CHECK(client_sets_the_retries_of_a_pending_task),
		CHECK(no_retries_of_a_new_task),
		CHECK(running_attempt_is_one_of_the_retries),
		CHECK(retries_during_the_first_attempt),
		CHECK(task_without_retries_is_not_given_back),
		CHECK(failed_task_begins_again),
		CHECK(failed_task_without_retries_remains),
		CHECK(ended_task_has_no_retries),
		CHECK(number_ends_with_the_final_state),
		CHECK(retry_clears_the_number),
	};

	return CHECK_RUN(tests);
}
