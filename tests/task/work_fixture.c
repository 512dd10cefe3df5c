#include "work_fixture.h"

struct task task_in(enum situation situation)
{
	static const enum task_state states[SITUATIONS] = {
		[WAITING] = TASK_PENDING,
		[UNCONFIRMED] = TASK_RUNNING,
		[CONFIRMED] = TASK_RUNNING,
		[EXPIRED] = TASK_PENDING,
		[UNDONE] = TASK_PENDING,
		[AGAIN] = TASK_RUNNING,
		[TAKEN] = TASK_RUNNING,
		[CANCELLED] = TASK_CANCELLED,
		[SUCCEEDED] = TASK_SUCCEEDED,
		[FAILED] = TASK_FAILED,
		[COMPLETED] = TASK_SUCCEEDED,
		[GIVEN_UP] = TASK_FAILED,
	};
	struct task task = { .revision = 7, .attempt = ATTEMPT, .status = STR("as it was") };

	task_set_state(&task, states[situation], NOW - 500);
	if (situation == UNCONFIRMED || situation == CONFIRMED || situation == UNDONE ||
		situation == AGAIN || situation == CANCELLED)
		task.lease = (struct lease){
			.holder = STR("w1"),
			.token = situation == AGAIN ? OTHER : TOKEN,
			.length_ms = LEASE,
			.unconfirmed = situation == CONFIRMED || situation == CANCELLED ? 0 : 1,
		};
	if (situation == EXPIRED)
		task.lease.holder = STR("w1");
	if (situation == COMPLETED || situation == GIVEN_UP)
		task.lease = (struct lease){
			.holder = STR("w1"), .token = TOKEN, .length_ms = LEASE
		};
	if (task.state == TASK_RUNNING && situation != TAKEN)
		task.lease.expires = optional_time(NOW + 300);
	if (situation == UNDONE)
		task.attempt--;
	return task;
}

bool report(struct task *task, struct op_report report, bool *nothing, struct err *err)
{
	struct arena arena = { 0 };
	bool ok;

	ok = work_report(&report,
		&(struct work_context){ .policy = &policy_default, .now = NOW, .arena = &arena },
		task, nothing, err);
	arena_free(&arena);
	return ok;
}

struct task reported(enum situation situation, struct op_report what)
{
	struct task task = task_in(situation);
	struct err err = { 0 };
	bool nothing;

	what.token = TOKEN;
	must(report(&task, what, &nothing, &err), &err);
	assert_false(nothing);
	return task;
}

struct policy with_timeouts(int64_t start, int64_t heartbeat, int64_t attempt, int64_t total)
{
	struct policy policy = policy_default;

	policy_set(&policy, POLICY_START_TIMEOUT, start);
	policy_set(&policy, POLICY_HEARTBEAT_TIMEOUT, heartbeat);
	policy_set(&policy, POLICY_ATTEMPT_TIMEOUT, attempt);
	policy_set(&policy, POLICY_TOTAL_TIMEOUT, total);
	return policy;
}

void finish(const struct task *old, struct task *task, const struct policy *policy, int64_t now)
{
	work_finish(old, task, policy, false, now);
}

struct task claimed(struct task task, const struct policy *policy, int64_t now)
{
	const struct op_claim claim = { .worker = STR("w1"), .lease_ms = LEASE, .confirm_ms = 800 };
	struct task old = task;

	work_claim(&claim, &task, now, 1);
	finish(&old, &task, policy, now);
	return task;
}

/* Applies a report with the token of the task, and all that follows it. */
struct task after_report(struct task task, struct op_report what, const struct policy *policy,
	int64_t now, struct arena *arena)
{
	const struct work_context context = { .policy = policy, .now = now, .arena = arena };
	struct task old = task;
	struct err err = { 0 };
	bool nothing;

	what.token = task.lease.token;
	must(work_report(&what, &context, &task, &nothing, &err), &err);
	assert_false(nothing);
	finish(&old, &task, policy, now);
	return task;
}
