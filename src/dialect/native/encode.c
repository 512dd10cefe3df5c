#include <inttypes.h>

#include "base/date.h"
#include "dialect/native/native.h"
#include "http/prefer.h"

static void put_id(const void *at, struct buf *out)
{
	buf_putc(out, '"');
	id_put(at, out);
	buf_putc(out, '"');
}

static void put_dialect(const void *at, struct buf *out)
{
	const uint8_t *code = at;

	buf_put_json_string(out, str_cstr(dialect_code_name(*code)));
}

static void put_bool(const void *at, struct buf *out)
{
	const bool *value = at;

	buf_puts(out, *value ? "true" : "false");
}

static void put_state(const void *at, struct buf *out)
{
	const enum task_state *state = at;

	buf_put_json_string(out, str_cstr(task_state_name(*state)));
}

static void put_int32(const void *at, struct buf *out)
{
	const int32_t *number = at;

	buf_put_number(out, *number);
}

static void put_uint32(const void *at, struct buf *out)
{
	const uint32_t *number = at;

	buf_put_number(out, *number);
}

static void put_uint64(const void *at, struct buf *out)
{
	const uint64_t *number = at;

	buf_put_number(out, (int64_t)*number);
}

static void put_serial(const void *at, struct buf *out)
{
	const uint64_t *number = at;

	if (*number)
		buf_put_number(out, (int64_t)*number);
	else
		buf_puts(out, "null");
}

static void put_time(const void *at, struct buf *out)
{
	const int64_t *ms = at;

	buf_putc(out, '"');
	date_put(*ms, out);
	buf_putc(out, '"');
}

void native_put_time(struct buf *out, struct optional_time time)
{
	int64_t ms = optional_time_ms(time);

	if (optional_time_is_set(time))
		put_time(&ms, out);
	else
		buf_puts(out, "null");
}

void native_put_name(struct buf *out, const char *before, const char *name)
{
	buf_puts(out, before);
	buf_putc(out, '"');
	buf_puts(out, name);
	buf_puts(out, "\":");
}

void native_put_text(struct buf *out, const char *name, struct str text)
{
	native_put_name(out, ",", name);
	if (text.len > 0)
		buf_put_json_string(out, text);
	else
		buf_puts(out, "null");
}

void native_put_json(struct buf *out, const char *name, struct str json)
{
	native_put_name(out, ",", name);
	buf_put_str(out, json.len > 0 ? json : STR("null"));
}

static void put_optional_time(const void *at, struct buf *out)
{
	native_put_time(out, *(const struct optional_time *)at);
}

static void put_failure(const void *at, struct buf *out)
{
	const enum task_failure *failure = at;
	const char *name = task_failure_name(*failure);

	if (name)
		buf_put_json_string(out, str_cstr(name));
	else
		buf_puts(out, "null");
}

static void put_text(const void *at, struct buf *out)
{
	const struct str *text = at;

	buf_put_json_string(out, *text);
}

static void put_json(const void *at, struct buf *out)
{
	const struct str *json = at;

	buf_put_str(out, json->len ? *json : STR("null"));
}

static void (*const put_member[MEMBER_TYPES])(const void *at, struct buf *out) = {
	[TYPE_ID] = put_id,
	[TYPE_DIALECT] = put_dialect,
	[TYPE_BOOL] = put_bool,
	[TYPE_STATE] = put_state,
	[TYPE_INT32] = put_int32,
	[TYPE_UINT32] = put_uint32,
	[TYPE_UINT64] = put_uint64,
	[TYPE_SERIAL] = put_serial,
	[TYPE_TIME] = put_time,
	[TYPE_OPTIONAL_TIME] = put_optional_time,
	[TYPE_FAILURE] = put_failure,
	[TYPE_TEXT] = put_text,
	[TYPE_TENANT] = put_text,
	[TYPE_JSON] = put_json,
	[TYPE_POLICY] = put_json,
};

static void put_url(struct buf *out, const struct request *request, const struct id *id)
{
	buf_put_str(out, request->base_url);
	buf_puts(out, NATIVE_TASKS_PATH "/");
	id_put(id, out);
}

/* Only of a finished task that will be removed. */
static void put_kept_until(const struct request *request, const struct task *task, struct buf *out)
{
	struct optional_time until = request->retention ? retention_until(request->retention, task)
							: OPTIONAL_TIME_NONE;

	if (!optional_time_is_set(until))
		return;
	buf_puts(out, ",\"kept_until\":");
	put_optional_time(&until, out);
}

/* Only of a task whose creation was traced. */
static void put_trace(const struct task *task, struct buf *out)
{
	if (task->trace.parent.len == 0)
		return;
	buf_puts(out, ",\"traceparent\":\"");
	buf_put_str(out, task->trace.parent);
	buf_puts(out, "\"");
	if (task->trace.state.len > 0)
		native_put_text(out, "tracestate", task->trace.state);
}

static void put_kind(const struct task *task, struct buf *out)
{
	const struct dialect *dialect = dialect_by_code(task->dialect);
	char scratch[TASK_KIND_MAX];
	struct str kind = dialect ? dialect->kind(task, scratch) : STR_NULL;

	if (kind.len > 0)
		buf_put_json_string(out, kind);
	else
		buf_puts(out, "null");
}

/* Without the token, which only the worker knows. */
static void put_lease(const struct task *task, struct buf *out)
{
	if (!task_is_held(task)) {
		buf_puts(out, "null");
		return;
	}
	buf_puts(out, "{\"worker\":");
	buf_put_json_string(out, task->lease.holder);
	buf_puts(out, ",\"expires_at\":");
	put_optional_time(&task->lease.expires, out);
	buf_putc(out, '}');
}

static void put_value(const struct task *task, enum member member, struct buf *out)
{
	const struct member_row *row = &task_members[member];

	if (member == MEMBER_KIND)
		put_kind(task, out);
	else if (member == MEMBER_LEASE_HOLDER)
		put_lease(task, out);
	else
		put_member[row->type](member_of(task, row), out);
}

/* Writes every member of the table, always. The URL has no byte that JSON would escape. */
bool native_encode_row(const struct request *request, const struct task *task, struct buf *out)
{
	for (size_t i = 0; i < native_member_count; i++) {
		buf_puts(out, i ? ",\"" : "{\"");
		buf_puts(out, native_members[i].name);
		buf_puts(out, "\":");
		put_value(task, native_members[i].member, out);
	}
	put_trace(task, out);
	put_kept_until(request, task, out);
	buf_puts(out, ",\"fields\":");
	task_put_fields(task, out);
	buf_puts(out, ",\"links\":{\"self\":\"");
	put_url(out, request, &task->id);
	buf_puts(out, "\"}}");
	return buf_ok(out);
}

/* ---- responses ---- */

bool native_prefers_minimal(const struct request *request, struct response *response)
{
	enum prefer_return preferred = request_prefer_return(request);

	if (preferred != PREFER_NO_RETURN)
		response_add_header(response, "Preference-Applied",
			preferred == PREFER_MINIMAL ? STR("return=minimal")
						    : STR("return=representation"));
	return preferred == PREFER_MINIMAL;
}

bool native_finish_record(const struct request *request, const struct result *result,
	native_row_encoder *encode_row, struct response *response, struct err *err)
{
	if (result->kind != OP_READ && native_prefers_minimal(request, response)) {
		response->status = 204;
		return true;
	}
	encode_row(request, &result->task, &response->body);
	return response_finish(response, 200, NATIVE_MEDIA_TYPE, err);
}

bool native_encode_task(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	/* Resources such as ingest points are not tasks: not served here. */
	if (!dialect_by_code(result->task.dialect))
		return err_set(err, ERR_NOT_FOUND, NULL, NULL);
	return native_finish_record(request, result, native_encode_row, response, err);
}

/* A task that was removed while the request waited has a URL, but no members. */
bool native_encode_new(const struct request *request, const struct result *result, int status,
	struct response *response, struct err *err)
{
	bool minimal = native_prefers_minimal(request, response);
	struct buf url = BUF_INIT;

	put_url(&url, request, &result->task.id);
	response_add_location(response, &url);
	if (minimal || result->task.revision == 0) {
		response->status = status;
		return true;
	}
	native_encode_row(request, &result->task, &response->body);
	return response_finish(response, status, NATIVE_MEDIA_TYPE, err);
}

bool native_encode_created(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	return native_encode_new(request, result, 201, response, err);
}

bool native_encode_deleted(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	(void)request, (void)result, (void)err;
	response->status = 204;
	return true;
}

/* Before the rows. */
bool native_encode_list(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	(void)request, (void)result;
	buf_puts(&response->body, "{\"items\":[");
	return response_finish(response, 200, NATIVE_MEDIA_TYPE, err);
}

bool native_encode_end(const struct request *request, const struct result *result, struct buf *out)
{
	struct str cursor;

	if (result->total_known)
		buf_printf(out, "],\"total\":%" PRIu64, result->total);
	else
		buf_puts(out, "],\"total\":null");
	if (result->next_cursor.len == 0) {
		buf_puts(out, ",\"next\":null}");
		return buf_ok(out);
	}
	cursor = native_cursor_encode(request, result->next_cursor);
	if (!cursor.ptr)
		return false;
	buf_puts(out, ",\"next\":");
	buf_put_json_string(out, cursor);
	buf_putc(out, '}');
	return buf_ok(out);
}
