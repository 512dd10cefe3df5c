#include "import/import_task.h"

#include "base/encode.h"
#include "http/json.h"

#define DIALECT "idol"

static bool refuse(struct err *err, const char *text)
{
	return err_set(err, ERR_UNPROCESSABLE, NULL, "%s", text);
}

static bool read_md5(struct import_task *task, const json_t *md5, struct err *err)
{
	uint8_t bytes[DIGEST_MD5_LEN / 2];

	if (!md5 || json_is_null(md5))
		return true;
	if (!json_is_string(md5) || !hex_decode(bytes, sizeof(bytes), json_str(md5)))
		return refuse(err, "The md5 of the task is not 32 hexadecimal digits.");
	hex_encode(task->md5, bytes, sizeof(bytes));
	return true;
}

/* NULL: missing, empty or of another type. */
static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text && *text ? text : NULL;
}

static bool read_fields(struct import_task *task, const json_t *fields, struct err *err)
{
	const json_t *attachable = json_object_get(fields, "attachable");

	task->url = text_of(fields, "url");
	if (!task->url)
		return refuse(err, "The task has no url.");
	task->attachable_type = text_of(attachable, "type");
	task->attachable_id = text_of(attachable, "id");
	if (!task->attachable_type || !task->attachable_id)
		return refuse(err, "The task has no attachable.");
	return read_md5(task, json_object_get(fields, "md5"), err);
}

static bool read_members(struct import_task *task, struct err *err)
{
	const char *dialect = text_of(task->json, "dialect");
	json_int_t number = json_integer_value(json_object_get(task->json, "number"));

	if (!dialect || !id_parse(&task->id, json_str(json_object_get(task->json, "id"))))
		return refuse(err, "The input is not a task.");
	if (strcmp(dialect, DIALECT) != 0)
		return err_set(err, ERR_INVALID, NULL,
			"The task is of the dialect %.32s: the worker needs --dialect " DIALECT ".",
			dialect);
	task->number = number > 0 ? (uint64_t)number : 0;
	return read_fields(task, json_object_get(task->json, "fields"), err);
}

bool import_task_parse(struct import_task *task, struct str text, struct err *err)
{
	struct import_task found = { 0 };
	struct err why;

	if (!json_parse_exact(&found.json, text, &why))
		return refuse(err, "The input is not a task in JSON.");
	if (!read_members(&found, err)) {
		import_task_free(&found);
		return false;
	}
	*task = found;
	return true;
}

void import_task_free(struct import_task *task)
{
	json_decref(task->json);
	*task = (struct import_task){ 0 };
}
