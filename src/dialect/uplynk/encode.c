#include "dialect/uplynk/uplynk.h"
#include "http/json.h"

/*
 * The state that Uplynk clients see: they know neither a queue nor cancelled tasks. Only the native
 * API can set those states, and only it shows them.
 */
static const enum task_state visible_state[TASK_STATES] = {
	[TASK_STATE_NONE] = TASK_RUNNING,
	[TASK_PENDING] = TASK_RUNNING,
	[TASK_RUNNING] = TASK_RUNNING,
	[TASK_SUCCEEDED] = TASK_SUCCEEDED,
	[TASK_FAILED] = TASK_FAILED,
	[TASK_CANCELLED] = TASK_FAILED,
};

/* The members of a task in every response, including that to a removal. */
static void put_state(const struct task *task, struct buf *out)
{
	struct str operation = task_field(task, STR("operation"));

	buf_puts(out, "\"state\":\"");
	buf_puts(out, dialect_status(&uplynk_statuses, visible_state[task->state]));
	buf_puts(out, "\",\"operation\":");
	buf_put_str(out, operation.ptr ? operation : STR("null"));
}

bool uplynk_put_task(const struct request *request, const struct task *task, struct buf *out)
{
	(void)request;
	buf_puts(out, "{\"@id\":\"" UPLYNK_TASKS_PATH "/");
	id_put(&task->id, out);
	buf_puts(out, "\",\"@type\":\"ReservedEndpointTask\",\"id\":\"");
	id_put(&task->id, out);
	buf_puts(out, "\",");
	put_state(task, out);
	buf_puts(out, ",\"timestamp\":");
	buf_put_number(out, task->created / 1000);
	if (visible_state[task->state] == TASK_FAILED && task->error.len > 0) {
		buf_puts(out, ",\"error\":");
		json_put_as_string(out, task->error);
	}
	buf_putc(out, '}');
	return buf_ok(out);
}

bool uplynk_encode_end(const struct request *request, const struct result *result, struct buf *out)
{
	(void)request;
	buf_puts(out, "],\"total_items\":");
	buf_put_number(out, (int64_t)result->rows_returned);
	buf_putc(out, '}');
	return buf_ok(out);
}

static void put_collection(const char *id, struct buf *out)
{
	buf_puts(out, "{\"@id\":\"");
	buf_puts(out, id);
	buf_puts(out, "\",\"@type\":\"Collection\",\"items\":[");
}

/* One task, or the text before the rows of a list. */
bool uplynk_encode_tasks(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	if (result->kind == OP_LIST)
		put_collection(UPLYNK_TASKS_PATH, &response->body);
	else
		uplynk_put_task(request, &result->task, &response->body);
	return response_finish(response, 200, UPLYNK_MEDIA_TYPE, err);
}

bool uplynk_encode_points(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	if (result->kind == OP_LIST)
		put_collection(UPLYNK_POINTS_PATH, &response->body);
	else if (result->kind == OP_CREATE)
		uplynk_put_created_point(&result->task, &response->body);
	else
		uplynk_put_point(request, &result->task, &response->body);
	return response_finish(response, 200, UPLYNK_MEDIA_TYPE, err);
}

/* The task of a removal that was asked for before: it has not ended, or the point would be gone. */
static void put_earlier_task(const struct task *point, struct buf *out)
{
	struct str id = uplynk_point_removal(point);

	buf_puts(out, "{\"id\":");
	buf_put_str(out, id.len > 0 ? id : STR("null"));
	buf_puts(out, ",\"state\":\"");
	buf_puts(out, dialect_status(&uplynk_statuses, TASK_RUNNING));
	buf_puts(out, "\",\"operation\":\"DELETE\"}");
}

static void put_short_task(const struct task *task, struct buf *out)
{
	buf_puts(out, "{\"id\":\"");
	id_put(&task->id, out);
	buf_puts(out, "\",");
	put_state(task, out);
	buf_putc(out, '}');
}

bool uplynk_encode_deleted(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	struct buf *out = &response->body;
	struct id point;

	if (!uplynk_parse_id(&point, request_path_var(request, "point")))
		return err_set(err, ERR_INTERNAL, NULL, NULL);
	uplynk_put_point_head(&point, out);
	buf_puts(out, ",\"task\":");
	if (id_is_zero(&result->companion.id))
		put_earlier_task(&result->task, out);
	else
		put_short_task(&result->companion, out);
	buf_putc(out, '}');
	return response_finish(response, 200, UPLYNK_MEDIA_TYPE, err);
}
