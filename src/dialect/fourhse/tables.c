#include <time.h>

#include "dialect/fourhse/fourhse.h"
#include "http/query.h"

/* What is asked for together: the pending ones of a handler. The table has each code's row at code
 * - 1. */
#define PAIR_WITH_STATUS(pair_code, other)                                           \
	{                                                                            \
		.code = (pair_code), .source = INDEX_PAIR, .name = "pair", .pair = { \
			&fourhse_indexed[(other)-1],                                 \
			&fourhse_indexed[FOURHSE_BY_STATUS - 1]                      \
		}                                                                    \
	}

const struct index_field fourhse_indexed[] = {
	INDEX_COMMON_FIELDS,
	{ .code = FOURHSE_BY_STATUS, .source = INDEX_STATUS, .name = "status" },
	{ .code = FOURHSE_BY_HANDLER, .source = INDEX_FIELD, .name = "handler" },
	{ .code = FOURHSE_BY_USER_ID, .source = INDEX_FIELD, .name = "user_id" },
	{ .code = FOURHSE_BY_ENTITY_ID, .source = INDEX_FIELD, .name = "entity_id" },
	{ .code = FOURHSE_BY_TASK_ID, .source = INDEX_FIELD, .name = "task_id" },
	{ .code = FOURHSE_BY_REQUEST, .source = INDEX_FIELD, .name = "request" },
	{ .code = FOURHSE_BY_RESPONSE, .source = INDEX_FIELD, .name = "response" },
	PAIR_WITH_STATUS(FOURHSE_BY_HANDLER_AND_STATUS, FOURHSE_BY_HANDLER),
	PAIR_WITH_STATUS(FOURHSE_BY_USER_ID_AND_STATUS, FOURHSE_BY_USER_ID),
	PAIR_WITH_STATUS(FOURHSE_BY_ENTITY_ID_AND_STATUS, FOURHSE_BY_ENTITY_ID),
	{ .source = INDEX_END },
};

const struct fourhse_member fourhse_members[FOURHSE_MEMBER_COUNT] = {
	{ "task_id", "Task ID", FOURHSE_BY_TASK_ID, FOURHSE_FIELD, FOURHSE_ID_MAX, false, false },
	{ "handler", "Handler", FOURHSE_BY_HANDLER, FOURHSE_FIELD, 255, false, false },
	{ "user_id", "User ID", FOURHSE_BY_USER_ID, FOURHSE_FIELD, 255, false, false },
	{ "entity_id", "Entity ID", FOURHSE_BY_ENTITY_ID, FOURHSE_FIELD, 255, true, false },
	{ "status", "Status", FOURHSE_BY_STATUS, FOURHSE_STATUS, 255, false, false },
	{ "request", "Request", FOURHSE_BY_REQUEST, FOURHSE_FIELD, 0, true, true },
	{ "response", "Response", FOURHSE_BY_RESPONSE, FOURHSE_FIELD, 0, true, true },
	{ "created_at", "Created At", INDEX_BY_CREATED, FOURHSE_CREATED, 0, false, false },
	{ "updated_at", "Updated At", INDEX_BY_UPDATED, FOURHSE_UPDATED, 0, false, false },
};

const struct fourhse_member *fourhse_member_by_name(struct str name)
{
	for (size_t i = 0; i < FOURHSE_MEMBER_COUNT; i++) {
		if (str_eq(name, str_cstr(fourhse_members[i].name)))
			return &fourhse_members[i];
	}
	return NULL;
}

/* The set is open; the first word of a state is the one we write ourselves. */
static const struct dialect_status_row statuses[] = {
	{ TASK_PENDING, "pending" },
	{ TASK_RUNNING, "running" },
	{ TASK_RUNNING, "processing" },
	{ TASK_RUNNING, "in progress" },
	{ TASK_RUNNING, "started" },
	{ TASK_SUCCEEDED, "completed" },
	{ TASK_SUCCEEDED, "done" },
	{ TASK_SUCCEEDED, "success" },
	{ TASK_FAILED, "failed" },
	{ TASK_FAILED, "error" },
	{ TASK_CANCELLED, "cancelled" },
	{ TASK_CANCELLED, "canceled" },
	{ TASK_STATE_NONE, NULL },
};

/* ---- answers ---- */

static void put_date(struct buf *out, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm)) {
		out->failed = true;
		return;
	}
	buf_printf(out, "\"%04d-%02d-%02d\"", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

static void put_field(struct buf *out, const struct task *task, const char *name)
{
	struct str json = task_field(task, str_cstr(name));

	buf_put_str(out, json.len > 0 ? json : STR("null"));
}

static void put_value(struct buf *out, const struct task *task, const struct fourhse_member *member)
{
	switch (member->source) {
	case FOURHSE_STATUS:
		buf_put_json_string(out, task->status);
		break;
	case FOURHSE_CREATED:
		put_date(out, task->created);
		break;
	case FOURHSE_UPDATED:
		put_date(out, task->updated);
		break;
	case FOURHSE_FIELD:
	default:
		put_field(out, task, member->name);
		break;
	}
}

static void put_task(const struct request *request, const struct task *task, struct buf *out)
{
	char before = '{';

	for (size_t i = 0; i < FOURHSE_MEMBER_COUNT; i++) {
		if (!(request->selected_fields & 1U << i))
			continue;
		buf_putc(out, before);
		buf_putc(out, '"');
		buf_puts(out, fourhse_members[i].name);
		buf_puts(out, "\":");
		put_value(out, task, &fourhse_members[i]);
		before = ',';
	}
	buf_puts(out, before == '{' ? "{}" : "}");
}

static bool finish(struct response *response, int status, struct err *err)
{
	response->status = status;
	response->media_type = fourhse_dialect.media_type;
	return (buf_ok(&response->body) && buf_ok(&response->headers)) || err_no_memory(err);
}

static bool encode_list(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	json_t *params;
	bool ok;

	if (!fourhse_list_params(&params, request, err))
		return false;
	buf_putc(&response->body, '[');
	ok = fourhse_add_page_headers(params, request, result, response, err) &&
	     finish(response, 200, err);
	json_decref(params);
	return ok;
}

static bool encode_list_row(const struct request *request, const struct task *task, struct buf *out)
{
	put_task(request, task, out);
	return buf_ok(out);
}

static bool encode_list_end(
	const struct request *request, const struct result *result, struct buf *out)
{
	(void)request, (void)result;
	buf_putc(out, ']');
	return buf_ok(out);
}

static bool encode_task(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	put_task(request, &result->task, &response->body);
	return finish(response, 200, err);
}

/* Where the new task is to be seen. */
static bool encode_created(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	struct str id = json_unquote(task_field(&result->task, STR("task_id")), request->arena);
	struct buf to = BUF_INIT;
	bool ok;

	buf_put_str(&to, request->base_url);
	buf_puts(&to, FOURHSE_PREFIX "/view?id=");
	query_encode(&to, id, QUERY_PLUS_IS_PLUS);
	response_add_header(response, "Location", buf_str(&to));
	ok = id.ptr && buf_ok(&to);
	buf_free(&to);
	if (!ok)
		return err_no_memory(err);
	put_task(request, &result->task, &response->body);
	return finish(response, 201, err);
}

/* Nothing, or what stands in the way: the rows are the connected tasks. */
static bool encode_deleted(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	(void)request;
	response->status = 204;
	if (!result->has_dependents)
		return true;
	buf_puts(&response->body,
		"{\"name\":\"Bad Request\",\"message\":\"The task has connected entities, which will "
		"be deleted as well: confirm it with force=true.\",\"code\":0,\"status\":400,"
		"\"entities\":[");
	return finish(response, 400, err);
}

static bool encode_dependent_row(
	const struct request *request, const struct task *task, struct buf *out)
{
	(void)request;
	buf_puts(out, "{\"type\":\"task\",\"id\":");
	put_field(out, task, "task_id");
	buf_puts(out, ",\"name\":");
	put_field(out, task, "handler");
	buf_putc(out, '}');
	return buf_ok(out);
}

static bool encode_dependents_end(
	const struct request *request, const struct result *result, struct buf *out)
{
	(void)request, (void)result;
	buf_puts(out, "]}");
	return buf_ok(out);
}

/* ---- the tables ---- */

#define LIST_ROUTE(verb)                                                      \
	.method = (verb), .right = RIGHT_READ, .decode = fourhse_decode_list, \
	.encode = encode_list, .encode_row = encode_list_row, .encode_end = encode_list_end
#define READ_ROUTE                                                                \
	.method = METHOD_GET, .right = RIGHT_READ, .decode = fourhse_decode_read, \
	.encode = encode_task
#define UPDATE_ROUTE(verb)                                                       \
	.method = (verb), .right = RIGHT_WRITE, .decode = fourhse_decode_update, \
	.encode = encode_task
#define DELETE_ROUTE                                                                    \
	.method = METHOD_DELETE, .right = RIGHT_WRITE, .decode = fourhse_decode_delete, \
	.encode = encode_deleted, .encode_row = encode_dependent_row,                   \
	.encode_end = encode_dependents_end

static const struct route routes[] = {
	{ .pattern = "/index", LIST_ROUTE(METHOD_GET) },
	{ .pattern = "/index", LIST_ROUTE(METHOD_POST) },
	{ .pattern = "/create",
		.method = METHOD_POST,
		.right = RIGHT_WRITE,
		.decode = fourhse_decode_create,
		.encode = encode_created },
	{ .pattern = "/view", READ_ROUTE },
	{ .pattern = "/view/{id}", READ_ROUTE },
	{ .pattern = "/update", UPDATE_ROUTE(METHOD_PUT) },
	{ .pattern = "/update/{id}", UPDATE_ROUTE(METHOD_PUT) },
	{ .pattern = "/update", UPDATE_ROUTE(METHOD_PATCH) },
	{ .pattern = "/update/{id}", UPDATE_ROUTE(METHOD_PATCH) },
	{ .pattern = "/delete", DELETE_ROUTE },
	{ .pattern = "/delete/{id}", DELETE_ROUTE },
	ROUTE_END,
};

static const char *const prefixes[] = { FOURHSE_PREFIX, NULL };

const struct dialect fourhse_dialect = {
	.name = "fourhse",
	.code = DIALECT_CODE_fourhse,
	.prefixes = prefixes,
	.trailing_slash = SLASH_IGNORE,
	.routes = routes,
	.statuses = statuses,
	.default_state = TASK_RUNNING,
	.index_fields = fourhse_indexed,
	.media_type = "application/json; charset=UTF-8",
	.method_error = ERR_METHOD,
	.encode_error = fourhse_encode_error,
	.native_defaults = fourhse_native_defaults,
	.validate = fourhse_validate,
};
