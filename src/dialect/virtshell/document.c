/* Tasks in the responses of VirtShell: an object with `tasks`, or one task. */
#include "dialect/document.h"

#include "dialect/virtshell/virtshell.h"
#include "http/json.h"

/* Members of the task itself; `date` is the time of day of last_update. */
static bool is_own(const char *name)
{
	static const char *const own[] = { "uuid", "status", "created", "last_update", "date",
		NULL };
	const char *const *known = own;

	while (*known && strcmp(*known, name) != 0)
		known++;
	return *known != NULL;
}

/*
 * Members that the specification does not name are kept, because clients read them back. null is an
 * absent member, as in requests.
 */
static bool read_fields(struct task *task, const struct document_item *item, struct err *err)
{
	const char *name;
	json_t *value;
	bool ok = true;

	json_object_foreach (item->json, name, value) {
		if (is_own(name) || json_is_null(value))
			continue;
		ok = strcmp(name, "log") == 0
			     ? document_set_end(task, item, name, value, VIRTSHELL_LOG_MAX, err)
			     : document_set_field(task, item, name, value, err);
		if (!ok)
			break;
	}
	return ok;
}

/* "12:26:32.113000" has the milliseconds that last_update does not have. */
static void add_milliseconds(struct task *task, const struct document_item *item)
{
	struct str date = json_str(json_object_get(item->json, "date"));
	uint64_t ms;

	if (date.len == strlen("12:26:32.113000") &&
		str_to_u64((struct str){ date.ptr + strlen("12:26:32."), 3 }, &ms))
		task->updated += (int64_t)ms;
}

static bool read_created(struct task *task, const struct document_item *item, struct err *err)
{
	static const char *const names[] = { "at", "by", NULL };
	json_t *created = json_object_get(item->json, "created");
	struct str by;

	if (!created)
		return err_set(err, ERR_MISSING, "created", "created is missing");
	if (!json_is_object(created))
		return err_set(err, ERR_INVALID, "created", "created must be an object");
	return document_check_names(created, names, err) &&
	       document_get_seconds(created, "at", &task->created, err) &&
	       document_get_text(created, "by", &by, err) &&
	       document_copy(&task->created_by, item, by, err);
}

static bool read(struct task *task, const struct document_item *item, struct err *err)
{
	struct str id, status;

	if (!document_get_text(item->json, "uuid", &id, err))
		return false;
	if (!id_parse(&task->id, id))
		return err_set(err, ERR_INVALID, "uuid", "uuid must be a UUID");
	if (!read_created(task, item, err) ||
		!document_get_seconds(item->json, "last_update", &task->updated, err))
		return false;
	add_milliseconds(task, item);
	return document_get_text(item->json, "status", &status, err) &&
	       document_set_status(task, item, &virtshell_statuses, status, err) &&
	       read_fields(task, item, err);
}

const struct dialect_document virtshell_document = { .list = "tasks", .read = read };
