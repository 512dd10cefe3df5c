#include "dialect/toybox/toybox.h"

#define MEDIA_TYPE "application/json"

bool toybox_encode_row(const struct request *request, const struct task *task, struct buf *out)
{
	(void)request;
	buf_puts(out, "{\"id\":\"");
	id_put(&task->id, out);
	buf_puts(out, "\",\"toy\":");
	buf_put_str(out, task_field(task, STR("toy")));
	buf_puts(out, ",\"state\":");
	buf_put_json_string(out, task->status);
	buf_putc(out, '}');
	return buf_ok(out);
}

bool toybox_encode_list(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	(void)request, (void)result;
	buf_putc(&response->body, '[');
	return response_finish(response, 200, MEDIA_TYPE, err);
}

bool toybox_encode_end(const struct request *request, const struct result *result, struct buf *out)
{
	(void)request, (void)result;
	buf_putc(out, ']');
	return buf_ok(out);
}

bool toybox_encode_task(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	toybox_encode_row(request, &result->task, &response->body);
	return response_finish(response, result->kind == OP_CREATE ? 201 : 200, MEDIA_TYPE, err);
}

bool toybox_encode_deleted(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	(void)request, (void)result;
	return response_finish(response, 204, NULL, err);
}
