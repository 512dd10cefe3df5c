#include "dialect/uplynk/uplynk.h"

const struct index_field uplynk_indexed[] = {
	INDEX_COMMON_FIELDS,
	{ .source = INDEX_END },
};

const struct index_field uplynk_point_indexed[] = {
	{ .code = INDEX_BY_CREATED, .source = INDEX_ALL, .name = "created" },
	{ .source = INDEX_END },
};

static const struct dialect_status_row statuses[] = {
	{ TASK_RUNNING, "IN_PROGRESS" },
	{ TASK_SUCCEEDED, "COMPLETED" },
	{ TASK_FAILED, "FAILED" },
	{ TASK_PENDING, "PENDING" },
	{ TASK_CANCELLED, "CANCELLED" },
	{ TASK_STATE_NONE, NULL },
};

/*
 * What a client of Uplynk is told: it knows no queue, and waits for one of two ends. The other two
 * words are for the native API, which alone can bring a task there.
 */
static const enum task_state visible_state[TASK_STATES] = {
	[TASK_STATE_NONE] = TASK_RUNNING,
	[TASK_PENDING] = TASK_RUNNING,
	[TASK_RUNNING] = TASK_RUNNING,
	[TASK_SUCCEEDED] = TASK_SUCCEEDED,
	[TASK_FAILED] = TASK_FAILED,
	[TASK_CANCELLED] = TASK_FAILED,
};

/* ---- answers ---- */

/* What is told of a task everywhere, in the answer to a removal as well. */
static void put_state(const struct task *task, struct buf *out)
{
	struct str operation = task_field(task, STR("operation"));

	buf_puts(out, "\"state\":\"");
	buf_puts(out, dialect_status(&uplynk_dialect, visible_state[task->state]));
	buf_puts(out, "\",\"operation\":");
	buf_put_str(out, operation.ptr ? operation : STR("null"));
}

static bool put_task(const struct request *request, const struct task *task, struct buf *out)
{
	char id[ID_TEXT_LEN + 1];

	(void)request;
	id_format(&task->id, id);
	buf_puts(out, "{\"@id\":\"" UPLYNK_TASKS_PATH "/");
	buf_puts(out, id);
	buf_puts(out, "\",\"@type\":\"ReservedEndpointTask\",\"id\":\"");
	buf_puts(out, id);
	buf_puts(out, "\",");
	put_state(task, out);
	buf_puts(out, ",\"timestamp\":");
	buf_put_number(out, task->created / 1000);
	buf_putc(out, '}');
	return buf_ok(out);
}

static bool encode_end(const struct request *request, const struct result *result, struct buf *out)
{
	(void)request;
	buf_puts(out, "],\"total_items\":");
	buf_put_number(out, (int64_t)result->rows_returned);
	buf_putc(out, '}');
	return buf_ok(out);
}

static bool finish(struct response *response, struct err *err)
{
	response->status = 200;
	response->media_type = uplynk_dialect.media_type;
	return buf_ok(&response->body) || err_no_memory(err);
}

static void put_collection(const char *id, struct buf *out)
{
	buf_puts(out, "{\"@id\":\"");
	buf_puts(out, id);
	buf_puts(out, "\",\"@type\":\"Collection\",\"items\":[");
}

/* One task, or what stands before the rows of a list. */
static bool encode_tasks(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	if (result->kind == OP_LIST)
		put_collection(UPLYNK_TASKS_PATH, &response->body);
	else
		put_task(request, &result->task, &response->body);
	return finish(response, err);
}

static bool encode_points(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	if (result->kind == OP_LIST)
		put_collection(UPLYNK_POINTS_PATH, &response->body);
	else if (result->kind == OP_CREATE)
		uplynk_put_created_point(&result->task, &response->body);
	else
		uplynk_put_point(request, &result->task, &response->body);
	return finish(response, err);
}

/* The point is gone: what the client gets is the task by which it can see when that is so. */
static bool encode_deleted(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	struct buf *out = &response->body;
	char task[ID_TEXT_LEN + 1];
	struct id point;

	if (!uplynk_parse_id(&point, request_path_var(request, "point")))
		return err_set(err, ERR_INTERNAL, NULL, NULL);
	id_format(&result->companion.id, task);
	uplynk_put_point_head(&point, out);
	buf_puts(out, ",\"task\":{\"id\":\"");
	buf_puts(out, task);
	buf_puts(out, "\",");
	put_state(&result->companion, out);
	buf_puts(out, "}}");
	return finish(response, err);
}

/* Where this dialect departs from the sentence of the one list of errors; `point` where the address
 * is that of an ingest point. */
static const struct error_override {
	const char *text, *point;
} error_overrides[ERR_CODES] = {
	[ERR_UNAUTHENTICATED] = { .text = "Invalid signature" },
	[ERR_NOT_FOUND] = { .point = "There is no such ingest point." },
	[ERR_PRECONDITION] = { .point = "The ingest point has changed since it was read." },
};

static const char *error_message(const struct request *request, const struct err *err)
{
	const struct error_override *own = err->code < ERR_CODES ? &error_overrides[err->code]
								 : &error_overrides[0];

	if (own->point && request_path_var(request, "point").ptr)
		return own->point;
	return own->text ? own->text : err_text(err);
}

static void encode_error(
	const struct request *request, const struct err *err, struct response *response)
{
	struct buf *out = &response->body;

	buf_reset(out);
	response->status = err_status(err->code);
	response->media_type = NULL;
	buf_puts(out, "{\"@type\":\"Error\",\"status\":");
	buf_put_number(out, response->status);
	buf_puts(out, ",\"message\":");
	buf_put_json_string(out, str_cstr(error_message(request, err)));
	buf_putc(out, '}');
	if (buf_ok(out))
		response->media_type = uplynk_dialect.media_type;
	else
		buf_reset(out);
}

/* ---- the tables ---- */

#define READ_ROUTE(at, decoder, encoder)                                                 \
	.method = METHOD_GET, .pattern = (at), .right = RIGHT_READ, .decode = (decoder), \
	.encode = (encoder)
#define WRITE_ROUTE(verb, at, decoder, encoder)                                       \
	.method = (verb), .pattern = (at), .right = RIGHT_WRITE, .decode = (decoder), \
	.encode = (encoder)

static const struct route routes[] = {
	{ READ_ROUTE("/ingest-points/tasks", uplynk_decode_tasks, encode_tasks),
		.encode_row = put_task, .encode_end = encode_end },
	{ READ_ROUTE("/ingest-points/tasks/{task}", uplynk_decode_task, encode_tasks) },
	{ READ_ROUTE("/slicers/ingest-points", uplynk_decode_points, encode_points),
		.encode_row = uplynk_put_point, .encode_end = encode_end },
	{ READ_ROUTE("/slicers/ingest-points/{point}", uplynk_decode_point, encode_points) },
	{ WRITE_ROUTE(METHOD_POST, "/slicers/ingest-points", uplynk_decode_create, encode_points) },
	{ WRITE_ROUTE(METHOD_PATCH, "/slicers/ingest-points/{point}", uplynk_decode_update,
		encode_points) },
	{ WRITE_ROUTE(METHOD_DELETE, "/slicers/ingest-points/{point}", uplynk_decode_delete,
		encode_deleted) },
	ROUTE_END,
};

static const char *const prefixes[] = { UPLYNK_PREFIX, NULL };

const struct dialect uplynk_dialect = {
	.name = "uplynk",
	.code = DIALECT_CODE_uplynk,
	.prefixes = prefixes,
	.trailing_slash = SLASH_IGNORE,
	.routes = routes,
	.statuses = statuses,
	.default_state = TASK_STATE_NONE,
	.index_fields = uplynk_indexed,
	.media_type = "application/json",
	.method_error = ERR_METHOD,
	.uuid_version = 4,
	.encode_error = encode_error,
	.native_defaults = uplynk_native_defaults,
	.validate = uplynk_validate,
};
