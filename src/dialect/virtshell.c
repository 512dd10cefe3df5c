#include "dialect/virtshell.h"

/* The specification misspells its good end; clients ask for either. */
static struct str fold_status(struct str word)
{
	return str_eq(word, STR("success")) ? STR("sucess") : word;
}

const struct index_field virtshell_indexed[] = {
	INDEX_COMMON,
	{ .code = VIRTSHELL_BY_STATUS,
		.source = INDEX_WORD,
		.name = "status",
		.fold = fold_status },
	{ .source = INDEX_END },
};

/* The first word of a state is the one we write ourselves. */
static const struct state_word words[] = {
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
static void put_text(struct buf *out, const struct task *task, const char *name)
{
	struct str json = task_field(task, str_of(name));

	buf_printf(out, ",\"%s\":", name);
	buf_put_str(out, json.ptr ? json : STR("\"\""));
}

static void put_optional(struct buf *out, const struct task *task, const char *name)
{
	struct str json = task_field(task, str_of(name));

	if (!json.ptr)
		return;
	buf_puts(out, ",\"");
	buf_puts(out, name);
	buf_puts(out, "\":");
	buf_put_str(out, json);
}

/* What the specification does not know, in the order in which it came. */
static void put_others(struct buf *out, const struct task *task)
{
	for (size_t i = 0; i < task->field_count; i++) {
		if (virtshell_is_member(task->fields[i].name))
			continue;
		buf_putc(out, ',');
		buf_put_json(out, task->fields[i].name);
		buf_putc(out, ':');
		buf_put_str(out, task->fields[i].json);
	}
}

static bool put_task(const struct request *request, const struct task *task, struct buf *out)
{
	(void)request;
	buf_puts(out, "{\"uuid\":");
	put_uuid(out, &task->id);
	put_text(out, task, "description");
	buf_puts(out, ",\"status\":");
	buf_put_json(out, task->word);
	put_optional(out, task, "type");
	put_optional(out, task, "object_uuid");
	buf_puts(out, ",\"created\":{\"at\":");
	put_seconds(out, task->created);
	buf_puts(out, ",\"by\":");
	buf_put_json(out, task->created_by);
	buf_puts(out, "},\"last_update\":");
	put_seconds(out, task->updated);
	put_text(out, task, "log");
	put_others(out, task);
	buf_putc(out, '}');
	return buf_ok(out);
}

static bool put_tail(const struct request *request, const struct result *result, struct buf *out)
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
static bool encode_read(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	if (result->kind == OP_LIST)
		buf_puts(&response->body, "{\"tasks\":[");
	else
		put_task(request, &result->task, &response->body);
	return finish(response, err);
}

static bool encode_done(const struct request *request, const struct result *result,
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
static const struct refusal {
	int status;
	const char *text;
} refusals[ERR_CODES] = {
	[ERR_UNAUTHENTICATED] = { .status = 403 },
	[ERR_NOT_FOUND] = { .text = "task not found" },
	[ERR_METHOD] = { .status = 501 },
	[ERR_MEDIA_TYPE] = { .status = 400 },
	[ERR_UNPROCESSABLE] = { .status = 400 },
	[ERR_KEY_REUSED] = { .status = 400 },
	[ERR_DISK_FULL] = { .status = 503 },
};

static void refuse(const struct request *request, const struct err *err, struct response *response)
{
	static const struct refusal nothing;
	const struct refusal *own = err->code < ERR_CODES ? &refusals[err->code] : &nothing;

	(void)request;
	buf_reset(&response->body);
	response->media_type = NULL;
	response->status = own->status ? own->status : err_status(err->code);
	if (response->status == 406)
		return;
	buf_puts(&response->body, "{\"error\":");
	buf_put_json(&response->body, str_of(own->text ? own->text : err_text(err)));
	buf_putc(&response->body, '}');
	if (buf_ok(&response->body))
		response->media_type = virtshell_dialect.media_type;
	else
		buf_reset(&response->body);
}

/* ---- the tables ---- */

#define READS(decoder)                                                                         \
	.method = METHOD_GET, .right = RIGHT_READ, .decode = (decoder), .encode = encode_read, \
	.row = put_task, .tail = put_tail
#define WRITES(verb, decoder) \
	.method = (verb), .right = RIGHT_WRITE, .decode = (decoder), .encode = encode_done

static const struct route routes[] = {
	{ .pattern = "/tasks", READS(virtshell_decode_list) },
	{ .pattern = "/tasks/{key}", READS(virtshell_decode_key) },
	{ .pattern = "/tasks/status", READS(virtshell_decode_no_status) },
	{ .pattern = "/tasks/status/{key}", READS(virtshell_decode_status) },
	{ .pattern = "/tasks", WRITES(METHOD_POST, virtshell_decode_create) },
	{ .pattern = "/tasks/{key}", WRITES(METHOD_PUT, virtshell_decode_update) },
	/* the specification's example of an update has this address */
	{ .pattern = "/hosts/{key}", WRITES(METHOD_PUT, virtshell_decode_update) },
	{ .pattern = "/tasks/{key}", WRITES(METHOD_DELETE, virtshell_decode_remove) },
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
	.slash = SLASH_OPTIONAL,
	.routes = routes,
	.words = words,
	.other_words = TASK_RUNNING,
	.indexed = virtshell_indexed,
	.media_type = "application/json",
	.unknown_method = ERR_NOT_IMPLEMENTED,
	.refuse = refuse,
	.admit = virtshell_admit,
};
