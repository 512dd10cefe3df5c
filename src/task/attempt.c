#include "task/attempt.h"

#include "task/retries.h"

#define TOKEN_REVISION_BITS 42
#define TOKEN_RANDOM_BITS   21

/* Claims that are not confirmed cost no delay at first: one worker may have vanished. */
#define UNCONFIRMED_FREE 3
#define UNCONFIRMED_MS	 1000
#define UNCONFIRMED_MOST (60 * 1000)
/* The end of a shorter lease does not count: some workers fetch so to see what there is. */
#define COUNTED_MS 1000

void attempt_set_state(struct task *task, enum task_state state, int64_t now)
{
	task_set_state(task, state, task_change_time(task, now));
}

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

void attempt_begin(const struct op_claim *claim, struct task *task, int64_t now, uint64_t random)
{
	uint64_t token = make_token(task->revision, random);
	uint32_t first_ms = claim->confirm_ms > 0 ? claim->confirm_ms : claim->lease_ms;

	task->attempt++;
	task->started = OPTIONAL_TIME_NONE;
	attempt_set_state(task, TASK_RUNNING, now);
	task->lease = (struct lease){
		.holder = claim->worker,
		.token = token,
		.expires = optional_time(now + first_ms),
		.length_ms = claim->lease_ms,
		.unconfirmed = task->lease.unconfirmed + 1,
		.expiry_fails = claim->confirm_ms == 0 && claim->lease_ms >= COUNTED_MS,
	};
}

void attempt_count(struct task *task)
{
	task->lease.unconfirmed = 0;
	task->lease.expiry_fails = 1;
}

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

void attempt_fail(
	const struct op_report *report, const struct work_context *context, struct task *task)
{
	int64_t most = task->max_attempts > 0 ? task->max_attempts
					      : context->policy->values[POLICY_ATTEMPTS];
	bool is_final = report->is_final || (report->sets_retries && report->retries == 0);
	bool again;

	if (report->sets_retries)
		retries_set(task, task->attempt, report->retries);
	again = !is_final && (most == 0 || count_attempts(task) < most) && retries_are_left(task);
	task->lease = (struct lease){ .holder = again ? task->lease.holder : STR_NULL };
	if (!again)
		task->failure = is_final ? FAILURE_NOT_RETRYABLE : FAILURE_ATTEMPTS_EXHAUSTED;
	attempt_set_state(task, again ? TASK_PENDING : TASK_FAILED, context->now);
	if (again)
		hold_back(task, context->now, retry_delay(report, context, task));
}

void attempt_give_back(struct task *task, int64_t now, int64_t delay)
{
	attempt_set_state(task, TASK_PENDING, now);
	task->started = OPTIONAL_TIME_NONE;
	task->attempt -= task->attempt > 0;
	if (retries_are_left(task)) {
		hold_back(task, now, delay);
		return;
	}
	/* A client has set that no attempt follows. */
	task->failure = FAILURE_NOT_RETRYABLE;
	attempt_set_state(task, TASK_FAILED, now);
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
	bool received = lease->unconfirmed == 0 || lease->expiry_fails;

	buf_puts(out, received ? "The worker " : "No worker has confirmed the task; the last was ");
	buf_put_str(out, lease->holder);
	buf_puts(out, received ? " stopped reporting." : ".");
}

/* Before the next claim, after so many in a row without a report. */
static int64_t unconfirmed_delay(uint32_t unconfirmed)
{
	return unconfirmed <= UNCONFIRMED_FREE ? 0
					       : doubled(UNCONFIRMED_MS, UNCONFIRMED_MOST,
							 unconfirmed - UNCONFIRMED_FREE - 1);
}

/*
 * The end of a lease that counts. Such a worker reports only at the end: another one may have the
 * task at once, as after a claim that is undone. Retries are the business of workers.
 */
static void fail_silent(const struct work_context *context, struct task *task)
{
	uint32_t unconfirmed = task->lease.unconfirmed;
	const struct op_report due = { .kind = REPORT_DUE,
		.delay = optional_time(unconfirmed_delay(unconfirmed)) };

	if (task->attempts_end > 0 && task->attempts_end < UINT32_MAX)
		task->attempts_end++;
	attempt_fail(&due, context, task);
	if (task->state != TASK_PENDING)
		return;
	task->lease.unconfirmed = unconfirmed;
	task->lease.expiry_fails = 1;
}

void attempt_forget(struct task *task, int64_t now)
{
	bool was_silent = task->lease.expiry_fails && task->lease.unconfirmed > 0;

	if (was_silent && task->lease.token == 0) {
		task->attempt -= task->attempt > 0;
		task->attempts_end -= task->attempts_end > 1 && task->attempts_end < UINT32_MAX;
	}
	task->lease = (struct lease){ 0 };
	hold_back(task, now, 0);
}

bool attempt_expire(const struct op_report *report, const struct work_context *context,
	struct task *task, struct err *err)
{
	uint32_t unconfirmed = task->lease.unconfirmed;
	bool silent = task->lease.expiry_fails && report->kind == REPORT_DUE;
	struct buf text = BUF_INIT;

	if (silent || unconfirmed == 0 || unconfirmed >= UNCONFIRMED_MAX) {
		put_expired(&task->lease, &text);
		if (!set_error(task, context, &text, err))
			return false;
		if (silent)
			fail_silent(context, task);
		else
			attempt_fail(report, context, task);
		return true;
	}
	attempt_give_back(task, context->now, unconfirmed_delay(unconfirmed));
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
		attempt_fail(report, context, task);
		return true;
	}
	task->lease = (struct lease){ 0 };
	task->ready_after = OPTIONAL_TIME_NONE;
	task->failure = timeout == TIMEOUT_START ? FAILURE_START_TIMEOUT : FAILURE_TOTAL_TIMEOUT;
	attempt_set_state(task, TASK_FAILED, context->now);
	return true;
}

bool attempt_end_due(const struct op_report *report, const struct work_context *context,
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
		return attempt_expire(report, context, task, err);
	task->ready_after = OPTIONAL_TIME_NONE;
	return true;
}
