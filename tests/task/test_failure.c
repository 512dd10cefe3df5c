/* Why a task failed, and the budget of one that begins again (task/work.h). */
#include "work_fixture.h"

static void failure_says_why(void **state)
{
	struct arena arena = { 0 };
	struct task task = task_in(CONFIRMED), old;

	(void)state;
	task = after_report(task, (struct op_report){ .kind = REPORT_FAIL, .is_final = true },
		&policy_default, NOW, &arena);
	assert_int_equal(task.failure, FAILURE_NOT_RETRYABLE);
	task = task_in(CONFIRMED);
	task.max_attempts = ATTEMPT;
	task = after_report(
		task, (struct op_report){ .kind = REPORT_FAIL }, &policy_default, NOW, &arena);
	assert_int_equal(task.failure, FAILURE_ATTEMPTS_EXHAUSTED);
	/* Another change of the failed task keeps it, and leaving the state removes it. */
	old = task;
	finish(&old, &task, &policy_default, NOW);
	assert_int_equal(task.failure, FAILURE_ATTEMPTS_EXHAUSTED);
	old = task;
	task_set_state(&task, TASK_PENDING, NOW);
	finish(&old, &task, &policy_default, NOW);
	assert_int_equal(task.failure, FAILURE_NONE);
	old = task;
	task_set_state(&task, TASK_FAILED, NOW);
	finish(&old, &task, &policy_default, NOW);
	assert_int_equal(task.failure, FAILURE_REPORTED);
	task = (struct task){ 0 };
	task_set_state(&task, TASK_FAILED, NOW);
	finish(NULL, &task, &policy_default, NOW);
	assert_int_equal(task.failure, FAILURE_REPORTED);
	arena_free(&arena);
}

static void retried_task_is_ready_with_a_new_budget(void **state)
{
	const struct policy policy = with_timeouts(0, 0, 0, MINUTE);
	static const enum situation from[] = { FAILED, CANCELLED };
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
		struct task task = task_in(from[i]);

		task.max_attempts = ATTEMPT;
		task.archived = true;
		task.error = task.result = STR("\"e\"");
		task.started = optional_time(NOW - 600);
		task.not_before = optional_time(NOW + 100000);
		task = after_report(
			task, (struct op_report){ .kind = REPORT_RETRY }, &policy, NOW, &arena);
		assert_true(task_is_ready(&task));
		assert_false(optional_time_is_set(task.started) ||
			     optional_time_is_set(task.finished) ||
			     optional_time_is_set(task.not_before));
		assert_int_equal(task.error.len + task.result.len, 0);
		assert_int_equal(task.attempt, ATTEMPT);
		assert_int_equal(task.attempts_before, ATTEMPT);
		assert_int_equal(optional_time_ms(task.end_by), NOW + MINUTE);
		for (int attempt = 1; attempt <= ATTEMPT; attempt++) {
			assert_int_equal(task.state, TASK_PENDING);
			task.ready_after = OPTIONAL_TIME_NONE;
			task = claimed(task, &policy, NOW);
			task = after_report(task, (struct op_report){ .kind = REPORT_FAIL },
				&policy, NOW, &arena);
			/* The delays begin again as well: 1 s, 20 % shorter. */
			if (attempt == 1)
				assert_int_equal(optional_time_ms(task.ready_after), NOW + 800);
		}
		assert_int_equal(task.failure, FAILURE_ATTEMPTS_EXHAUSTED);
		assert_int_equal(task.attempt, 2 * ATTEMPT);
	}
	arena_free(&arena);
}

static void other_tasks_are_not_retried(void **state)
{
	static const enum situation from[] = { WAITING, UNCONFIRMED, CONFIRMED, UNDONE, TAKEN,
		SUCCEEDED };

	(void)state;
	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
		struct task task = task_in(from[i]), before = task;
		struct err err = { 0 };
		bool nothing;

		assert_fails(
			report(&task, (struct op_report){ .kind = REPORT_RETRY }, &nothing, &err),
			&err, ERR_CONFLICT);
		assert_memory_equal(&task, &before, sizeof(task));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CHECK(failure_says_why),
		CHECK(retried_task_is_ready_with_a_new_budget),
		CHECK(other_tasks_are_not_retried),
	};

	return CHECK_RUN(tests);
}
