#include "dialect/virtshell/virtshell.h"

/* The specification misspells its good end; clients ask for either. */
static struct str fold_status(struct str word)
{
	return str_eq(word, STR("success")) ? STR("sucess") : word;
}

const struct index_field virtshell_indexed[] = {
	INDEX_COMMON_FIELDS,
	{ .code = VIRTSHELL_BY_STATUS,
		.source = INDEX_STATUS,
		.name = "status",
		.normalize = fold_status },
	{ .source = INDEX_END },
};

/* The first word of a state is the one we write ourselves. */
static const struct dialect_status_row statuses[] = {
	{ TASK_PENDING, "pending" },
	{ TASK_RUNNING, "in progress" },
	{ TASK_RUNNING, "dispatching" },
	{ TASK_RUNNING, "dispatched" },
	{ TASK_RUNNING, "received" },
	{ TASK_RUNNING, "setting up" },
	{ TASK_RUNNING, "creating" },
	{ TASK_RUNNING, "created" },
	{ TASK_RUNNING, "provisioning" },
	{ TASK_RUNNING, "installing" },
	{ TASK_SUCCEEDED, "sucess" },
	{ TASK_SUCCEEDED, "success" },
	{ TASK_SUCCEEDED, "provisioned" },
	{ TASK_FAILED, "failed" },
	{ TASK_FAILED, "error" },
	{ TASK_CANCELLED, "cancelled" },
	{ TASK_STATE_NONE, NULL },
};

/* ---- answers ---- */

static void put_seconds(struct buf *out, int64_t ms)
{
	buf_putc(out, '"');
	buf_put_number(out, ms / 1000);
	buf_putc(out, '"');
}

static void put_uuid(struct buf *out, const struct id *id)
{
	char text[ID_TEXT_LEN + 1];

	id_format(id, text);
	buf_putc(out, '"');
	buf_put(out, text, ID_TEXT_LEN);
	buf_putc(out, '"');
}

/* What every sample shows: empty when it was never said. */
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

/* What the specification does not know, in the order in which it came. */
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

static bool put_task(const struct request *request, const struct task *task, struct buf *out)
{
	(void)request;
	buf_puts(out, "{\"uuid\":");
	put_uuid(out, &task->id);
	put_required(out, task, "description");
	buf_puts(out, ",\"status\":");
	buf_put_json_string(out, task->status);
	put_optional(out, task, "type");
	put_optional(out, task, "object_uuid");
	buf_puts(out, ",\"created\":{\"at\":");
	put_seconds(out, task->created);
	buf_puts(out, ",\"by\":");
	buf_put_json_string(out, task->created_by);
	buf_puts(out, "},\"last_update\":");
	put_seconds(out, task->updated);
	put_required(out, task, "log");
	put_unknown_members(out, task);
	buf_putc(out, '}');
	return buf_ok(out);
}

static bool encode_end(const struct request *request, const struct result *result, struct buf *out)
{
	(void)request, (void)result;
	buf_puts(out, "]}");
	return buf_ok(out);
}

static bool finish(struct response *response, struct err *err)
{
	response->status = 200;
	response->media_type = virtshell_dialect.media_type;
	return buf_ok(&response->body) || err_no_memory(err);
}

/* One task, or what stands before the rows of a list. */
static bool encode_tasks(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	if (result->kind == OP_LIST)
		buf_puts(&response->body, "{\"tasks\":[");
	else
		put_task(request, &result->task, &response->body);
	return finish(response, err);
}

static bool encode_success(const struct request *request, const struct result *result,
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
	return finish(response, err);
}

/* Where this dialect departs from the status or the sentence of the one list of errors. */
static const struct error_override {
	int status;
	const char *text;
} error_overrides[ERR_CODES] = {
	[ERR_UNAUTHENTICATED] = { .status = 403 },
	[ERR_NOT_FOUND] = { .text = "task not found" },
	[ERR_METHOD] = { .status = 501 },
	[ERR_MEDIA_TYPE] = { .status = 400 },
	[ERR_UNPROCESSABLE] = { .status = 400 },
	[ERR_KEY_REUSED] = { .status = 400 },
	[ERR_DISK_FULL] = { .status = 503 },
};

static void encode_error(
	const struct request *request, const struct err *err, struct response *response)
{
	static const struct error_override nothing;
	const struct error_override *own = err->code < ERR_CODES ? &error_overrides[err->code]
								 : &nothing;

	(void)request;
	buf_reset(&response->body);
	response->media_type = NULL;
	response->status = own->status ? own->status : err_status(err->code);
	if (response->status == 406)
		return;
	buf_puts(&response->body, "{\"error\":");
	buf_put_json_string(&response->body, str_cstr(own->text ? own->text : err_text(err)));
	buf_putc(&response->body, '}');
	if (buf_ok(&response->body))
		response->media_type = virtshell_dialect.media_type;
	else
		buf_reset(&response->body);
}

/* ---- the tables ---- */

#define READ_ROUTE(decoder)                                                                     \
	.method = METHOD_GET, .right = RIGHT_READ, .decode = (decoder), .encode = encode_tasks, \
	.encode_row = put_task, .encode_end = encode_end
#define WRITE_ROUTE(verb, decoder) \
	.method = (verb), .right = RIGHT_WRITE, .decode = (decoder), .encode = encode_success

static const struct route routes[] = {
	{ .pattern = "/tasks", READ_ROUTE(virtshell_decode_list) },
	{ .pattern = "/tasks/{key}", READ_ROUTE(virtshell_decode_task_or_status) },
	{ .pattern = "/tasks/status", READ_ROUTE(virtshell_decode_missing_status) },
	{ .pattern = "/tasks/status/{key}", READ_ROUTE(virtshell_decode_status) },
	{ .pattern = "/tasks", WRITE_ROUTE(METHOD_POST, virtshell_decode_create) },
	{ .pattern = "/tasks/{key}", WRITE_ROUTE(METHOD_PUT, virtshell_decode_update) },
	/* the specification's example of an update has this address */
	{ .pattern = "/hosts/{key}", WRITE_ROUTE(METHOD_PUT, virtshell_decode_update) },
	{ .pattern = "/tasks/{key}", WRITE_ROUTE(METHOD_DELETE, virtshell_decode_delete) },
	ROUTE_END,
};

static const char *const prefixes[] = {
	"/api/virtshell/v1",
	"/virtshell/api/v1",
	"/api/virtsh/v1",
	NULL,
};

const struct dialect virtshell_dialect = {
	.name = "virtshell",
	.code = DIALECT_CODE_virtshell,
	.prefixes = prefixes,
	.trailing_slash = SLASH_IGNORE,
	.routes = routes,
	.statuses = statuses,
	.default_state = TASK_RUNNING,
	.index_fields = virtshell_indexed,
	.media_type = "application/json",
	.method_error = ERR_NOT_IMPLEMENTED,
	.encode_error = encode_error,
	.validate = virtshell_validate,
};
