#include "dialect/virtshell/virtshell.h"

static void put_seconds(struct buf *out, int64_t ms)
{
	buf_putc(out, '"');
	buf_put_number(out, ms / 1000);
	buf_putc(out, '"');
}

static void put_uuid(struct buf *out, const struct id *id)
{
	buf_putc(out, '"');
	id_put(id, out);
	buf_putc(out, '"');
}

/* Clients rely on the member: empty if it was never set. */
static void put_required(struct buf *out, const struct task *task, const char *name)
{
	struct str json = task_field(task, str_cstr(name));

	buf_printf(out, ",\"%s\":", name);
	buf_put_str(out, json.ptr ? json : STR("\"\""));
}

static void put_optional(struct buf *out, const struct task *task, const char *name)
{
	struct str json = task_field(task, str_cstr(name));

	if (!json.ptr)
		return;
	buf_puts(out, ",\"");
	buf_puts(out, name);
	buf_puts(out, "\":");
	buf_put_str(out, json);
}

/* Members that the specification does not name, in the order in which they were set. */
static void put_unknown_members(struct buf *out, const struct task *task)
{
	for (size_t i = 0; i < task->field_count; i++) {
		if (virtshell_is_known_member(task->fields[i].name))
			continue;
		buf_putc(out, ',');
		buf_put_json_string(out, task->fields[i].name);
		buf_putc(out, ':');
		buf_put_str(out, task->fields[i].json);
	}
}

bool virtshell_put_task(const struct request *request, const struct task *task, struct buf *out)
{
	buf_puts(out, "{\"uuid\":");
	put_uuid(out, &task->id);
	put_required(out, task, "description");
	buf_puts(out, ",\"status\":");
	buf_put_json_string(out, task->status);
	put_required(out, task, "type");
	put_optional(out, task, "object_uuid");
	buf_puts(out, ",\"created\":{\"at\":");
	put_seconds(out, task->created);
	buf_puts(out, ",\"by\":");
	buf_put_json_string(out, task->created_by);
	buf_puts(out, "},\"last_update\":");
	put_seconds(out, task->updated);
	put_required(out, task, "log");
	if (task_field(task, STR("status_history")).ptr) {
		buf_puts(out, ",\"date\":\"");
		virtshell_put_time_of_day(request->tz, task->updated, out);
		buf_putc(out, '"');
		put_optional(out, task, "status_history");
	}
	put_unknown_members(out, task);
	buf_putc(out, '}');
	return buf_ok(out);
}

bool virtshell_encode_end(
	const struct request *request, const struct result *result, struct buf *out)
{
	(void)request, (void)result;
	buf_puts(out, "]}");
	return buf_ok(out);
}

/* One task, or the text before the rows of a list. */
bool virtshell_encode_tasks(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	if (result->kind == OP_LIST)
		buf_puts(&response->body, "{\"tasks\":[");
	else
		virtshell_put_task(request, &result->task, &response->body);
	return response_finish(response, 200, VIRTSHELL_MEDIA_TYPE, err);
}

bool virtshell_encode_success(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	static const char *const verbs[OP_KINDS] = {
		[OP_CREATE] = "create",
		[OP_UPDATE] = "update",
		[OP_REMOVE] = "delete",
	};

	(void)request;
	buf_printf(&response->body, "{\"%s\":\"success\"", verbs[result->kind]);
	if (result->kind == OP_CREATE) {
		buf_puts(&response->body, ",\"task_id\":");
		put_uuid(&response->body, &result->task.id);
	}
	buf_putc(&response->body, '}');
	return response_finish(response, 200, VIRTSHELL_MEDIA_TYPE, err);
}
