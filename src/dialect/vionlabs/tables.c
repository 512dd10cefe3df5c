#include "dialect/vionlabs/vionlabs.h"
#include "http/json.h"
#include "http/query.h"

static const char *const item_sort_fields[] = { "product", "version", NULL };

const struct index_field vionlabs_indexed[] = {
	INDEX_COMMON_FIELDS,
	{ .code = VIONLABS_BY_ITEM,
		.source = INDEX_FIELD,
		.name = "inventory_id",
		.order_by = item_sort_fields },
	{ .source = INDEX_END },
};

static const struct dialect_status_row statuses[] = {
	{ TASK_PENDING, "pending" },
	{ TASK_RUNNING, "processing" },
	{ TASK_SUCCEEDED, "done" },
	{ TASK_FAILED, "failed" },
	{ TASK_CANCELLED, "deactivated" },
	{ TASK_STATE_NONE, NULL },
};

/* ---- answers ---- */

/*
 * A failure's message: a task that is tried again or deactivated may still have one. The documented
 * type is a string: what else a worker left is shown as its JSON text in one.
 */
static void put_error(struct buf *out, const struct task *task)
{
	buf_puts(out, ",\"error\":");
	json_put_as_string(out, task->state == TASK_FAILED ? task->error : STR_NULL);
}

static void put_status(struct buf *out, const struct task *task)
{
	buf_puts(out, "{\"status\":");
	buf_put_json_string(out, task->status);
	put_error(out, task);
}

/* The address is the task's name, however the request escaped it. */
static void put_href(struct buf *out, const struct request *request)
{
	buf_puts(out, "{\"href\":\"/tasks/catalog-item/");
	query_encode(out, request_path_var(request, "item"), QUERY_PLUS_IS_PLUS);
	buf_puts(out, "/product/");
	query_encode(out, request_path_var(request, "product"), QUERY_PLUS_IS_PLUS);
	buf_puts(out, "/version/");
	query_encode(out, request_path_var(request, "version"), QUERY_PLUS_IS_PLUS);
	buf_putc(out, '"');
}

static void put_links(struct buf *out, const struct request *request)
{
	static const struct {
		const char *name, *method;
	} links[] = {
		{ "self", "GET" },
		{ "create", "POST" },
		{ "deactivate", "DELETE" },
	};

	buf_puts(out, ",\"_links\":");
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		buf_printf(out, "%c\"%s\":", i ? ',' : '{', links[i].name);
		put_href(out, request);
		buf_printf(out, ",\"method\":\"%s\"}", links[i].method);
	}
	buf_putc(out, '}');
}

static bool finish(struct response *response, struct err *err)
{
	response->status = 200;
	response->media_type = vionlabs_dialect.media_type;
	return buf_ok(&response->body) || err_no_memory(err);
}

static bool encode_task(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	put_status(&response->body, &result->task);
	put_links(&response->body, request);
	buf_putc(&response->body, '}');
	return finish(response, err);
}

static bool encode_list(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	(void)request, (void)result;
	buf_putc(&response->body, '[');
	return finish(response, err);
}

static void put_member(struct buf *out, const struct task *task, struct str name)
{
	struct str json = task_field(task, name);

	buf_puts(out, ",\"");
	buf_put_str(out, name);
	buf_puts(out, "\":");
	buf_put_str(out, json.len ? json : STR("\"\""));
}

static bool encode_row(const struct request *request, const struct task *task, struct buf *out)
{
	(void)request;
	buf_puts(out, "{\"task_status\":");
	put_status(out, task);
	buf_putc(out, '}');
	put_member(out, task, STR("product"));
	put_member(out, task, STR("version"));
	buf_putc(out, '}');
	return buf_ok(out);
}

static bool encode_end(const struct request *request, const struct result *result, struct buf *out)
{
	(void)request, (void)result;
	buf_putc(out, ']');
	return buf_ok(out);
}

/* ---- refusals ---- */

/* The sentences of the framework where it has one; a 422 is a list, and says where. */
static const struct error_override {
	const char *text, *loc;
} error_overrides[ERR_CODES] = {
	[ERR_UNAUTHENTICATED] = { .text = "Not authenticated" },
	[ERR_NOT_FOUND] = { .text = "Task not found" },
	[ERR_NO_ROUTE] = { .text = "Not Found" },
	[ERR_METHOD] = { .text = "Method Not Allowed" },
	[ERR_UNPROCESSABLE] = { .loc = "\"body\"" },
	[ERR_TOO_BROAD] = { .loc = "\"path\"" },
	[ERR_KEY_REUSED] = { .loc = "\"header\",\"Idempotency-Key\"" },
};

static void put_detail(struct buf *out, const struct err *err, const struct error_override *own)
{
	const char *sentence = own->text ? own->text : err_text(err);
	struct buf problems = BUF_INIT;

	buf_puts(out, "{\"detail\":");
	if (err->code == ERR_UNPROCESSABLE && err->detail.len > 0) {
		buf_put_str(out, err->detail);
	} else if (own->loc) {
		vionlabs_put_value_error(&problems, own->loc, sentence);
		buf_putc(out, '[');
		buf_put_str(out, buf_str(&problems));
		buf_putc(out, ']');
		out->failed |= problems.failed;
		buf_free(&problems);
	} else {
		buf_put_json_string(out, str_cstr(sentence));
	}
	buf_putc(out, '}');
}

static void encode_error(
	const struct request *request, const struct err *err, struct response *response)
{
	static const struct error_override nothing;
	const struct error_override *own = err->code < ERR_CODES ? &error_overrides[err->code]
								 : &nothing;

	(void)request;
	buf_reset(&response->body);
	response->media_type = NULL;
	response->status = err_status(err->code);
	if (response->status == 401)
		response_add_header(response, "WWW-Authenticate", STR("APIKey"));
	put_detail(&response->body, err, own);
	if (buf_ok(&response->body))
		response->media_type = vionlabs_dialect.media_type;
	else
		buf_reset(&response->body);
}

/* ---- the tables ---- */

#define TASK_PATTERN "/{item}/product/{product}/version/{version}"

static const struct route routes[] = {
	{ .method = METHOD_GET,
		.pattern = "/{item}",
		.right = RIGHT_READ,
		.decode = vionlabs_decode_list,
		.encode = encode_list,
		.encode_row = encode_row,
		.encode_end = encode_end },
	{ .method = METHOD_GET,
		.pattern = TASK_PATTERN,
		.right = RIGHT_READ,
		.decode = vionlabs_decode_read,
		.encode = encode_task },
	{ .method = METHOD_POST,
		.pattern = TASK_PATTERN,
		.right = RIGHT_WRITE,
		.decode = vionlabs_decode_create,
		.encode = encode_task },
	{ .method = METHOD_DELETE,
		.pattern = TASK_PATTERN,
		.right = RIGHT_WRITE,
		.decode = vionlabs_decode_deactivate,
		.encode = encode_task },
	ROUTE_END,
};

static const char *const prefixes[] = { "/tasks/catalog-item", NULL };

const struct dialect vionlabs_dialect = {
	.name = "vionlabs",
	.code = DIALECT_CODE_vionlabs,
	.prefixes = prefixes,
	.trailing_slash = SLASH_REDIRECT,
	.routes = routes,
	.statuses = statuses,
	.default_state = TASK_STATE_NONE,
	.index_fields = vionlabs_indexed,
	.media_type = "application/json",
	.method_error = ERR_METHOD,
	.encode_error = encode_error,
	.native_defaults = vionlabs_native_defaults,
	.validate = vionlabs_validate,
};
