#include "base/date.h"
#include "dialect/native/native.h"

const struct index_field native_indexed[] = {
	INDEX_COMMON_FIELDS,
	{ .source = INDEX_END },
};

static const struct dialect_status_row statuses[] = {
	{ TASK_PENDING, "pending" },
	{ TASK_RUNNING, "running" },
	{ TASK_SUCCEEDED, "succeeded" },
	{ TASK_FAILED, "failed" },
	{ TASK_CANCELLED, "cancelled" },
	{ TASK_STATE_NONE, NULL },
};

/* ---- a task ---- */

static void put_text(struct buf *out, const char *head, struct str text)
{
	buf_puts(out, head);
	buf_put_json_string(out, text);
}

static void put_number(struct buf *out, const char *head, int64_t number)
{
	buf_puts(out, head);
	buf_put_number(out, number);
}

/* 0: not yet, or none. */
static void put_time(struct buf *out, const char *head, int64_t ms)
{
	buf_puts(out, head);
	if (ms == 0) {
		buf_puts(out, "null");
		return;
	}
	buf_putc(out, '"');
	date_put(ms, out);
	buf_putc(out, '"');
}

static void put_json(struct buf *out, const char *head, struct str json)
{
	buf_puts(out, head);
	buf_put_str(out, json.len ? json : STR("null"));
}

static void put_url(struct buf *out, const struct request *request, const struct id *id)
{
	char text[ID_TEXT_LEN + 1];

	id_format(id, text);
	buf_put_str(out, request->base_url);
	buf_puts(out, NATIVE_TASKS_PATH "/");
	buf_puts(out, text);
}

static void put_identity(struct buf *out, const struct task *task)
{
	char text[ID_TEXT_LEN + 1];

	id_format(&task->id, text);
	put_text(out, "{\"id\":", str_cstr(text));
	put_text(out, ",\"dialect\":", str_cstr(dialect_code_name(task->dialect)));
	if (task->number)
		put_number(out, ",\"number\":", (int64_t)task->number);
	else
		buf_puts(out, ",\"number\":null");
	put_text(out, ",\"state\":", str_cstr(task_state_name(task->state)));
	put_text(out, ",\"status\":", task->status);
	buf_puts(out, task->archived ? ",\"archived\":true" : ",\"archived\":false");
	put_number(out, ",\"revision\":", (int64_t)task->revision);
}

static void put_history(struct buf *out, const struct task *task)
{
	put_time(out, ",\"created_at\":", task->created);
	put_time(out, ",\"updated_at\":", task->updated);
	put_time(out, ",\"started_at\":", task->started);
	put_time(out, ",\"finished_at\":", task->finished);
	put_text(out, ",\"created_by\":", task->created_by);
	put_text(out, ",\"updated_by\":", task->updated_by);
}

static void put_work(struct buf *out, const struct task *task)
{
	put_number(out, ",\"priority\":", task->priority);
	put_time(out, ",\"not_before\":", task->not_before);
	put_number(out, ",\"attempt\":", task->attempt);
	put_number(out, ",\"max_attempts\":", task->max_attempts);
	put_json(out, ",\"error\":", task->error);
	put_json(out, ",\"progress\":", task->progress);
}

/* Every member, always. The address has no byte that JSON would escape. */
static bool put_task(const struct request *request, const struct task *task, struct buf *out)
{
	put_identity(out, task);
	put_history(out, task);
	put_work(out, task);
	buf_puts(out, ",\"fields\":");
	task_put_fields(task, out);
	buf_puts(out, ",\"links\":{\"self\":\"");
	put_url(out, request, &task->id);
	buf_puts(out, "\"}}");
	return buf_ok(out);
}

/* ---- answers ---- */

static bool finish(struct response *response, int status, struct err *err)
{
	response->status = status;
	response->media_type = native_dialect.media_type;
	return buf_ok(&response->body) || err_no_memory(err);
}

static bool encode_task(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	/* What tasks are about lies in the same store, but is none. */
	if (!dialect_by_code(result->task.dialect))
		return err_set(err, ERR_NOT_FOUND, NULL, NULL);
	put_task(request, &result->task, &response->body);
	return finish(response, 200, err);
}

static bool encode_created(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	struct buf address = BUF_INIT;
	bool ok;

	put_url(&address, request, &result->task.id);
	response_add_header(response, "Location", buf_str(&address));
	put_task(request, &result->task, &response->body);
	ok = buf_ok(&address) && buf_ok(&response->headers);
	buf_free(&address);
	return ok ? finish(response, 201, err) : err_no_memory(err);
}

static bool encode_deleted(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	(void)request, (void)result, (void)err;
	response->status = 204;
	return true;
}

/* Before the rows. */
static bool encode_list(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	(void)request, (void)result;
	buf_puts(&response->body, "{\"items\":[");
	return finish(response, 200, err);
}

static bool encode_end(const struct request *request, const struct result *result, struct buf *out)
{
	struct str cursor;

	if (result->total_known)
		put_number(out, "],\"total\":", (int64_t)result->total);
	else
		buf_puts(out, "],\"total\":null");
	if (result->next_cursor.len == 0) {
		buf_puts(out, ",\"next\":null}");
		return buf_ok(out);
	}
	cursor = native_cursor_encode(request, result->next_cursor);
	if (!cursor.ptr)
		return false;
	put_text(out, ",\"next\":", cursor);
	buf_putc(out, '}');
	return buf_ok(out);
}

/* ---- the tables ---- */

static const struct route routes[] = {
	{ .method = METHOD_GET,
		.pattern = "/tasks",
		.right = RIGHT_READ,
		.decode = native_decode_list,
		.encode = encode_list,
		.encode_row = put_task,
		.encode_end = encode_end },
	{ .method = METHOD_POST,
		.pattern = "/tasks",
		.right = RIGHT_WRITE,
		.decode = native_decode_create,
		.encode = encode_created },
	{ .method = METHOD_GET,
		.pattern = "/tasks/{id}",
		.right = RIGHT_READ,
		.decode = native_decode_read,
		.encode = encode_task },
	{ .method = METHOD_PATCH,
		.pattern = "/tasks/{id}",
		.right = RIGHT_WRITE,
		.decode = native_decode_update,
		.encode = encode_task },
	{ .method = METHOD_DELETE,
		.pattern = "/tasks/{id}",
		.right = RIGHT_WRITE,
		.decode = native_decode_delete,
		.encode = encode_deleted },
	{ .method = METHOD_POST,
		.pattern = "/tasks/{id}/archive",
		.right = RIGHT_WRITE,
		.decode = native_decode_archive,
		.encode = encode_task },
	ROUTE_END,
};

static const char *const prefixes[] = { "/v1", NULL };

/* A native task is what the API lets it be. */
static bool validate(const struct task *before, const struct task *task, struct err *err)
{
	(void)before, (void)task, (void)err;
	return true;
}

const struct dialect native_dialect = {
	.name = "native",
	.code = DIALECT_CODE_native,
	.prefixes = prefixes,
	.trailing_slash = SLASH_IGNORE,
	.routes = routes,
	.statuses = statuses,
	.default_state = TASK_STATE_NONE,
	.index_fields = native_indexed,
	.media_type = "application/json",
	.method_error = ERR_METHOD,
	.encode_error = native_encode_error,
	.validate = validate,
};
