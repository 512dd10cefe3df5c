/* Claims, and reports in every situation of a task (task/work.h). */
#include "work_fixture.h"

/* A report that is not in the table is ERR_LEASE_LOST. */
static const struct {
	enum situation situation;
	enum report_kind kind;
	enum task_state state;
	uint32_t attempt;
	bool nothing;
} accepted[] = {
	{ UNCONFIRMED, REPORT_HEARTBEAT, TASK_RUNNING, 3, false },
	{ UNCONFIRMED, REPORT_COMPLETE, TASK_SUCCEEDED, 3, false },
	{ UNCONFIRMED, REPORT_FAIL, TASK_PENDING, 3, false },
	{ UNCONFIRMED, REPORT_RELEASE, TASK_PENDING, 2, false },
	{ UNCONFIRMED, REPORT_UNDO, TASK_PENDING, 2, false },
	{ CONFIRMED, REPORT_HEARTBEAT, TASK_RUNNING, 3, false },
	{ CONFIRMED, REPORT_COMPLETE, TASK_SUCCEEDED, 3, false },
	{ CONFIRMED, REPORT_FAIL, TASK_PENDING, 3, false },
	{ CONFIRMED, REPORT_RELEASE, TASK_PENDING, 2, false },
	{ CONFIRMED, REPORT_UNDO, TASK_RUNNING, 3, true },
	{ UNDONE, REPORT_HEARTBEAT, TASK_RUNNING, 3, false },
	{ UNDONE, REPORT_COMPLETE, TASK_SUCCEEDED, 3, false },
	{ UNDONE, REPORT_FAIL, TASK_PENDING, 3, false },
	{ UNDONE, REPORT_RELEASE, TASK_PENDING, 2, false },
	{ UNDONE, REPORT_UNDO, TASK_PENDING, 2, true },
	{ CANCELLED, REPORT_HEARTBEAT, TASK_CANCELLED, 3, true },
	{ CANCELLED, REPORT_UNDO, TASK_CANCELLED, 3, true },
	{ COMPLETED, REPORT_COMPLETE, TASK_SUCCEEDED, 3, true },
	{ COMPLETED, REPORT_UNDO, TASK_SUCCEEDED, 3, true },
	{ GIVEN_UP, REPORT_FAIL, TASK_FAILED, 3, true },
	{ GIVEN_UP, REPORT_UNDO, TASK_FAILED, 3, true },
};

static size_t find_accepted(enum situation situation, enum report_kind kind)
{
	size_t i = 0, count = sizeof(accepted) / sizeof(accepted[0]);

	while (i < count && (accepted[i].situation != situation || accepted[i].kind != kind))
		i++;
	return i;
}

static void check_report(enum situation situation, enum report_kind kind)
{
	size_t row = find_accepted(situation, kind);
	struct task task = task_in(situation), before = task;
	struct err err = { 0 };
	bool nothing;

	if (row == sizeof(accepted) / sizeof(accepted[0])) {
		assert_fails(report(&task, (struct op_report){ .kind = kind, .token = TOKEN },
				     &nothing, &err),
			&err, ERR_LEASE_LOST);
		assert_memory_equal(&task, &before, sizeof(task));
		return;
	}
	must(report(&task, (struct op_report){ .kind = kind, .token = TOKEN }, &nothing, &err),
		&err);
	assert_int_equal(nothing, accepted[row].nothing);
	assert_int_equal(task.state, accepted[row].state);
	assert_int_equal(task.attempt, accepted[row].attempt);
	if (nothing)
		assert_memory_equal(&task, &before, sizeof(task));
	else
		assert_int_equal(task.lease.token,
			kind == REPORT_FAIL || kind == REPORT_RELEASE ? 0 : TOKEN);
}

static void report_changes_the_task_or_the_lease_is_lost(void **state)
{
	(void)state;
	for (int situation = 0; situation < SITUATIONS; situation++) {
		for (int kind = REPORT_HEARTBEAT; kind <= REPORT_UNDO; kind++)
			check_report((enum situation)situation, (enum report_kind)kind);
	}
}

/* 0 is the token of a task without a lease. */
static void token_of_zero_is_never_valid(void **state)
{
	(void)state;
	for (int situation = 0; situation < SITUATIONS; situation++) {
		for (int kind = REPORT_HEARTBEAT; kind < REPORT_DUE; kind++) {
			struct task task = task_in((enum situation)situation);
			struct err err = { 0 };
			bool nothing;

			assert_fails(
				report(&task, (struct op_report){ .kind = (enum report_kind)kind },
					&nothing, &err),
				&err, ERR_LEASE_LOST);
		}
	}
}

/* ---- claims ---- */

static void claim_begins_an_attempt_with_a_short_lease(void **state)
{
	const struct op_claim claim = { .worker = STR("w1"), .lease_ms = LEASE, .confirm_ms = 800 };
	struct task task = task_in(WAITING);

	(void)state;
	task.started = optional_time(NOW - 5000);
	work_claim(&claim, &task, NOW, 1);
	assert_int_equal(task.state, TASK_RUNNING);
	assert_int_equal(task.attempt, ATTEMPT + 1);
	assert_int_equal(optional_time_ms(task.started), NOW);
	assert_int_equal(optional_time_ms(task.lease.expires), NOW + 800);
	assert_int_equal(optional_time_ms(task_due(&task)), NOW + 800);
	assert_int_equal(task.lease.length_ms, LEASE);
	assert_int_equal(task.lease.unconfirmed, 1);
	assert_str(task.lease.holder, "w1");
	assert_false(task_is_ready(&task));
}

/* Whatever the random part is. */
static void later_tokens_of_a_task_are_higher(void **state)
{
	const struct op_claim claim = { .lease_ms = LEASE, .confirm_ms = 800 };
	struct task task = task_in(WAITING);
	uint64_t random = UINT64_MAX, before = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		task_set_state(&task, TASK_PENDING, NOW);
		work_claim(&claim, &task, NOW, random);
		assert_true(task.lease.token > before);
		before = task.lease.token;
		task.revision++;
		random = random ? 0 : UINT64_MAX;
	}
}

/* Where clients choose the ids, a new task has a later time as its revision. */
static void token_of_a_task_that_is_created_again_is_higher(void **state)
{
	const struct op_claim claim = { .lease_ms = LEASE, .confirm_ms = 800 };
	uint64_t before = 0;

	(void)state;
	/* Each second day until the year 2100. */
	for (int64_t now = NOW; now < INT64_C(4102444800000); now += INT64_C(2) * 24 * 3600000) {
		struct task task = task_in(WAITING);

		task.revision = (uint64_t)now;
		work_claim(&claim, &task, now, UINT64_MAX);
		assert_true(task.lease.token > before);
		assert_true(task.lease.token <= INT64_MAX);
		before = task.lease.token;
	}
}

/* Imported tasks may have revisions of any size. */
static void token_is_positive_whatever_the_revision_is(void **state)
{
	static const uint64_t revisions[] = { 0, (UINT64_C(1) << 42) - 2, (UINT64_C(1) << 42) - 1,
		UINT64_C(1) << 42, (UINT64_C(1) << 42) + 1, (UINT64_C(1) << 43) - 1,
		(UINT64_C(1) << 63) - 1, UINT64_C(1) << 63, UINT64_MAX - 1, UINT64_MAX };
	static const uint64_t randoms[] = { 0, 1, 1 << 21, UINT64_MAX };
	const struct op_claim claim = { .lease_ms = LEASE, .confirm_ms = 800 };

	(void)state;
	for (size_t i = 0; i < sizeof(revisions) / sizeof(revisions[0]); i++) {
		for (size_t j = 0; j < sizeof(randoms) / sizeof(randoms[0]); j++) {
			struct task task = task_in(WAITING);

			task.revision = revisions[i];
			work_claim(&claim, &task, NOW, randoms[j]);
			assert_true(task.lease.token > 0);
			assert_true(task.lease.token <= INT64_MAX);
		}
	}
}

static void tokens_of_two_tasks_differ_by_their_random_part(void **state)
{
	const struct op_claim claim = { .lease_ms = LEASE, .confirm_ms = 800 };
	struct task one = task_in(WAITING), other = one;

	(void)state;
	work_claim(&claim, &one, NOW, 1);
	work_claim(&claim, &other, NOW, 2);
	assert_true(one.lease.token != other.lease.token);
}

/* ---- heartbeats ---- */

static void heartbeat_extends_the_lease(void **state)
{
	struct task task = reported(UNCONFIRMED, (struct op_report){ .kind = REPORT_HEARTBEAT });

	(void)state;
	assert_int_equal(optional_time_ms(task.lease.expires), NOW + LEASE);
	assert_int_equal(task.lease.unconfirmed, 0);
	task = reported(
		CONFIRMED, (struct op_report){ .kind = REPORT_HEARTBEAT, .lease_ms = 5000 });
	assert_int_equal(optional_time_ms(task.lease.expires), NOW + 5000);
	assert_int_equal(task.lease.length_ms, 5000);
}

static void late_heartbeat_takes_the_task_up_again(void **state)
{
	struct task task = task_in(UNDONE);
	struct err err = { 0 };
	bool nothing;

	(void)state;
	task.ready_after = optional_time(NOW + 1000);
	task.started = OPTIONAL_TIME_NONE;
	must(report(&task, (struct op_report){ .kind = REPORT_HEARTBEAT, .token = TOKEN }, &nothing,
		     &err),
		&err);
	assert_int_equal(task.state, TASK_RUNNING);
	assert_int_equal(optional_time_ms(task.started), NOW);
	assert_false(optional_time_is_set(task.ready_after));
	assert_int_equal(optional_time_ms(task.lease.expires), NOW + LEASE);
}

/* ---- a clock that was set back ---- */

#define LATER (NOW + 3600000)

/* The task was changed at LATER, the claim is of NOW: the worker has no hour to confirm it. */
static void lease_expiry_fails_by_the_clock_that_was_set_back(void **state)
{
	const struct op_claim claim = { .lease_ms = LEASE, .confirm_ms = 800 };
	struct task task = task_in(WAITING);
	struct err err = { 0 };
	bool nothing;

	(void)state;
	task.created = NOW - 1000;
	task.updated = LATER;
	work_claim(&claim, &task, NOW, 1);
	assert_int_equal(optional_time_ms(task.started), LATER);
	assert_int_equal(optional_time_ms(task.lease.expires), NOW + 800);
	must(report(&task,
		     (struct op_report){ .kind = REPORT_HEARTBEAT, .token = task.lease.token },
		     &nothing, &err),
		&err);
	assert_int_equal(optional_time_ms(task.lease.expires), NOW + LEASE);
	assert_int_equal(optional_time_ms(task.started), LATER);
	must(report(&task, (struct op_report){ .kind = REPORT_COMPLETE, .token = task.lease.token },
		     &nothing, &err),
		&err);
	assert_int_equal(optional_time_ms(task.finished), LATER);
}

static void delay_counts_by_the_clock_that_was_set_back(void **state)
{
	const struct op_report reports[] = {
		{ .kind = REPORT_FAIL, .token = TOKEN, .delay = optional_time(500) },
		{ .kind = REPORT_RELEASE, .token = TOKEN, .delay = optional_time(500) },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++) {
		struct task task = task_in(CONFIRMED);
		struct err err = { 0 };
		bool nothing;

		task.updated = LATER;
		must(report(&task, reports[i], &nothing, &err), &err);
		assert_int_equal(task.state, TASK_PENDING);
		assert_int_equal(optional_time_ms(task.ready_after), NOW + 500);
	}
}

static void end_is_not_before_the_start(void **state)
{
	struct task task = task_in(CONFIRMED);
	struct err err = { 0 };
	bool nothing;

	(void)state;
	task.started = optional_time(LATER);
	must(report(&task,
		     (struct op_report){ .kind = REPORT_FAIL, .token = TOKEN, .is_final = true },
		     &nothing, &err),
		&err);
	assert_int_equal(optional_time_ms(task.started), LATER);
	assert_int_equal(optional_time_ms(task.finished), LATER);
	task = task_in(UNDONE);
	task.updated = LATER;
	must(report(&task, (struct op_report){ .kind = REPORT_HEARTBEAT, .token = TOKEN }, &nothing,
		     &err),
		&err);
	assert_int_equal(optional_time_ms(task.started), LATER);
	assert_int_equal(optional_time_ms(task.lease.expires), NOW + LEASE);
}

/* ---- other changes ---- */

/* A change of the state that is no report, and what remains of the lease. */
static const struct {
	enum situation before;
	enum task_state after;
	bool has_token, has_expiry;
} settled[] = {
	{ CONFIRMED, TASK_RUNNING, true, true },
	{ CONFIRMED, TASK_PENDING, false, false },
	{ CONFIRMED, TASK_SUCCEEDED, false, false },
	{ CONFIRMED, TASK_FAILED, false, false },
	{ CONFIRMED, TASK_CANCELLED, true, false },
	{ UNCONFIRMED, TASK_RUNNING, true, true },
	{ UNDONE, TASK_PENDING, true, false },
	{ UNDONE, TASK_SUCCEEDED, false, false },
	{ UNDONE, TASK_RUNNING, false, false },
	{ CANCELLED, TASK_CANCELLED, true, false },
	{ CANCELLED, TASK_PENDING, false, false },
	{ CANCELLED, TASK_RUNNING, false, false },
	{ TAKEN, TASK_PENDING, false, false },
	{ COMPLETED, TASK_SUCCEEDED, true, false },
	{ COMPLETED, TASK_FAILED, false, false },
	{ COMPLETED, TASK_PENDING, false, false },
	{ COMPLETED, TASK_CANCELLED, false, false },
	{ GIVEN_UP, TASK_FAILED, true, false },
	{ GIVEN_UP, TASK_PENDING, false, false },
};

static void change_of_the_state_ends_the_lease(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(settled) / sizeof(settled[0]); i++) {
		struct task before = task_in(settled[i].before), after = before;

		task_set_state(&after, settled[i].after, NOW);
		work_settle(&before, &after, false, NOW);
		if ((after.lease.token != 0) != settled[i].has_token ||
			optional_time_is_set(after.lease.expires) != settled[i].has_expiry)
			fail_msg("row %zu", i);
		assert_false(optional_time_is_set(after.ready_after));
	}
}

static void delay_follows_not_before(void **state)
{
	struct task old = task_in(WAITING), task = old;

	(void)state;
	task.not_before = optional_time(NOW + 1000);
	work_settle(NULL, &task, true, NOW);
	assert_int_equal(optional_time_ms(task.ready_after), NOW + 1000);
	work_settle(&old, &task, true, NOW + 1000);
	assert_false(optional_time_is_set(task.ready_after));
	/* The delay of a failed attempt remains beside another change, but not beside not_before. */
	task.ready_after = optional_time(NOW + 9000);
	work_settle(&old, &task, false, NOW);
	assert_int_equal(optional_time_ms(task.ready_after), NOW + 9000);
	task.not_before = OPTIONAL_TIME_NONE;
	work_settle(&old, &task, true, NOW);
	assert_false(optional_time_is_set(task.ready_after));
}

/* not_before may be set while a worker has the task. */
static void task_given_back_waits_for_not_before(void **state)
{
	const struct op_report reports[] = { { .kind = REPORT_RELEASE },
		{ .kind = REPORT_RELEASE, .delay = optional_time(500) },
		{ .kind = REPORT_FAIL, .delay = optional_time(0) }, { .kind = REPORT_FAIL } };

	(void)state;
	for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++) {
		struct op_report what = reports[i];
		struct task task = task_in(CONFIRMED);
		struct err err = { 0 };
		bool nothing;

		what.token = TOKEN;
		task.not_before = optional_time(NOW + 3600000);
		must(report(&task, what, &nothing, &err), &err);
		assert_int_equal(optional_time_ms(task.ready_after), NOW + 3600000);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CHECK(report_changes_the_task_or_the_lease_is_lost),
		CHECK(token_of_zero_is_never_valid),
		CHECK(claim_begins_an_attempt_with_a_short_lease),
		CHECK(later_tokens_of_a_task_are_higher),
		CHECK(token_of_a_task_that_is_created_again_is_higher),
		CHECK(token_is_positive_whatever_the_revision_is),
		CHECK(tokens_of_two_tasks_differ_by_their_random_part),
		CHECK(heartbeat_extends_the_lease),
		CHECK(late_heartbeat_takes_the_task_up_again),
		CHECK(lease_expiry_fails_by_the_clock_that_was_set_back),
		CHECK(delay_counts_by_the_clock_that_was_set_back),
		CHECK(end_is_not_before_the_start),
		CHECK(change_of_the_state_ends_the_lease),
		CHECK(delay_follows_not_before),
		CHECK(task_given_back_waits_for_not_before),
	};

	return CHECK_RUN(tests);
}
