/* Reports of workers that know no token, under their name (op_report.holder). */
#include "work_fixture.h"

/* Beside those of work_fixture.h. */
enum {
	DELAYED = SITUATIONS, /* EXPIRED, and the next attempt has to wait */
	OVER,		      /* CONFIRMED, and the keeper has not ended the lease yet */
	ALL_SITUATIONS
};

static struct task task_at(int situation)
{
	struct task task = task_in(situation == OVER	  ? CONFIRMED
				   : situation == DELAYED ? EXPIRED
							  : (enum situation)situation);

	if (situation == OVER)
		task.lease.expires = optional_time(NOW);
	if (situation == DELAYED) {
		task.started = optional_time(NOW - 500);
		task.ready_after = optional_time(NOW + 5000);
	}
	if (situation == AGAIN)
		task.lease.holder = STR("w2");
	return task;
}

/* What w1 reports. UNLOCK: RELEASE with any_holder. */
enum action { HEARTBEAT, COMPLETE, FAIL, RELEASE, LOCK, UNLOCK, ACTIONS };

static struct op_report report_of(enum action action)
{
	static const enum report_kind kinds[ACTIONS] = {
		[HEARTBEAT] = REPORT_HEARTBEAT,
		[COMPLETE] = REPORT_COMPLETE,
		[FAIL] = REPORT_FAIL,
		[RELEASE] = REPORT_RELEASE,
		[LOCK] = REPORT_LOCK,
		[UNLOCK] = REPORT_RELEASE,
	};
	struct op_report what = {
		.kind = kinds[action], .holder = STR("w1"), .any_holder = action == UNLOCK
	};

	if (action == UNLOCK)
		what.holder = STR_NULL;
	if (action == HEARTBEAT || action == LOCK)
		what.lease_ms = 7000;
	return what;
}

enum outcome { REFUSED, DONE, NOTHING };

struct row {
	int situation;
	enum action action;
	enum outcome outcome;
	/* DONE: afterwards */
	enum task_state state;
	uint32_t attempt;
	/* REFUSED */
	enum err_code code;
	const char *text;
};

#define REFUSES(situation, action, code, text)               \
	{                                                    \
		situation, action, REFUSED, 0, 0, code, text \
	}
#define DOES(situation, action, state, attempt)                \
	{                                                      \
		situation, action, DONE, state, attempt, 0, "" \
	}
#define LEAVES(situation, action)                       \
	{                                               \
		situation, action, NOTHING, 0, 0, 0, "" \
	}
#define REFUSES_ALL(situation, code, text)                                                     \
	REFUSES(situation, HEARTBEAT, code, text), REFUSES(situation, COMPLETE, code, text),   \
		REFUSES(situation, FAIL, code, text), REFUSES(situation, RELEASE, code, text), \
		REFUSES(situation, LOCK, code, text)

#define NOT_LOCKED "It is not locked."
#define OF_W2	   "It is locked by worker 'w2'."
#define LATE	   "Its lock has expired."
#define NO_TASK	   "There is no such task."
#define HAS_FAILED "The task has failed: no attempt is left."

static const struct row rows[] = {
	REFUSES(WAITING, HEARTBEAT, ERR_LEASE_LOST, NOT_LOCKED),
	REFUSES(WAITING, COMPLETE, ERR_LEASE_LOST, NOT_LOCKED),
	REFUSES(WAITING, FAIL, ERR_LEASE_LOST, NOT_LOCKED),
	REFUSES(WAITING, RELEASE, ERR_LEASE_LOST, NOT_LOCKED),
	DOES(WAITING, LOCK, TASK_RUNNING, 4),
	LEAVES(WAITING, UNLOCK),

	DOES(UNCONFIRMED, HEARTBEAT, TASK_RUNNING, 3),
	DOES(UNCONFIRMED, COMPLETE, TASK_SUCCEEDED, 3),
	DOES(UNCONFIRMED, FAIL, TASK_PENDING, 3),
	DOES(UNCONFIRMED, RELEASE, TASK_PENDING, 2),
	DOES(UNCONFIRMED, LOCK, TASK_RUNNING, 3),
	DOES(UNCONFIRMED, UNLOCK, TASK_PENDING, 2),

	DOES(CONFIRMED, HEARTBEAT, TASK_RUNNING, 3),
	DOES(CONFIRMED, COMPLETE, TASK_SUCCEEDED, 3),
	DOES(CONFIRMED, FAIL, TASK_PENDING, 3),
	DOES(CONFIRMED, RELEASE, TASK_PENDING, 2),
	DOES(CONFIRMED, LOCK, TASK_RUNNING, 3),
	DOES(CONFIRMED, UNLOCK, TASK_PENDING, 2),

	/* The attempt was given back: a report counts it again. */
	REFUSES(UNDONE, HEARTBEAT, ERR_LEASE_LOST, LATE),
	DOES(UNDONE, COMPLETE, TASK_SUCCEEDED, 3),
	DOES(UNDONE, FAIL, TASK_PENDING, 3),
	REFUSES(UNDONE, RELEASE, ERR_LEASE_LOST, NOT_LOCKED),
	DOES(UNDONE, LOCK, TASK_RUNNING, 3),
	DOES(UNDONE, UNLOCK, TASK_PENDING, 2),

	/* The attempt counts already. */
	REFUSES(EXPIRED, HEARTBEAT, ERR_LEASE_LOST, LATE),
	DOES(EXPIRED, COMPLETE, TASK_SUCCEEDED, 3),
	DOES(EXPIRED, FAIL, TASK_PENDING, 3),
	REFUSES(EXPIRED, RELEASE, ERR_LEASE_LOST, NOT_LOCKED),
	DOES(EXPIRED, LOCK, TASK_RUNNING, 4),
	DOES(EXPIRED, UNLOCK, TASK_PENDING, 3),

	REFUSES(DELAYED, HEARTBEAT, ERR_LEASE_LOST, LATE),
	DOES(DELAYED, COMPLETE, TASK_SUCCEEDED, 3),
	DOES(DELAYED, FAIL, TASK_PENDING, 3),
	REFUSES(DELAYED, RELEASE, ERR_LEASE_LOST, NOT_LOCKED),
	DOES(DELAYED, LOCK, TASK_RUNNING, 4),
	DOES(DELAYED, UNLOCK, TASK_PENDING, 3),

	REFUSES(OVER, HEARTBEAT, ERR_LEASE_LOST, LATE),
	DOES(OVER, COMPLETE, TASK_SUCCEEDED, 3),
	DOES(OVER, FAIL, TASK_PENDING, 3),
	DOES(OVER, RELEASE, TASK_PENDING, 2),
	DOES(OVER, LOCK, TASK_RUNNING, 3),
	DOES(OVER, UNLOCK, TASK_PENDING, 2),

	REFUSES_ALL(AGAIN, ERR_LEASE_LOST, OF_W2),
	DOES(AGAIN, UNLOCK, TASK_PENDING, 2),

	REFUSES(TAKEN, HEARTBEAT, ERR_LEASE_LOST, NOT_LOCKED),
	REFUSES(TAKEN, COMPLETE, ERR_LEASE_LOST, NOT_LOCKED),
	REFUSES(TAKEN, FAIL, ERR_LEASE_LOST, NOT_LOCKED),
	REFUSES(TAKEN, RELEASE, ERR_LEASE_LOST, NOT_LOCKED),
	REFUSES(TAKEN, LOCK, ERR_LEASE_LOST, "It is running without a lock."),
	LEAVES(TAKEN, UNLOCK),

	REFUSES_ALL(CANCELLED, ERR_NOT_FOUND, NO_TASK),
	REFUSES(CANCELLED, UNLOCK, ERR_NOT_FOUND, NO_TASK),
	REFUSES_ALL(SUCCEEDED, ERR_NOT_FOUND, NO_TASK),
	REFUSES(SUCCEEDED, UNLOCK, ERR_NOT_FOUND, NO_TASK),
	REFUSES_ALL(COMPLETED, ERR_NOT_FOUND, NO_TASK),
	REFUSES(COMPLETED, UNLOCK, ERR_NOT_FOUND, NO_TASK),
	REFUSES_ALL(FAILED, ERR_CONFLICT, HAS_FAILED),
	LEAVES(FAILED, UNLOCK),
	REFUSES_ALL(GIVEN_UP, ERR_CONFLICT, HAS_FAILED),
	LEAVES(GIVEN_UP, UNLOCK),
};

/* What is left of the lease of w1. */
static void check_lease(const struct row *row, const struct task *task)
{
	const struct lease *lease = &task->lease;

	if (task->state == TASK_RUNNING) {
		assert_str(lease->holder, "w1");
		assert_true(lease->token != 0);
		assert_int_equal(optional_time_ms(lease->expires), NOW + 7000);
		assert_int_equal(lease->length_ms, 7000);
		assert_false(optional_time_is_set(task->ready_after));
		return;
	}
	assert_false(optional_time_is_set(lease->expires));
	if (task->state == TASK_PENDING) {
		assert_int_equal(lease->token, 0);
		assert_str(lease->holder, row->action == FAIL ? "w1" : "");
	}
}

static void check_row(const struct row *row)
{
	struct task task = task_at(row->situation), before = task;
	struct err err = { 0 };
	bool nothing;

	if (row->outcome == REFUSED) {
		assert_fails(
			report(&task, report_of(row->action), &nothing, &err), &err, row->code);
		assert_string_equal(err_text(&err), row->text);
		assert_string_equal(err.field, row->code == ERR_CONFLICT ? "state" : "");
		assert_memory_equal(&task, &before, sizeof(task));
		return;
	}
	must(report(&task, report_of(row->action), &nothing, &err), &err);
	assert_int_equal(nothing, row->outcome == NOTHING);
	if (row->outcome == NOTHING) {
		assert_memory_equal(&task, &before, sizeof(task));
		return;
	}
	assert_int_equal(task.state, row->state);
	assert_int_equal(task.attempt, row->attempt);
	check_lease(row, &task);
}

static void report_under_a_name_in_every_situation(void **state)
{
	bool seen[ALL_SITUATIONS][ACTIONS] = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_row(&rows[i]);
		seen[rows[i].situation][rows[i].action] = true;
	}
	for (int i = 0; i < ALL_SITUATIONS; i++) {
		for (int j = 0; j < ACTIONS; j++) {
			if (!seen[i][j])
				fail_msg("no row for situation %d and action %d", i, j);
		}
	}
}

/* A name is no prefix, and an empty one is nobody's. */
static void prefix_of_a_name_is_refused(void **state)
{
	static const struct str names[] = { STR("w"), STR("w11"), STR("W1"), STR("") };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct op_report what = { .kind = REPORT_COMPLETE, .holder = names[i] };
		struct task task = task_at(CONFIRMED);
		struct err err = { 0 };
		bool nothing;

		assert_fails(report(&task, what, &nothing, &err), &err, ERR_LEASE_LOST);
		task = task_at(WAITING);
		assert_fails(report(&task, what, &nothing, &err), &err, ERR_LEASE_LOST);
	}
}

static void heartbeat_without_a_length_keeps_it(void **state)
{
	struct op_report what = { .kind = REPORT_HEARTBEAT, .holder = STR("w1") };
	struct task task = task_at(UNCONFIRMED);
	struct err err = { 0 };
	bool nothing;

	(void)state;
	must(report(&task, what, &nothing, &err), &err);
	assert_int_equal(optional_time_ms(task.lease.expires), NOW + LEASE);
	assert_int_equal(task.lease.unconfirmed, 0);
}

/* 30 days, more than the native API allows; but not more than the policy does. */
static void lease_is_cut_by_the_policy_only(void **state)
{
	static const enum report_kind kinds[] = { REPORT_HEARTBEAT, REPORT_LOCK };
	const struct policy hour = with_timeouts(0, 3600000, 0, 0);
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct op_report what = {
			.kind = kinds[i], .holder = STR("w1"), .lease_ms = UINT32_C(2592000000)
		};
		struct task task = after_report(
			task_at(CONFIRMED), what, &policy_default, NOW, &arena);

		assert_int_equal(optional_time_ms(task.lease.expires), NOW + INT64_C(2592000000));
		task = after_report(task_at(CONFIRMED), what, &hour, NOW, &arena);
		assert_int_equal(optional_time_ms(task.lease.expires), NOW + 3600000);
		assert_int_equal(task.lease.length_ms, 3600000);
	}
	arena_free(&arena);
}

/* ---- the same attempt fails again ---- */

static void failure_during_a_delay_sets_another_delay(void **state)
{
	struct op_report what = {
		.kind = REPORT_FAIL, .holder = STR("w1"), .delay = optional_time(900)
	};
	struct task task = task_at(DELAYED);
	struct err err = { 0 };
	bool nothing;

	(void)state;
	for (int i = 0; i < 3; i++) {
		must(report(&task, what, &nothing, &err), &err);
		assert_int_equal(task.state, TASK_PENDING);
		assert_int_equal(task.attempt, ATTEMPT);
		assert_int_equal(optional_time_ms(task.ready_after), NOW + 900);
		assert_int_equal(optional_time_ms(task.started), NOW - 500);
	}
	what.is_final = true;
	must(report(&task, what, &nothing, &err), &err);
	assert_int_equal(task.state, TASK_FAILED);
	assert_int_equal(task.failure, FAILURE_NOT_RETRYABLE);
	assert_false(optional_time_is_set(task.ready_after));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CHECK(report_under_a_name_in_every_situation),
		CHECK(prefix_of_a_name_is_refused),
		CHECK(heartbeat_without_a_length_keeps_it),
		CHECK(lease_is_cut_by_the_policy_only),
		CHECK(failure_during_a_delay_sets_another_delay),
	};

	return CHECK_RUN(tests);
}
