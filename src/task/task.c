#include "task/task.h"

static const char *const names[TASK_STATES] = {
	[TASK_STATE_NONE] = "none",
	[TASK_PENDING] = "pending",
	[TASK_RUNNING] = "running",
	[TASK_SUCCEEDED] = "succeeded",
	[TASK_FAILED] = "failed",
	[TASK_CANCELLED] = "cancelled",
};

struct str task_own_kind(const struct task *task, char scratch[TASK_KIND_MAX])
{
	(void)scratch;
	return task->kind;
}

bool task_is_ready(const struct task *task)
{
	return task->state == TASK_PENDING && !task->archived &&
	       !optional_time_is_set(task->ready_after);
}

static struct optional_time earlier(struct optional_time a, struct optional_time b)
{
	if (!optional_time_is_set(a))
		return b;
	return optional_time_is_set(b) && optional_time_ms(b) < optional_time_ms(a) ? b : a;
}

struct optional_time task_due(const struct task *task)
{
	if (task->archived)
		return OPTIONAL_TIME_NONE;
	if (task->state == TASK_PENDING)
		return earlier(earlier(task->ready_after, task->start_by), task->end_by);
	return task->state == TASK_RUNNING ? earlier(task->lease.expires, task->end_by)
					   : OPTIONAL_TIME_NONE;
}

bool task_is_running_bulk(const struct task *task)
{
	return task->is_bulk && task->state == TASK_RUNNING;
}

bool task_is_held(const struct task *task)
{
	return task->state == TASK_RUNNING && task->lease.token != 0;
}

bool task_lease_is_due(const struct task *task)
{
	struct optional_time due = task_due(task);

	return task->state == TASK_RUNNING && optional_time_is_set(due) &&
	       due.successor == task->lease.expires.successor;
}

static const char *const failures[TASK_FAILURES] = {
	[FAILURE_ATTEMPTS_EXHAUSTED] = "attempts_exhausted",
	[FAILURE_NOT_RETRYABLE] = "not_retryable",
	[FAILURE_START_TIMEOUT] = "start_timeout",
	[FAILURE_TOTAL_TIMEOUT] = "total_timeout",
	[FAILURE_REPORTED] = "reported",
};

const char *task_failure_name(enum task_failure failure)
{
	return failure < TASK_FAILURES ? failures[failure] : NULL;
}

enum task_failure task_failure_parse(struct str name)
{
	for (int i = FAILURE_NONE + 1; i < TASK_FAILURES; i++) {
		if (str_eq(name, str_cstr(failures[i])))
			return (enum task_failure)i;
	}
	return FAILURE_NONE;
}

const char *task_state_name(enum task_state state)
{
	return state < TASK_STATES ? names[state] : names[TASK_STATE_NONE];
}

enum task_state task_state_parse(struct str name)
{
	for (int i = TASK_PENDING; i < TASK_STATES; i++) {
		if (str_eq(name, str_cstr(names[i])))
			return (enum task_state)i;
	}
	return TASK_STATE_NONE;
}

bool task_state_is_final(enum task_state state)
{
	return state == TASK_SUCCEEDED || state == TASK_FAILED || state == TASK_CANCELLED;
}

size_t field_index(const struct field *fields, size_t count, struct str name)
{
	size_t i = 0;

	while (i < count && !str_eq(fields[i].name, name))
		i++;
	return i;
}

struct str task_field(const struct task *task, struct str name)
{
	size_t i = field_index(task->fields, task->field_count, name);

	return i < task->field_count ? task->fields[i].json : STR_NULL;
}

bool task_set_field(struct task *task, struct field field)
{
	size_t i = field_index(task->fields, task->field_count, field.name);

	if (field.json.len == 0) {
		if (i < task->field_count) {
			memmove(&task->fields[i], &task->fields[i + 1],
				(task->field_count - i - 1) * sizeof(task->fields[0]));
			task->field_count--;
		}
		return true;
	}
	if (i == TASK_FIELDS_MAX)
		return false;
	task->fields[i] = field;
	if (i == task->field_count)
		task->field_count++;
	return true;
}

void task_put_fields(const struct task *task, struct buf *out)
{
	buf_putc(out, '{');
	for (size_t i = 0; i < task->field_count; i++) {
		if (i > 0)
			buf_putc(out, ',');
		buf_put_json_string(out, task->fields[i].name);
		buf_putc(out, ':');
		buf_put_str(out, task->fields[i].json);
	}
	buf_putc(out, '}');
}

void task_set_state(struct task *task, enum task_state state, int64_t now_ms)
{
	task->state = state;
	if (state == TASK_RUNNING && !optional_time_is_set(task->started))
		task->started = optional_time(now_ms);
	if (!task_state_is_final(state))
		task->finished = OPTIONAL_TIME_NONE;
	else if (!optional_time_is_set(task->finished))
		task->finished = optional_time(now_ms);
}

int64_t task_change_time(const struct task *task, int64_t now_ms)
{
	/* An absent time is -1 here, so it is not the latest. */
	const int64_t times[] = { task->created, task->updated, optional_time_ms(task->started),
		optional_time_ms(task->finished) };

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		if (times[i] > now_ms)
			now_ms = times[i];
	}
	return now_ms;
}
