/* Failed attempts, delays, and leases that end (task/work.h). */
#include "work_fixture.h"

/* ---- failures ---- */

static const struct {
	uint32_t attempt, max_attempts;
	bool is_final, again;
} attempts[] = {
	{ 1, 0, false, true },
	{ 19, 0, false, true },
	{ 20, 0, false, false },
	{ 21, 0, false, false },
	{ 1, 1, false, false },
	{ 1, 2, false, true },
	{ 2, 2, false, false },
	{ 3, 2, false, false },
	{ 24, 25, false, true },
	{ 1, 0, true, false },
	{ 1, 5, true, false },
};

static void failure_is_final_after_the_last_attempt(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		struct task task = task_in(CONFIRMED);
		struct err err = { 0 };
		bool nothing;

		task.attempt = attempts[i].attempt;
		task.max_attempts = attempts[i].max_attempts;
		must(report(&task,
			     (struct op_report){ .kind = REPORT_FAIL,
				     .token = TOKEN,
				     .is_final = attempts[i].is_final },
			     &nothing, &err),
			&err);
		assert_int_equal(task.state, attempts[i].again ? TASK_PENDING : TASK_FAILED);
		assert_int_equal(optional_time_is_set(task.ready_after), attempts[i].again);
		assert_int_equal(optional_time_is_set(task.finished), !attempts[i].again);
	}
}

/* attempt and its delay without jitter, ms */
static const struct {
	uint32_t attempt;
	int64_t delay;
} delays[] = { { 1, 1000 }, { 2, 2000 }, { 3, 4000 }, { 9, 256000 }, { 10, 512000 }, { 11, 600000 },
	{ 12, 600000 }, { 4000, 600000 } };

static int64_t delay_of(uint32_t attempt, struct optional_time asked, uint64_t random)
{
	const struct op_report what = { .kind = REPORT_FAIL, .token = TOKEN, .delay = asked };
	struct task task = task_in(CONFIRMED);
	struct arena arena = { 0 };
	struct err err = { 0 };
	bool nothing;

	task.attempt = attempt;
	task.max_attempts = 10000;
	must(work_report(&what,
		     &(struct work_context){ .policy = &policy_default,
			     .now = NOW,
			     .random = random,
			     .arena = &arena },
		     &task, &nothing, &err),
		&err);
	arena_free(&arena);
	return optional_time_is_set(task.ready_after) ? optional_time_ms(task.ready_after) - NOW
						      : 0;
}

static void delay_doubles_with_jitter(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
		int64_t delay = delays[i].delay, range = delay / 5, least = INT64_MAX, most = 0;

		/* Consecutive random numbers give every delay of the range. */
		for (uint64_t random = 0; random <= (uint64_t)(2 * range); random += 7) {
			int64_t found = delay_of(delays[i].attempt, OPTIONAL_TIME_NONE, random);

			least = found < least ? found : least;
			most = found > most ? found : most;
		}
		assert_int_equal(least, delay - range);
		assert_in_range(most, delay + range - 7, delay + range);
		assert_in_range(delay_of(delays[i].attempt, OPTIONAL_TIME_NONE, UINT64_MAX),
			delay - range, delay + range);
	}
}

static void worker_decides_about_the_delay(void **state)
{
	(void)state;
	assert_int_equal(delay_of(5, optional_time(1234), 99), 1234);
	assert_int_equal(delay_of(5, optional_time(0), 99), 0);
	assert_int_equal(delay_of(5, optional_time(DELAY_MS_MAX), 99), DELAY_MS_MAX);
}

static void release_is_ready_at_once_or_after_a_delay(void **state)
{
	struct task task = reported(CONFIRMED, (struct op_report){ .kind = REPORT_RELEASE });

	(void)state;
	assert_true(task_is_ready(&task));
	assert_false(optional_time_is_set(task.started));
	task = reported(CONFIRMED,
		(struct op_report){ .kind = REPORT_RELEASE, .delay = optional_time(5000) });
	assert_false(task_is_ready(&task));
	assert_int_equal(optional_time_ms(task_due(&task)), NOW + 5000);
}

/* ---- the end of a lease ---- */

/* Reports at NOW with the token that the task has. */
static struct task ended(struct task task, enum report_kind kind, struct arena *arena)
{
	const struct op_report what = { .kind = kind, .token = task.lease.token };
	struct err err = { 0 };
	bool nothing;

	must(work_report(&what,
		     &(struct work_context){
			     .policy = &policy_default, .now = NOW, .arena = arena },
		     &task, &nothing, &err),
		&err);
	assert_false(nothing);
	return task;
}

/* Lets the time of a task come at NOW. */
static struct task due(struct task task, struct arena *arena)
{
	return ended(task, REPORT_DUE, arena);
}

static void expired_lease_is_a_failed_attempt(void **state)
{
	struct task task = task_in(CONFIRMED);
	struct arena arena = { 0 };

	(void)state;
	task.lease.expires = optional_time(NOW);
	task = due(task, &arena);
	assert_int_equal(task.state, TASK_PENDING);
	assert_int_equal(task.attempt, ATTEMPT);
	assert_int_equal(task.lease.token, 0);
	assert_str(task.error, "\"The worker w1 stopped reporting.\"");
	assert_int_equal(optional_time_ms(task.ready_after), NOW + 4000 - 800);
	task = task_in(CONFIRMED);
	task.max_attempts = ATTEMPT;
	task.lease.expires = optional_time(NOW - 1);
	task.lease.holder = STR("a \"b\"");
	task = due(task, &arena);
	assert_int_equal(task.state, TASK_FAILED);
	assert_str(task.error, "\"The worker a \\\"b\\\" stopped reporting.\"");
	arena_free(&arena);
}

/* The delay of the next claim after so many unconfirmed ones in a row; -1: the attempt fails. */
static const struct {
	uint32_t unconfirmed;
	int64_t delay;
} unconfirmed_rows[] = { { 1, 0 }, { 3, 0 }, { 4, 1000 }, { 5, 2000 }, { 9, 32000 }, { 10, 60000 },
	{ 19, 60000 }, { 20, -1 }, { 21, -1 } };

static void check_undone(size_t row, enum report_kind kind, struct arena *arena)
{
	struct task task = task_in(UNCONFIRMED);
	int64_t delay = unconfirmed_rows[row].delay;

	task.lease.unconfirmed = unconfirmed_rows[row].unconfirmed;
	if (kind == REPORT_DUE)
		task.lease.expires = optional_time(NOW);
	task = ended(task, kind, arena);
	assert_int_equal(task.state, TASK_PENDING);
	assert_int_equal(task.attempt, delay < 0 ? ATTEMPT : ATTEMPT - 1);
	assert_int_equal(task.lease.token, delay < 0 ? 0 : TOKEN);
	assert_false(optional_time_is_set(task.lease.expires));
	if (delay < 0)
		assert_str(task.error, "\"No worker has confirmed the task; the last was w1.\"");
	else
		assert_null(task.error.ptr);
	assert_int_equal(task_is_ready(&task), delay == 0);
	if (delay > 0)
		assert_int_equal(optional_time_ms(task.ready_after), NOW + delay);
}

/* The same if its time has come, and if the service itself could not hand the task over. */
static void unconfirmed_claim_is_undone(void **state)
{
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(unconfirmed_rows) / sizeof(unconfirmed_rows[0]); i++) {
		check_undone(i, REPORT_DUE, &arena);
		check_undone(i, REPORT_UNDO, &arena);
	}
	arena_free(&arena);
}

/* By workers that are gone each time before they read the response. */
static void claims_that_are_undone_end_at_last(void **state)
{
	const struct op_claim claim = { .worker = STR("w1"), .lease_ms = LEASE, .confirm_ms = 100 };
	struct task task = task_in(WAITING);
	struct arena arena = { 0 };
	unsigned claims = 0;

	(void)state;
	task.attempt = 0;
	task.max_attempts = 2;
	while (task.state == TASK_PENDING && claims < 100) {
		work_claim(&claim, &task, NOW, claims++);
		task = ended(task, REPORT_UNDO, &arena);
		assert_int_equal(task.attempt, claims / UNCONFIRMED_MAX);
	}
	assert_int_equal(claims, 2 * UNCONFIRMED_MAX);
	assert_int_equal(task.state, TASK_FAILED);
	arena_free(&arena);
}

/* Workers that send no heartbeats and vanish with the task. */
static void lease_without_heartbeats_counts_at_its_end(void **state)
{
	const struct op_claim claim = { .worker = STR("w1"), .lease_ms = 1000 };
	const int64_t delays_ms[] = { 0, 0, 0, 1000, 2000 };
	struct task task = task_in(WAITING);
	struct arena arena = { 0 };
	uint32_t retries;

	(void)state;
	task.attempt = 0;
	task.max_attempts = 6;
	task.attempts_end = 4;
	for (size_t i = 0; i < 5; i++) {
		work_claim(&claim, &task, NOW - 1000, i);
		task = ended(task, REPORT_DUE, &arena);
		assert_int_equal(task.state, TASK_PENDING);
		assert_int_equal(task.attempt, i + 1);
		assert_int_equal(task.attempts_end, 4 + i + 1);
		assert_str(task.lease.holder, "w1");
		assert_int_equal(task.lease.token, 0);
		assert_str(task.error, "\"The worker w1 stopped reporting.\"");
		assert_int_equal(optional_time_is_set(task.ready_after)
					 ? optional_time_ms(task.ready_after) - NOW
					 : 0,
			delays_ms[i]);
	}
	assert_true(task_retries(&task, &retries));
	assert_int_equal(retries, 1);
	work_claim(&claim, &task, NOW - 1000, 7);
	task = ended(task, REPORT_DUE, &arena);
	assert_int_equal(task.state, TASK_FAILED);
	assert_int_equal(task.failure, FAILURE_ATTEMPTS_EXHAUSTED);
	arena_free(&arena);
}

/* Its response did not reach the worker: the attempt does not count. */
static void lease_without_heartbeats_is_undone(void **state)
{
	const struct op_claim claim = { .worker = STR("w1"), .lease_ms = 60000 };
	struct task task = task_in(WAITING);
	struct arena arena = { 0 };

	(void)state;
	task.attempt = 0;
	work_claim(&claim, &task, NOW, 1);
	task = ended(task, REPORT_UNDO, &arena);
	assert_int_equal(task.state, TASK_PENDING);
	assert_int_equal(task.attempt, 0);
	arena_free(&arena);
}

static void unconfirmed_claims_are_counted_in_a_row(void **state)
{
	const struct op_claim claim = { .lease_ms = LEASE, .confirm_ms = 100 };
	struct task task = task_in(UNDONE);
	struct err err = { 0 };
	bool nothing;

	(void)state;
	work_claim(&claim, &task, NOW, 1);
	assert_int_equal(task.lease.unconfirmed, 2);
	must(report(&task, (struct op_report){ .kind = REPORT_RELEASE, .token = task.lease.token },
		     &nothing, &err),
		&err);
	work_claim(&claim, &task, NOW, 1);
	assert_int_equal(task.lease.unconfirmed, 1);
}

static void delay_ends(void **state)
{
	struct task task = task_in(WAITING);
	struct arena arena = { 0 };

	(void)state;
	task.ready_after = optional_time(NOW);
	assert_false(task_is_ready(&task));
	task = due(task, &arena);
	assert_true(task_is_ready(&task));
	assert_int_equal(task.attempt, ATTEMPT);
	arena_free(&arena);
}

static void task_that_is_not_due_remains(void **state)
{
	struct task tasks[] = { task_in(CONFIRMED), task_in(UNCONFIRMED), task_in(WAITING),
		task_in(WAITING), task_in(TAKEN), task_in(CANCELLED), task_in(FAILED),
		task_in(CONFIRMED) };
	struct err err = { 0 };

	(void)state;
	tasks[3].ready_after = optional_time(NOW + 1);
	tasks[7].lease.expires = optional_time(NOW - 1);
	tasks[7].archived = true;
	for (size_t i = 0; i < sizeof(tasks) / sizeof(tasks[0]); i++) {
		struct task before = tasks[i];
		bool nothing = false;

		must(report(&tasks[i], (struct op_report){ .kind = REPORT_DUE }, &nothing, &err),
			&err);
		assert_true(nothing);
		assert_memory_equal(&tasks[i], &before, sizeof(before));
	}
}

/* The lease of a task that the service has ended is not one that a worker has ended. */
static void only_a_report_leaves_its_token(void **state)
{
	struct task task = task_in(CONFIRMED);
	struct arena arena = { 0 };
	const struct work_context context = {
		.policy = &policy_default,
		.now = NOW + 300,
		.arena = &arena,
	};
	struct err err = { 0 };
	bool nothing;

	(void)state;
	task.max_attempts = ATTEMPT;
	must(work_report(
		     &(struct op_report){ .kind = REPORT_DUE }, &context, &task, &nothing, &err),
		&err);
	assert_int_equal(task.state, TASK_FAILED);
	assert_int_equal(task.lease.token, 0);
	task = reported(CONFIRMED, (struct op_report){ .kind = REPORT_FAIL, .is_final = true });
	assert_int_equal(task.state, TASK_FAILED);
	assert_int_equal(task.lease.token, TOKEN);
	assert_false(optional_time_is_set(task.lease.expires));
	assert_int_equal(task.lease.unconfirmed, 0);
	arena_free(&arena);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CHECK(failure_is_final_after_the_last_attempt),
		CHECK(delay_doubles_with_jitter),
		CHECK(worker_decides_about_the_delay),
		CHECK(release_is_ready_at_once_or_after_a_delay),
		CHECK(expired_lease_is_a_failed_attempt),
		CHECK(unconfirmed_claim_is_undone),
		CHECK(claims_that_are_undone_end_at_last),
		CHECK(lease_without_heartbeats_counts_at_its_end),
		CHECK(lease_without_heartbeats_is_undone),
		CHECK(unconfirmed_claims_are_counted_in_a_row),
		CHECK(delay_ends),
		CHECK(task_that_is_not_due_remains),
		CHECK(only_a_report_leaves_its_token),
	};

	return CHECK_RUN(tests);
}
