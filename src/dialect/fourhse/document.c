/* Tasks in the responses of 4HSE: an array of them, an envelope with `items`, or one. */
#include "dialect/document.h"

#include "base/date.h"
#include "dialect/fourhse/fourhse.h"

/* Noon in UTC is on the same day in most time zones. */
#define NOON_MS (INT64_C(12) * 3600 * 1000)

/* A day, or a time as in RFC 3339. */
static bool read_time(const json_t *json, const char *name, int64_t *ms, struct err *err)
{
	struct str text;

	if (!document_get_text(json, name, &text, err))
		return false;
	if (date_parse_day(ms, text)) {
		*ms += NOON_MS;
		return true;
	}
	return date_parse(ms, text) ||
	       err_set(err, ERR_INVALID, name,
		       "%s must be a day such as 2024-01-31 or a time such as 2024-01-31T12:00:00Z",
		       name);
}

/* As in requests: other JSON than a string is kept as its text. */
static bool set_json_text(
	struct task *task, const struct document_item *item, const char *name, struct err *err)
{
	const json_t *value = json_object_get(item->json, name);
	struct field field = { str_cstr(name), STR("null") };

	if (value)
		field.json = fourhse_as_string(value, item->arena);
	return (field.json.ptr && task_set_field(task, field)) || err_no_memory(err);
}

static bool read_id(struct task *task, const struct document_item *item, struct err *err)
{
	struct str text, stored;
	json_t *value;
	bool ok;

	if (!document_get_text(item->json, "task_id", &text, err))
		return false;
	if (!fourhse_parse_task_id(&task->id, &stored, text, item->arena, err))
		return err->code == ERR_NO_MEMORY
			       ? false
			       : err_set(err, ERR_INVALID, "task_id",
					 "task_id must be a UUID or 1 to %d characters",
					 FOURHSE_ID_MAX);
	value = json_stringn(stored.ptr, stored.len);
	ok = value ? document_set_field(task, item, "task_id", value, err) : err_no_memory(err);
	json_decref(value);
	return ok;
}

static bool read(struct task *task, const struct document_item *item, struct err *err)
{
	static const char *const names[] = { "task_id", "handler", "user_id", "entity_id", "status",
		"request", "response", "created_at", "updated_at", NULL };
	static const char *const fields[] = { "handler", "user_id", "entity_id", NULL };
	struct str status;

	return document_check_names(item->json, names, err) && read_id(task, item, err) &&
	       read_time(item->json, "created_at", &task->created, err) &&
	       read_time(item->json, "updated_at", &task->updated, err) &&
	       document_get_text(item->json, "status", &status, err) &&
	       document_set_status(task, item, &fourhse_statuses, status, err) &&
	       document_set_fields(task, item, item->json, fields, true, err) &&
	       set_json_text(task, item, "request", err) &&
	       set_json_text(task, item, "response", err);
}

const struct dialect_document fourhse_document = { .list = "items", .read = read };
