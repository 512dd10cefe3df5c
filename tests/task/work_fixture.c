#include "work_fixture.h"

struct task task_in(enum situation situation)
{
	static const enum task_state states[SITUATIONS] = {
		[WAITING] = TASK_PENDING,
		[UNCONFIRMED] = TASK_RUNNING,
		[CONFIRMED] = TASK_RUNNING,
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
