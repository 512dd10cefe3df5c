#include "task/holder.h"

#include "base/date.h"
#include "task/attempt.h"

static bool is_over(const struct task *task, int64_t now)
{
	return optional_time_is_set(task->lease.expires) &&
	       optional_time_ms(task->lease.expires) <= now;
}

static bool check_not_ended(const struct task *task, struct err *err)
{
	if (task->state == TASK_FAILED)
		return err_set(
			err, ERR_CONFLICT, "state", "The task has failed: no attempt is left.");
	return !task_state_is_final(task->state) || err_set(err, ERR_NOT_FOUND, NULL, NULL);
}

static bool refuse_other(const struct task *task, struct err *err)
{
	if (!task_is_held(task))
		return err_set(err, ERR_LEASE_LOST, NULL, "It is not locked.");
	return err_set(err, ERR_LEASE_LOST, NULL, "It is locked by worker '%.*s'.",
		STR_ARGS(task->lease.holder));
}

bool holder_check(
	const struct op_report *report, const struct task *task, int64_t now, struct err *err)
{
	if (!check_not_ended(task, err))
		return false;
	if (!str_eq(report->holder, task->lease.holder))
		return refuse_other(task, err);
	if (report->kind == REPORT_HEARTBEAT && (!task_is_held(task) || is_over(task, now)))
		return err_set(err, ERR_LEASE_LOST, NULL, "Its lock has expired.");
	/* The end of the lease has given the task back already. */
	if (report->kind == REPORT_RELEASE && !task_is_held(task))
		return refuse_other(task, err);
	return true;
}

bool holder_release_any(struct task *task, int64_t now, bool *nothing, struct err *err)
{
	if (task->state != TASK_FAILED && !check_not_ended(task, err))
		return false;
	*nothing = task->state == TASK_FAILED ||
		   (task->lease.holder.len == 0 && task->lease.token == 0);
	if (!*nothing)
		attempt_forget(task, now);
	return true;
}

static bool check_not_before(const struct task *task, int64_t now, struct err *err)
{
	struct buf date = BUF_INIT;

	if (!optional_time_is_set(task->not_before) || optional_time_ms(task->not_before) <= now)
		return true;
	date_put(optional_time_ms(task->not_before), &date);
	if (buf_ok(&date))
		err_set(err, ERR_LEASE_LOST, NULL, "It must not begin before %.*s.",
			STR_ARGS(buf_str(&date)));
	else
		err_no_memory(err);
	buf_free(&date);
	return false;
}

/* A lease or timeout that is over is ended first, as the keeper would have done it. */
static bool claim_for_lock(const struct op_report *report, const struct work_context *context,
	struct task *task, struct err *err)
{
	const struct op_report due = { .kind = REPORT_DUE };
	const struct op_claim claim = { .worker = report->holder, .lease_ms = report->lease_ms };
	struct task taken = *task;
	bool nothing;

	if (!attempt_end_due(&due, context, &taken, &nothing, err) ||
		!check_not_ended(&taken, err) || !check_not_before(&taken, context->now, err))
		return false;
	taken.ready_after = OPTIONAL_TIME_NONE;
	taken.error = taken.result = STR_NULL;
	attempt_begin(&claim, &taken, context->now, context->random);
	*task = taken;
	return true;
}

bool holder_lock(const struct op_report *report, const struct work_context *context,
	struct task *task, struct err *err)
{
	int64_t now = context->now;

	/* The end of a lease of an archived task is not noticed. */
	if (task->archived)
		return err_set(err, ERR_NOT_FOUND, NULL, NULL);
	if (!check_not_ended(task, err))
		return false;
	if (task_is_held(task) && str_eq(report->holder, task->lease.holder)) {
		task->lease.length_ms = report->lease_ms;
		task->lease.expires = optional_time(now + report->lease_ms);
		attempt_count(task);
		return true;
	}
	if (task_is_held(task) && !is_over(task, now))
		return refuse_other(task, err);
	if (task->state == TASK_RUNNING && !task_is_held(task))
		return err_set(err, ERR_LEASE_LOST, NULL, "It is running without a lock.");
	return claim_for_lock(report, context, task, err);
}
