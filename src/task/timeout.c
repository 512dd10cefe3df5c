#include "task/timeout.h"

#include "base/date.h"

/* ---- the periods ---- */

static struct optional_time end_of(int64_t from, int64_t ms)
{
	if (ms <= 0)
		return OPTIONAL_TIME_NONE;
	return optional_time(from < DATE_MS_MAX - ms ? from + ms : DATE_MS_MAX);
}

static void cut(struct optional_time *time, struct optional_time end)
{
	if (optional_time_is_set(end) && optional_time_ms(*time) > optional_time_ms(end))
		*time = end;
}

static void settle_start(const struct task *old, struct task *task, const struct policy *policy,
	bool anew, int64_t now)
{
	bool goes_on = old && task_is_ready(old);
	int64_t from = now;

	if (!task_is_ready(task)) {
		task->start_by = OPTIONAL_TIME_NONE;
		task->start_ms = 0;
		return;
	}
	if (goes_on && !anew)
		return;
	if (goes_on && optional_time_is_set(task->start_by))
		from = optional_time_ms(task->start_by) - (int64_t)task->start_ms;
	task->start_ms = (uint64_t)policy->values[POLICY_START_TIMEOUT];
	task->start_by = end_of(from, policy->values[POLICY_START_TIMEOUT]);
}

static int64_t total_from(const struct task *task)
{
	return optional_time_is_set(task->retried) ? optional_time_ms(task->retried)
						   : task->created;
}

static void settle_total(const struct task *old, struct task *task, const struct policy *policy,
	bool anew, int64_t now)
{
	bool begins = !old || task_state_is_final(old->state);

	if (task_state_is_final(task->state)) {
		task->end_by = OPTIONAL_TIME_NONE;
		return;
	}
	if (old && begins)
		task->retried = optional_time(now);
	if (begins || anew)
		task->end_by = end_of(total_from(task), policy->values[POLICY_TOTAL_TIMEOUT]);
}

static void settle_attempt(const struct task *old, struct task *task, const struct policy *policy,
	bool anew, int64_t now)
{
	bool begins = !old || !task_is_held(old) || old->lease.token != task->lease.token;

	if (!task_is_held(task))
		task->attempt_by = OPTIONAL_TIME_NONE;
	else if (begins)
		task->attempt_by = end_of(now, policy->values[POLICY_ATTEMPT_TIMEOUT]);
	else if (anew)
		task->attempt_by = end_of(
			optional_time_ms(task->started), policy->values[POLICY_ATTEMPT_TIMEOUT]);
}

static void cut_lease(const struct task *old, struct task *task, const struct policy *policy,
	bool anew, int64_t now)
{
	int64_t longest = policy->values[POLICY_HEARTBEAT_TIMEOUT];

	if (!optional_time_is_set(task->lease.expires) ||
		(old && !anew && old->lease.expires.successor == task->lease.expires.successor))
		return;
	if (longest > 0 && task->lease.length_ms > longest)
		task->lease.length_ms = (uint32_t)longest;
	cut(&task->lease.expires, end_of(now, longest));
	cut(&task->lease.expires, task->attempt_by);
	cut(&task->lease.expires, task->end_by);
}

void timeout_settle(const struct task *old, struct task *task, const struct policy *policy,
	bool anew, int64_t now)
{
	settle_start(old, task, policy, anew, now);
	settle_total(old, task, policy, anew, now);
	settle_attempt(old, task, policy, anew, now);
	cut_lease(old, task, policy, anew, now);
}

/* ---- their end ---- */

static bool has_passed(struct optional_time time, int64_t now)
{
	return optional_time_is_set(time) && optional_time_ms(time) <= now;
}

/* An unconfirmed claim is undone at its end: the worker may never have received the task. */
static bool attempt_passed(const struct task *task, int64_t now)
{
	return task->state == TASK_RUNNING &&
	       (task->lease.unconfirmed == 0 || task->lease.expiry_fails) &&
	       has_passed(task->attempt_by, now) && has_passed(task->lease.expires, now) &&
	       optional_time_ms(task->lease.expires) >= optional_time_ms(task->attempt_by);
}

enum timeout timeout_passed(const struct task *task, int64_t now)
{
	if (task->archived || task_state_is_final(task->state))
		return TIMEOUT_NONE;
	if (has_passed(task->end_by, now))
		return TIMEOUT_TOTAL;
	if (task_is_ready(task) && has_passed(task->start_by, now))
		return TIMEOUT_START;
	return attempt_passed(task, now) ? TIMEOUT_ATTEMPT : TIMEOUT_NONE;
}

static void put_length(int64_t ms, struct buf *out)
{
	static const struct {
		int64_t ms;
		const char *name;
	} units[] = { { 86400000, "day" }, { 3600000, "hour" }, { 60000, "minute" },
		{ 1000, "second" } };
	size_t i = 0;

	if (ms % 1000 != 0) {
		buf_printf(
			out, "%lld.%03lld seconds", (long long)(ms / 1000), (long long)(ms % 1000));
		return;
	}
	while (i < 3 && (ms < units[i].ms || ms % units[i].ms != 0))
		i++;
	buf_put_number(out, ms / units[i].ms);
	buf_putc(out, ' ');
	buf_puts(out, units[i].name);
	buf_puts(out, str_plural((uint64_t)(ms / units[i].ms)));
}

void timeout_put_error(const struct task *task, enum timeout timeout, struct buf *out)
{
	const struct {
		const char *text, *without_length;
		int64_t ms;
	} rows[] = {
		[TIMEOUT_START] = { "No worker claimed the task within ",
			"No worker claimed the task in time.", (int64_t)task->start_ms },
		[TIMEOUT_ATTEMPT] = { "The attempt took longer than ", "The attempt took too long.",
			optional_time_ms(task->attempt_by) - optional_time_ms(task->started) },
		[TIMEOUT_TOTAL] = { "The task did not end within ", "The task did not end in time.",
			optional_time_ms(task->end_by) - total_from(task) },
	};

	/* The clock was set back when the period began, or the task was imported. */
	if (rows[timeout].ms <= 0) {
		buf_puts(out, rows[timeout].without_length);
		return;
	}
	buf_puts(out, rows[timeout].text);
	put_length(rows[timeout].ms, out);
	buf_putc(out, '.');
}
