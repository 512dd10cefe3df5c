#include "dialect/vionlabs/vionlabs.h"
#include "http/json.h"
#include "http/query.h"

/*
 * The error of a failed task; null in other states, although a retried or deactivated task may
 * still hold one. The documented type is a string: another value is shown as its JSON text in a
 * string.
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

/* Escapes the path of the task in one canonical way, whatever the request used. */
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

bool vionlabs_encode_task(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	put_status(&response->body, &result->task);
	put_links(&response->body, request);
	buf_putc(&response->body, '}');
	return response_finish(response, 200, VIONLABS_MEDIA_TYPE, err);
}

bool vionlabs_encode_list(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	(void)request, (void)result;
	buf_putc(&response->body, '[');
	return response_finish(response, 200, VIONLABS_MEDIA_TYPE, err);
}

static void put_member(struct buf *out, const struct task *task, struct str name)
{
	struct str json = task_field(task, name);

	buf_puts(out, ",\"");
	buf_put_str(out, name);
	buf_puts(out, "\":");
	buf_put_str(out, json.len ? json : STR("\"\""));
}

bool vionlabs_encode_row(const struct request *request, const struct task *task, struct buf *out)
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

bool vionlabs_encode_end(
	const struct request *request, const struct result *result, struct buf *out)
{
	(void)request, (void)result;
	buf_putc(out, ']');
	return buf_ok(out);
}
