#include "base/date.h"
#include "dialect/fourhse/fourhse.h"
#include "http/query.h"

#define DAY_FORMAT "\"%Y-%m-%d\"" /* UTC */

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
		date_put_format(task->created, DAY_FORMAT, out);
		break;
	case FOURHSE_UPDATED:
		date_put_format(task->updated, DAY_FORMAT, out);
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
	/* PHP has no empty object. */
	buf_puts(out, before == '{' ? "[]" : "}");
}

bool fourhse_encode_list(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	json_t *params;
	bool ok;

	if (!fourhse_list_params(&params, request, err))
		return false;
	buf_putc(&response->body, '[');
	ok = fourhse_add_page_headers(params, request, result, response, err) &&
	     response_finish(response, 200, FOURHSE_MEDIA_TYPE, err);
	json_decref(params);
	return ok;
}

bool fourhse_encode_list_row(
	const struct request *request, const struct task *task, struct buf *out)
{
	put_task(request, task, out);
	return buf_ok(out);
}

bool fourhse_encode_list_end(
	const struct request *request, const struct result *result, struct buf *out)
{
	(void)request, (void)result;
	buf_putc(out, ']');
	return buf_ok(out);
}

bool fourhse_encode_task(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	put_task(request, &result->task, &response->body);
	return response_finish(response, 200, FOURHSE_MEDIA_TYPE, err);
}

/* Location is the address of the new task. */
bool fourhse_encode_created(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	struct str id = json_unquote(task_field(&result->task, STR("task_id")), request->arena);
	struct buf url = BUF_INIT;

	if (!id.ptr)
		return err_no_memory(err);
	buf_put_str(&url, request->base_url);
	buf_puts(&url, FOURHSE_PREFIX "/view?id=");
	query_encode(&url, id, QUERY_PLUS_IS_PLUS);
	response_add_location(response, &url);
	put_task(request, &result->task, &response->body);
	return response_finish(response, 201, FOURHSE_MEDIA_TYPE, err);
}

/* 204, or 400 with the dependent tasks, which follow as rows. */
bool fourhse_encode_deleted(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	(void)request;
	response->status = 204;
	if (!result->has_dependents)
		return true;
	buf_puts(&response->body,
		"{\"name\":\"Bad Request\",\"message\":\"The task has connected entities, which "
		"will be deleted as well: confirm it with force=true.");
	if (result->more_dependents)
		buf_printf(&response->body, " Only the first %d are listed.",
			OP_DEPENDENTS_LISTED_MAX);
	buf_puts(&response->body, "\",\"code\":0,\"status\":400,\"entities\":[");
	return response_finish(response, 400, FOURHSE_MEDIA_TYPE, err);
}

bool fourhse_encode_dependent_row(
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

bool fourhse_encode_dependents_end(
	const struct request *request, const struct result *result, struct buf *out)
{
	(void)request, (void)result;
	buf_puts(out, "]}");
	return buf_ok(out);
}
