#include "task/work.h"

#include "task/attempt.h"
#include "task/holder.h"
#include "task/retries.h"

void work_claim(const struct op_claim *claim, struct task *task, int64_t now, uint64_t random)
{
	attempt_begin(claim, task, now, random);
}

/* ---- reports ---- */

bool report_is_by_worker(const struct op_report *report)
{
	return !report->any_holder &&
	       ((report->kind >= REPORT_HEARTBEAT && report->kind <= REPORT_RELEASE) ||
		       report->kind == REPORT_LOCK);
}

/* As if it were new, but its attempts go on counting. */
static bool retry(struct task *task, int64_t now, struct err *err)
{
	if (task->state != TASK_FAILED && task->state != TASK_CANCELLED)
		return err_set(err, ERR_CONFLICT, NULL,
			"Only a task that has failed or was cancelled can be retried: its state "
			"is %s.",
			task_state_name(task->state));
	attempt_set_state(task, TASK_PENDING, now);
	task->lease = (struct lease){ 0 };
	task->archived = false;
	task->attempts_end = 0;
	task->started = task->not_before = task->ready_after = OPTIONAL_TIME_NONE;
	task->error = task->result = STR_NULL;
	return true;
}

/* Of a pending task 0 is the end, of a running one the present attempt counts. */
static bool set_retries(const struct op_report *report, const struct work_context *context,
	struct task *task, bool *nothing, struct err *err)
{
	uint32_t running = task->state == TASK_RUNNING && task->attempt > 0;

	if (task->state == TASK_SUCCEEDED || task->state == TASK_CANCELLED)
		return err_set(err, ERR_NOT_FOUND, NULL, NULL);
	*nothing = task->state == TASK_FAILED && report->retries == 0;
	if (*nothing)
		return true;
	if (task->state == TASK_FAILED && !retry(task, context->now, err))
		return false;
	retries_set(task, task->attempt - running, report->retries);
	if (task->state != TASK_PENDING || report->retries > 0)
		return true;
	task->failure = FAILURE_NOT_RETRYABLE;
	task->lease = (struct lease){ 0 };
	task->ready_after = OPTIONAL_TIME_NONE;
	attempt_set_state(task, TASK_FAILED, context->now);
	return true;
}

/*
 * Takes up a task again whose lease has ended. Of one that was given back, because the claim was
 * not confirmed, the token remains; a failed attempt counts already.
 */
static void resume(struct task *task, int64_t now)
{
	if (task->state != TASK_PENDING)
		return;
	task->attempt += task->lease.token != 0;
	attempt_set_state(task, TASK_RUNNING, now);
	task->ready_after = OPTIONAL_TIME_NONE;
}

/* So that the report which ends the task is recognised if it is repeated. */
static struct lease ended_lease(const struct lease *lease)
{
	return (struct lease){
		.holder = lease->holder, .token = lease->token, .length_ms = lease->length_ms
	};
}

static bool holds_lease(const struct op_report *report, const struct task *task)
{
	return report->token != 0 && task->lease.token == report->token;
}

static void apply(
	const struct op_report *report, const struct work_context *context, struct task *task)
{
	struct lease ended = ended_lease(&task->lease);
	int64_t now = context->now;

	if (report->kind == REPORT_HEARTBEAT) {
		if (report->lease_ms > 0)
			task->lease.length_ms = report->lease_ms;
		task->lease.expires = optional_time(
			now + (report->least_ms > task->lease.length_ms ? report->least_ms
									: task->lease.length_ms));
	} else if (report->kind == REPORT_COMPLETE) {
		task->lease = ended;
		attempt_set_state(task, TASK_SUCCEEDED, now);
	} else if (report->kind == REPORT_FAIL) {
		attempt_fail(report, context, task);
		if (task->state == TASK_FAILED)
			task->lease = ended;
	} else {
		attempt_give_back(task, now, optional_time_ms(report->delay));
		task->lease = (struct lease){ 0 };
	}
}

static bool may_report(const struct op_report *report, const struct work_context *context,
	const struct task *task, struct err *err)
{
	if (report->holder.len > 0)
		return holder_check(report, task, context->now, err);
	return (holds_lease(report, task) && !task_state_is_final(task->state)) ||
	       err_set(err, ERR_LEASE_LOST, NULL, NULL);
}

/*
 * A heartbeat of a cancelled task; a repetition of the report that ended the task; or a claim is to
 * be undone that a worker has confirmed, or that has ended.
 */
static bool has_no_effect(const struct op_report *report, const struct task *task)
{
	if (!holds_lease(report, task))
		return false;
	if (report->kind == REPORT_HEARTBEAT)
		return task->state == TASK_CANCELLED;
	if (report->kind == REPORT_COMPLETE)
		return task->state == TASK_SUCCEEDED;
	if (report->kind == REPORT_FAIL)
		return task->state == TASK_FAILED;
	return report->kind == REPORT_UNDO &&
	       (task->lease.unconfirmed == 0 || task->state != TASK_RUNNING);
}

bool work_report(const struct op_report *report, const struct work_context *context,
	struct task *task, bool *nothing, struct err *err)
{
	*nothing = report->kind != REPORT_DUE && has_no_effect(report, task);
	if (*nothing)
		return true;
	if (report->kind == REPORT_DUE)
		return attempt_end_due(report, context, task, nothing, err);
	if (report->kind == REPORT_RETRY)
		return retry(task, context->now, err);
	if (report->kind == REPORT_LOCK)
		return holder_lock(report, context, task, err);
	if (report->kind == REPORT_RETRIES)
		return set_retries(report, context, task, nothing, err);
	if (report->any_holder && !task_is_held(task))
		return holder_release_any(task, context->now, nothing, err);
	if (!report->any_holder && !may_report(report, context, task, err))
		return false;
	/* As if its worker had not confirmed it: so it does not go round for ever. */
	if (report->kind == REPORT_UNDO)
		return attempt_expire(report, context, task, err);
	resume(task, context->now);
	if (report->kind == REPORT_HEARTBEAT && report->holder.len > 0)
		attempt_count(task);
	task->lease.unconfirmed = 0;
	apply(report, context, task);
	return true;
}

bool work_check_lease(const struct op_report *report, const struct task *task, struct err *err)
{
	return (holds_lease(report, task) &&
		       (task->state == TASK_RUNNING || task->state == TASK_CANCELLED)) ||
	       err_set(err, ERR_LEASE_LOST, NULL, NULL);
}

/* ---- other changes ---- */

void work_settle(const struct task *old, struct task *task, bool sets_not_before, int64_t now)
{
	bool stays = old && old->state == task->state;
	bool had_ended = old && task_state_is_final(old->state);

	if (had_ended && !task_state_is_final(task->state))
		task->attempts_end = 0;
	if (task->state == TASK_CANCELLED && (stays || !had_ended))
		task->lease.expires = OPTIONAL_TIME_NONE;
	else if (!stays)
		task->lease = (struct lease){ 0 };
	if (task->state != TASK_PENDING)
		task->ready_after = OPTIONAL_TIME_NONE;
	else if (!stays || sets_not_before)
		task->ready_after = optional_time_is_set(task->not_before) &&
						    optional_time_ms(task->not_before) > now
					    ? task->not_before
					    : OPTIONAL_TIME_NONE;
}

void work_finish(const struct task *old, struct task *task, const struct policy *policy,
	bool sets_policy, int64_t now)
{
	bool was_failed = old && old->state == TASK_FAILED;

	if (task->state != TASK_FAILED)
		task->failure = FAILURE_NONE;
	else if (!was_failed && task->failure == FAILURE_NONE)
		task->failure = FAILURE_REPORTED;
	if (old && task_state_is_final(old->state) && !task_state_is_final(task->state))
		task->attempts_before = task->attempt;
	timeout_settle(old, task, policy, sets_policy, now);
}
