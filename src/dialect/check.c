#include "dialect/check.h"

#include <inttypes.h>

#include "base/date.h"
#include "dialect/kind.h"
#include "http/json.h"
#include "task/member.h"
#include "task/policy.h"

/* Members of a request's body are at least one level below the body itself. */
#define FIELD_DEPTH_MAX (JSON_DEPTH_MAX - 1)

static bool refuse(struct err *err, const char *member, const char *expected)
{
	return err_set(err, ERR_UNPROCESSABLE, member, "%s must be %s", member, expected);
}

/* ---- members that all tasks have ---- */

static bool is_user(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7F)
			return false;
	}
	return text.len <= TASK_USER_MAX;
}

static bool check_texts(const struct task *task, struct err *err)
{
	if (!is_user(task->created_by))
		return refuse(err, "created_by", "printable, of at most 64 bytes");
	if (!is_user(task->updated_by))
		return refuse(err, "updated_by", "printable, of at most 64 bytes");
	/* They are sent as header fields of webhooks. */
	if (task->trace.parent.len > 0 && !trace_parent_is_valid(task->trace.parent))
		return refuse(err, "traceparent", "that of a W3C trace context, version 00");
	if (task->trace.state.len > 0 &&
		(task->trace.parent.len == 0 || !trace_state_is_valid(task->trace.state)))
		return refuse(err, "tracestate", "that of a W3C trace context");
	if (task->error.len > TASK_TEXT_MAX)
		return refuse(err, "error", "of at most 4096 bytes of JSON text");
	if (task->kind.len > 0 && !kind_is_valid(task->kind))
		return refuse(err, "kind", "printable, of at most 64 bytes");
	if (task->lease.holder.len > TASK_WORKER_MAX)
		return refuse(err, "lease_holder", "of at most 100 bytes");
	if (task->result.len > TASK_RESULT_MAX)
		return refuse(err, "result", "of at most 65536 bytes of JSON text");
	if (task->progress.len > TASK_TEXT_MAX)
		return refuse(err, "progress", "of at most 4096 bytes of JSON text");
	/* A merge patch could not read a deeper value. */
	return json_text_depth(task->progress) <= FIELD_DEPTH_MAX ||
	       err_set(err, ERR_UNPROCESSABLE, "progress", "progress has more than %d levels",
		       FIELD_DEPTH_MAX);
}

/* The native API shows the text as it is. */
static bool check_policy(const struct task *task, struct err *err)
{
	struct policy policy;

	return task->policy.len == 0 || policy_parse_json(&policy, task->policy) ||
	       refuse(err, "policy", "a policy");
}

static bool is_time(int64_t ms)
{
	return ms >= 0 && ms <= DATE_MS_MAX;
}

static bool check_numbers(const struct task *task, struct err *err)
{
	if (task->revision == 0 || task->revision > TASK_REVISION_IMPORT_MAX)
		return refuse(err, "revision", "an integer from 1 to 4503599627370496");
	if (task->max_attempts > INT32_MAX)
		return refuse(err, "max_attempts", "an integer from 0 to 2147483647");
	if (!is_time(task->created))
		return refuse(err, "created", "from 1970 to 9999");
	if (!is_time(task->updated))
		return refuse(err, "updated", "from 1970 to 9999");
	return true;
}

static bool check_fields(const struct task *task, struct err *err)
{
	for (size_t i = 0; i < task->field_count; i++) {
		const struct field *field = &task->fields[i];

		if (field->name.len == 0 || field->name.len > TASK_FIELD_NAME_MAX)
			return err_set(err, ERR_UNPROCESSABLE, "fields",
				"the name of a field must have 1 to %d bytes", TASK_FIELD_NAME_MAX);
		if (json_text_depth(field->json) > FIELD_DEPTH_MAX)
			return err_set(err, ERR_UNPROCESSABLE, "fields",
				"the field %.*s has more than %d levels", STR_ARGS(field->name),
				FIELD_DEPTH_MAX);
	}
	return true;
}

bool dialect_has_numbers(const struct dialect *dialect)
{
	const struct index_field *field = dialect->index_fields;

	while (field->source != INDEX_END && field->source != INDEX_NUMBER)
		field++;
	return field->source == INDEX_NUMBER;
}

static bool check_number(const struct dialect *dialect, const struct task *task, struct err *err)
{
	if (!dialect_has_numbers(dialect))
		return task->number == 0 ||
		       err_set(err, ERR_UNPROCESSABLE, "number",
			       "tasks of the dialect %s have no number", dialect->name);
	return (task->number > 0 && task->number <= TASK_NUMBER_MAX) ||
	       err_set(err, ERR_UNPROCESSABLE, "number",
		       "number must be an integer from 1 to %" PRIu64, TASK_NUMBER_MAX);
}

/* ---- size ---- */

/* Bytes of a record beside the fields: result, error, progress, names, fixed members. */
#define OTHERS_ROOM (TASK_RESULT_MAX + (size_t)16 * 1024)

static size_t measure_others(const struct task *task, const char *error_field)
{
	size_t bytes = 0;

	for (size_t i = 0; task && i < task->field_count; i++) {
		const struct field *field = &task->fields[i];

		if (!error_field || !str_eq(field->name, str_cstr(error_field)))
			bytes += field->name.len + field->json.len;
	}
	return bytes;
}

bool dialect_check_room(const struct task *before, const struct task *task, struct err *err)
{
	const struct dialect *dialect = dialect_by_code(task->dialect);
	struct dialect_error_field shown = { 0 };
	size_t max, old, now;

	if (dialect)
		shown = dialect->error_field;
	max = TASK_RECORD_MAX - OTHERS_ROOM - shown.max;
	old = measure_others(before, shown.name);
	now = measure_others(task, shown.name);
	return now <= max || now <= old ||
	       err_set(err, ERR_TOO_LARGE, NULL, "The fields of the task have more than %zu bytes.",
		       max);
}

/* ---- the whole task ---- */

static bool check_status(const struct dialect *dialect, const struct task *task, struct err *err)
{
	enum task_state state = dialect_state(dialect->statuses, task->status);

	if (state == TASK_STATE_NONE)
		return err_set(err, ERR_UNPROCESSABLE, "status",
			"the dialect %s has no such status", dialect->name);
	return state == task->state || err_set(err, ERR_UNPROCESSABLE, "status",
					       "in the dialect %s this status means the state %s",
					       dialect->name, task_state_name(state));
}

/* Resources have their own validation, and no status in words. */
static bool check_resource(const struct task *before, const struct task *record, struct err *err)
{
	switch (record->dialect) {
#define X(name, code) \
	case (code):  \
		return name##_validate(before, record, err);
		RESOURCE_LIST(X)
#undef X
	default:
		return refuse(err, "dialect", "the name of a dialect");
	}
}

static bool check_kind(const struct dialect *dialect, const struct task *task, struct err *err)
{
	return task->kind.len == 0 || (dialect && dialect->kind == task_own_kind) ||
	       err_set(err, ERR_UNPROCESSABLE, "kind",
		       "only tasks of the native API have a kind of their own");
}

/* What the store keeps for one state only: an import could have it in another one. */
static bool check_state(const struct task *task, struct err *err)
{
	if (task->failure != FAILURE_NONE && task->state != TASK_FAILED)
		return err_set(
			err, ERR_UNPROCESSABLE, "failure", "only a failed task has a failure");
	if (optional_time_is_set(task->start_by) && !task_is_ready(task))
		return err_set(err, ERR_UNPROCESSABLE, "start_by",
			"only a task that workers may claim has a start timeout");
	return task->start_ms <= (uint64_t)policy_members[POLICY_START_TIMEOUT].max ||
	       err_set(err, ERR_UNPROCESSABLE, "start_ms",
		       "the longest start timeout is that of a policy");
}

/* A bulk begins to run when it is created, and no worker ever has it. */
static bool check_bulk(const struct task *task, struct err *err)
{
	bool may_be = task->dialect == DIALECT_CODE_native && task->state != TASK_PENDING &&
		      task->lease.token == 0;

	return task->is_bulk == 0 || (task->is_bulk == 1 && may_be) ||
	       refuse(err, "is_bulk",
		       "0, or 1 for a native task that is not pending and has no lease");
}

static bool check_new(const struct task *task, struct err *err)
{
	return check_texts(task, err) && check_policy(task, err) && check_numbers(task, err) &&
	       check_fields(task, err) && check_state(task, err) && check_bulk(task, err);
}

bool dialect_check_task(const struct task *before, const struct task *task, struct err *err)
{
	const struct dialect *dialect = dialect_by_code(task->dialect);

	/* The limits of a change are those of its decoder; an older task may be beyond them. */
	if ((!before && !check_new(task, err)) || !dialect_check_room(before, task, err))
		return false;
	if (!before && !check_kind(dialect, task, err))
		return false;
	if (!dialect)
		return check_resource(before, task, err);
	if (!before && (!check_status(dialect, task, err) || !check_number(dialect, task, err)))
		return false;
	return dialect->validate(before, task, err) && dialect_check_address(task, err);
}

bool dialect_check_address(const struct task *task, struct err *err)
{
	const struct dialect *dialect = dialect_by_code(task->dialect);

	if (!dialect)
		return true;
	if (dialect_has_numbers(dialect) && !check_number(dialect, task, err))
		return false;
	return !dialect->check_address || dialect->check_address(task, err);
}
