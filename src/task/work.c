#include "task/work.h"

/* Claims that are not confirmed cost no delay at first: one worker may have vanished. */
#define UNCONFIRMED_FREE 3
#define UNCONFIRMED_MS	 1000
#define UNCONFIRMED_MOST (60 * 1000)

#define TOKEN_REVISION_BITS 42
#define TOKEN_RANDOM_BITS   21

/* ---- claims ---- */

/*
 * The revision makes later tokens of a task the higher ones. It may begin with the time in ms, of
 * 42 bits; imported ones may have more, which are lost. The token must fit into a JSON integer of
 * exports, of 63 bits.
 */
static uint64_t make_token(uint64_t revision, uint64_t random)
{
	uint64_t high = (revision + 1) % (UINT64_C(1) << TOKEN_REVISION_BITS);
	uint64_t token = high << TOKEN_RANDOM_BITS | random % (UINT64_C(1) << TOKEN_RANDOM_BITS);

	return token > 0 ? token : 1;
}

/* The clock may have been set back since the task was changed: its own times do not go back. */
static void set_state(struct task *task, enum task_state state, int64_t now)
{
	task_set_state(task, state, task_change_time(task, now));
}

void work_claim(const struct op_claim *claim, struct task *task, int64_t now, uint64_t random)
{
	uint64_t token = make_token(task->revision, random);

	task->attempt++;
	task->started = OPTIONAL_TIME_NONE;
	set_state(task, TASK_RUNNING, now);
	task->lease = (struct lease){
		.holder = claim->worker,
		.token = token,
		.expires = optional_time(now + claim->confirm_ms),
		.length_ms = claim->lease_ms,
		.unconfirmed = task->lease.unconfirmed + 1,
	};
}

/* ---- reports ---- */

static int64_t doubled(int64_t first, int64_t most, uint32_t times)
{
	while (times-- > 0 && first > 0 && first < most)
		first *= 2;
	return first < most ? first : most;
}

static int64_t with_jitter(int64_t ms, int64_t percent, uint64_t random)
{
	int64_t range = ms * percent / 100;

	return range > 0 ? ms - range + (int64_t)(random % (uint64_t)(2 * range + 1)) : ms;
}

/* Attempts since the task was last retried. */
static uint32_t count_attempts(const struct task *task)
{
	return task->attempt > task->attempts_before ? task->attempt - task->attempts_before : 0;
}

static int64_t retry_delay(
	const struct op_report *report, const struct work_context *context, const struct task *task)
{
	const int64_t *values = context->policy->values;
	uint32_t counted = count_attempts(task);

	if (optional_time_is_set(report->delay))
		return optional_time_ms(report->delay);
	return with_jitter(doubled(values[POLICY_RETRY_FIRST], values[POLICY_RETRY_MOST],
				   counted > 0 ? counted - 1 : 0),
		values[POLICY_RETRY_JITTER], context->random);
}

/* A client may have set not_before while a worker had the task. */
static void hold_back(struct task *task, int64_t now, int64_t delay)
{
	int64_t until = delay > 0 ? now + delay : now;

	if (optional_time_is_set(task->not_before) && optional_time_ms(task->not_before) > until)
		until = optional_time_ms(task->not_before);
	task->ready_after = until > now ? optional_time(until) : OPTIONAL_TIME_NONE;
}

static void fail(
	const struct op_report *report, const struct work_context *context, struct task *task)
{
	int64_t most = task->max_attempts > 0 ? task->max_attempts
					      : context->policy->values[POLICY_ATTEMPTS];
	bool again = !report->is_final && (most == 0 || count_attempts(task) < most);

	task->lease = (struct lease){ 0 };
	if (!again)
		task->failure = report->is_final ? FAILURE_NOT_RETRYABLE
						 : FAILURE_ATTEMPTS_EXHAUSTED;
	set_state(task, again ? TASK_PENDING : TASK_FAILED, context->now);
	if (again)
		hold_back(task, context->now, retry_delay(report, context, task));
}

/* The attempt does not count. */
static void give_back(struct task *task, int64_t now, int64_t delay)
{
	set_state(task, TASK_PENDING, now);
	task->started = OPTIONAL_TIME_NONE;
	task->attempt -= task->attempt > 0;
	hold_back(task, now, delay);
}

/* Takes the text. */
static bool set_error(
	struct task *task, const struct work_context *context, struct buf *text, struct err *err)
{
	struct buf json = BUF_INIT;

	buf_put_json_string(&json, buf_str(text));
	if (buf_ok(text) && buf_ok(&json))
		task->error = arena_copy(context->arena, buf_str(&json));
	else
		task->error = STR_NULL;
	buf_free(text);
	buf_free(&json);
	return task->error.ptr || err_no_memory(err);
}

static void put_expired(const struct lease *lease, struct buf *out)
{
	buf_puts(out, lease->unconfirmed ? "No worker has confirmed the task; the last was "
					 : "The worker ");
	buf_put_str(out, lease->holder);
	buf_puts(out, lease->unconfirmed ? "." : " stopped reporting.");
}

/*
 * Without a heartbeat the worker may never have received the task: the claim is undone, but its
 * token remains valid until the next claim.
 */
static bool expire(const struct op_report *report, const struct work_context *context,
	struct task *task, struct err *err)
{
	uint32_t unconfirmed = task->lease.unconfirmed;
	struct buf text = BUF_INIT;

	if (unconfirmed == 0 || unconfirmed >= UNCONFIRMED_MAX) {
		put_expired(&task->lease, &text);
		if (!set_error(task, context, &text, err))
			return false;
		fail(report, context, task);
		return true;
	}
	give_back(task, context->now,
		unconfirmed <= UNCONFIRMED_FREE ? 0
						: doubled(UNCONFIRMED_MS, UNCONFIRMED_MOST,
							  unconfirmed - UNCONFIRMED_FREE - 1));
	task->lease.expires = OPTIONAL_TIME_NONE;
	return true;
}

/* A timeout has passed. That of an attempt is a failed attempt, the others are the end. */
static bool time_out(const struct op_report *report, const struct work_context *context,
	struct task *task, enum timeout timeout, struct err *err)
{
	struct buf text = BUF_INIT;

	timeout_put_error(task, timeout, &text);
	if (!set_error(task, context, &text, err))
		return false;
	if (timeout == TIMEOUT_ATTEMPT) {
		fail(report, context, task);
		return true;
	}
	task->lease = (struct lease){ 0 };
	task->ready_after = OPTIONAL_TIME_NONE;
	task->failure = timeout == TIMEOUT_START ? FAILURE_START_TIMEOUT : FAILURE_TOTAL_TIMEOUT;
	set_state(task, TASK_FAILED, context->now);
	return true;
}

static bool report_due(const struct op_report *report, const struct work_context *context,
	struct task *task, bool *nothing, struct err *err)
{
	struct optional_time due = task_due(task);
	enum timeout timeout;

	*nothing = !optional_time_is_set(due) || optional_time_ms(due) > context->now;
	if (*nothing)
		return true;
	timeout = timeout_passed(task, context->now);
	if (timeout != TIMEOUT_NONE)
		return time_out(report, context, task, timeout, err);
	if (task->state == TASK_RUNNING)
		return expire(report, context, task, err);
	task->ready_after = OPTIONAL_TIME_NONE;
	return true;
}

/* As if it were new, but its attempts go on counting. */
static bool retry(struct task *task, int64_t now, struct err *err)
{
	if (task->state != TASK_FAILED && task->state != TASK_CANCELLED)
		return err_set(err, ERR_CONFLICT, NULL,
			"Only a task that has failed or was cancelled can be retried: its state "
			"is %s.",
			task_state_name(task->state));
	set_state(task, TASK_PENDING, now);
	task->lease = (struct lease){ 0 };
	task->archived = false;
	task->started = task->not_before = task->ready_after = OPTIONAL_TIME_NONE;
	task->error = task->result = STR_NULL;
	return true;
}

/* Takes up a task again that was given back because the claim was not confirmed. */
static void resume(struct task *task, int64_t now)
{
	if (task->state != TASK_PENDING)
		return;
	task->attempt++;
	set_state(task, TASK_RUNNING, now);
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
		set_state(task, TASK_SUCCEEDED, now);
	} else if (report->kind == REPORT_FAIL) {
		fail(report, context, task);
		if (task->state == TASK_FAILED)
			task->lease = ended;
	} else {
		give_back(task, now, optional_time_ms(report->delay));
		task->lease = (struct lease){ 0 };
	}
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
		return report_due(report, context, task, nothing, err);
	if (report->kind == REPORT_RETRY)
		return retry(task, context->now, err);
	if (!holds_lease(report, task) || task_state_is_final(task->state))
		return err_set(err, ERR_LEASE_LOST, NULL, NULL);
	/* As if its worker had not confirmed it: so it does not go round for ever. */
	if (report->kind == REPORT_UNDO)
		return expire(report, context, task, err);
	resume(task, context->now);
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
