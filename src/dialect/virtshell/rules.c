/* Hooks for tasks that arrive by the native API. */
#include "dialect/decode.h"
#include "dialect/virtshell/virtshell.h"

/* Number and size of the members other than log and status_history. */
struct others {
	size_t count, bytes;
};

static struct others measure_others(const struct task *task)
{
	struct others others = { 0 };

	for (size_t i = 0; task && i < task->field_count; i++) {
		const struct field *field = &task->fields[i];

		if (str_eq(field->name, STR("log")) || str_eq(field->name, STR("status_history")))
			continue;
		others.count++;
		others.bytes += field->name.len + field->json.len;
	}
	return others;
}

bool virtshell_check_room(const struct task *before, const struct task *task, struct err *err)
{
	struct others old = measure_others(before), now = measure_others(task);

	if (now.count > TASK_FIELDS_MAX - 2 && now.count > old.count)
		return err_set(err, ERR_INVALID, NULL, "A task has too many members");
	if (now.bytes > VIRTSHELL_STORED_OTHERS_MAX && now.bytes > old.bytes)
		return err_set(err, ERR_TOO_LARGE, NULL, NULL);
	return true;
}

/* The encoder copies these members unchecked, so they must be of the specified type. */
bool virtshell_validate(const struct task *before, const struct task *task, struct err *err)
{
	static const char *const texts[] = { "description", "type", "object_uuid", "log" };
	struct str json;

	if (task->status.len == 0 || task->status.len > VIRTSHELL_STATUS_MAX)
		return err_set(err, ERR_UNPROCESSABLE, "status", "status must have 1 to %d bytes",
			VIRTSHELL_STATUS_MAX);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json = task_field(task, str_cstr(texts[i]));
		if (json.ptr && json.ptr[0] != '"')
			return decode_not_a_string(err, ERR_UNPROCESSABLE, texts[i]);
	}
	json = task_field(task, STR("status_history"));
	if (json.ptr && json.ptr[0] != '[')
		return err_set(err, ERR_UNPROCESSABLE, "status_history",
			"status_history must be an array");
	return virtshell_check_room(before, task, err);
}
