#include "dialect/document.h"

#include <stdio.h>

#include "base/date.h"
#include "dialect/worker_text.h"
#include "http/json.h"

static bool refuse(struct err *err, const char *name, const char *rule)
{
	return err_set(err, ERR_INVALID, name, "%.60s must be %s", name, rule);
}

bool document_check_names(json_t *json, const char *const *names, struct err *err)
{
	const char *name;
	json_t *value;

	json_object_foreach (json, name, value) {
		const char *const *known = names;

		while (*known && strcmp(*known, name) != 0)
			known++;
		if (!*known)
			return err_set(err, ERR_INVALID, name, "unknown member %.60s", name);
	}
	return true;
}

static bool get(const json_t *json, const char *name, const json_t **value, struct err *err)
{
	*value = json_object_get(json, name);
	return *value || err_set(err, ERR_MISSING, name, "%s is missing", name);
}

bool document_get_text(const json_t *json, const char *name, struct str *text, struct err *err)
{
	const json_t *value;

	if (!get(json, name, &value, err))
		return false;
	if (!json_is_string(value))
		return refuse(err, name, "a string");
	*text = json_str(value);
	return true;
}

bool document_get_time(const json_t *json, const char *name, int64_t *ms, struct err *err)
{
	struct str text;

	return document_get_text(json, name, &text, err) &&
	       (date_parse(ms, text) || refuse(err, name, "a time as in RFC 3339"));
}

bool document_get_seconds(const json_t *json, const char *name, int64_t *ms, struct err *err)
{
	const json_t *value;
	uint64_t seconds = 0;
	bool ok;

	if (!get(json, name, &value, err))
		return false;
	ok = json_is_string(value) ? str_to_u64(json_str(value), &seconds)
				   : json_is_integer(value) && json_integer_value(value) >= 0;
	if (json_is_integer(value))
		seconds = (uint64_t)json_integer_value(value);
	if (!ok || seconds > DATE_MS_MAX / 1000)
		return refuse(err, name, "a number of seconds since 1970");
	*ms = (int64_t)seconds * 1000;
	return true;
}

/* ---- members of the task ---- */

static bool set_json(struct task *task, const struct document_item *item, const char *name,
	struct str json, struct err *err)
{
	struct field field = { arena_copy(item->arena, str_cstr(name)), json };

	if (!field.name.ptr || !field.json.ptr)
		return err_no_memory(err);
	return task_set_field(task, field) ||
	       err_set(err, ERR_TOO_LARGE, name, "more than %d fields", TASK_FIELDS_MAX);
}

bool document_set_field(struct task *task, const struct document_item *item, const char *name,
	const json_t *value, struct err *err)
{
	return set_json(task, item, name, json_text(value, item->arena), err);
}

static struct str json_end(const json_t *value, size_t max, struct arena *arena)
{
	struct str json = json_text(value, arena);

	return json.len > max && json_is_string(value)
		       ? worker_text_quote_end(json_str(value), max, arena)
		       : json;
}

bool document_set_end(struct task *task, const struct document_item *item, const char *name,
	const json_t *value, size_t max, struct err *err)
{
	return set_json(task, item, name, json_end(value, max, item->arena), err);
}

static bool set_null(struct task *task, const char *name)
{
	return task_set_field(task, (struct field){ str_cstr(name), STR("null") });
}

bool document_set_fields(struct task *task, const struct document_item *item, const json_t *from,
	const char *const *names, bool fill, struct err *err)
{
	for (; *names; names++) {
		const json_t *value = json_object_get(from, *names);

		if (value ? !document_set_field(task, item, *names, value, err)
			  : fill && !set_null(task, *names))
			return false;
	}
	return true;
}

bool document_copy(
	struct str *copy, const struct document_item *item, struct str text, struct err *err)
{
	*copy = arena_copy(item->arena, text);
	return copy->ptr || err_no_memory(err);
}

static bool refuse_status(
	const struct dialect_statuses *statuses, struct str status, struct err *err)
{
	char known[128] = "";
	size_t len = 0;

	for (const struct dialect_status_row *row = statuses->rows; row->status; row++) {
		len += (size_t)snprintf(
			known + len, sizeof(known) - len, "%s%s", len ? ", " : "", row->status);
		if (len >= sizeof(known))
			break;
	}
	return err_set(err, ERR_INVALID, "status", "unknown status '%.*s': this API has %s",
		status.len < 60 ? (int)status.len : 60, status.ptr, known);
}

bool document_set_status(struct task *task, const struct document_item *item,
	const struct dialect_statuses *statuses, struct str status, struct err *err)
{
	task->state = dialect_state(statuses, status);
	if (task->state == TASK_STATE_NONE)
		return refuse_status(statuses, status, err);
	if (task_state_is_final(task->state))
		task->finished = optional_time(task->updated);
	if (task->state == TASK_RUNNING)
		task->started = optional_time(task->updated);
	return document_copy(&task->status, item, status, err);
}

bool document_set_error(
	struct task *task, const struct document_item *item, const json_t *value, struct err *err)
{
	if (!value || json_is_null(value) ||
		(json_is_string(value) && json_string_length(value) == 0))
		return true;
	if (!json_is_string(value))
		return refuse(err, "error", "a string or null");
	task->error = json_end(value, TASK_TEXT_MAX, item->arena);
	return task->error.ptr || err_no_memory(err);
}
