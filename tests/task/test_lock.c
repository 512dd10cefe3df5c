/* Locks of one task by a worker that it chooses (REPORT_LOCK). */
#include "work_fixture.h"

static struct op_report lock_of(struct str worker)
{
	return (struct op_report){ .kind = REPORT_LOCK, .holder = worker, .lease_ms = 7000 };
}

/* It has a token that no other claim has, and nobody has confirmed its lease. */
static void lock_is_a_claim(void **state)
{
	struct task task = task_in(EXPIRED);
	struct err err = { 0 };
	bool nothing;

	(void)state;
	task.ready_after = optional_time(NOW + 5000);
	task.started = optional_time(NOW - 5000);
	must(report(&task, lock_of(STR("w9")), &nothing, &err), &err);
	assert_str(task.lease.holder, "w9");
	assert_true(task.lease.token > 0 && task.lease.token != TOKEN);
	assert_int_equal(task.lease.unconfirmed, 1);
	assert_int_equal(optional_time_ms(task.started), NOW);
	task = task_in(UNDONE);
	must(report(&task, lock_of(STR("w9")), &nothing, &err), &err);
	assert_true(task.lease.token != TOKEN);
	assert_int_equal(task.lease.unconfirmed, 2);
}

/* The keeper has not ended it yet. */
static struct task lease_over(void)
{
	struct task task = task_in(CONFIRMED);

	task.lease.expires = optional_time(NOW);
	return task;
}

/* As the keeper would have ended it: as a failed attempt if it was confirmed. */
static void lock_ends_a_lease_that_is_over(void **state)
{
	const struct work_context context = {
		.policy = &policy_default, .now = NOW, .arena = &(struct arena){ 0 }
	};
	struct op_report lock = lock_of(STR("w9"));
	struct task task = lease_over(), before;
	struct err err = { 0 };
	bool nothing;

	(void)state;
	must(work_report(&lock, &context, &task, &nothing, &err), &err);
	assert_str(task.lease.holder, "w9");
	assert_int_equal(task.attempt, ATTEMPT + 1);
	assert_int_equal(task.error.len, 0);
	task = lease_over();
	task.lease.unconfirmed = 1;
	must(work_report(&lock, &context, &task, &nothing, &err), &err);
	assert_str(task.lease.holder, "w9");
	assert_int_equal(task.attempt, ATTEMPT);
	assert_int_equal(task.lease.unconfirmed, 2);
	/* It was the last attempt: the keeper will say so. */
	task = lease_over();
	task.max_attempts = ATTEMPT;
	before = task;
	assert_fails(work_report(&lock, &context, &task, &nothing, &err), &err, ERR_CONFLICT);
	assert_memory_equal(&task, &before, sizeof(task));
	arena_free(context.arena);
}

/* Of the attempts before it, as every claim. */
static void lock_clears_error_and_result(void **state)
{
	struct task task = task_in(EXPIRED);
	struct err err = { 0 };
	bool nothing;

	(void)state;
	task.error = task.result = STR("\"old\"");
	must(report(&task, lock_of(STR("w9")), &nothing, &err), &err);
	assert_int_equal(task.error.len, 0);
	assert_int_equal(task.result.len, 0);
	task.error = STR("\"new\"");
	must(report(&task, lock_of(STR("w9")), &nothing, &err), &err);
	assert_str(task.error, "\"new\"");
}

static void lock_respects_not_before(void **state)
{
	static const int64_t times[] = { NOW - 1, NOW, NOW + 1 };
	struct err err = { 0 };
	bool nothing;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct task task = task_in(WAITING);

		task.not_before = optional_time(times[i]);
		task.ready_after = optional_time(NOW + 1);
		if (times[i] <= NOW) {
			must(report(&task, lock_of(STR("w1")), &nothing, &err), &err);
			continue;
		}
		assert_fails(
			report(&task, lock_of(STR("w1")), &nothing, &err), &err, ERR_LEASE_LOST);
		assert_string_equal(
			err_text(&err), "It must not begin before 2023-11-14T22:13:20.001Z.");
		/* An own lock is extended. */
		task = task_in(CONFIRMED);
		task.not_before = optional_time(times[i]);
		must(report(&task, lock_of(STR("w1")), &nothing, &err), &err);
	}
}

/* The end of its lease would not be noticed. */
static void archived_task_is_not_locked(void **state)
{
	struct task task = task_in(WAITING);
	struct err err = { 0 };
	bool nothing;

	(void)state;
	task.archived = true;
	assert_fails(report(&task, lock_of(STR("w1")), &nothing, &err), &err, ERR_NOT_FOUND);
}

static void lock_after_the_total_timeout_is_refused(void **state)
{
	const struct work_context context = {
		.policy = &policy_default, .now = NOW, .arena = &(struct arena){ 0 }
	};
	struct op_report lock = lock_of(STR("w1"));
	struct task task = task_in(WAITING);
	struct err err = { 0 };
	bool nothing;

	(void)state;
	task.end_by = optional_time(NOW);
	assert_fails(work_report(&lock, &context, &task, &nothing, &err), &err, ERR_CONFLICT);
	arena_free(context.arena);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CHECK(lock_is_a_claim),
		CHECK(lock_ends_a_lease_that_is_over),
		CHECK(lock_clears_error_and_result),
		CHECK(lock_respects_not_before),
		CHECK(archived_task_is_not_locked),
		CHECK(lock_after_the_total_timeout_is_refused),
	};

	return CHECK_RUN(tests);
}
