#include "base/date.h"
#include "dialect/external/external.h"

/* ---- properties of a task ---- */

bool external_has_task(const struct task *task)
{
	return !task->archived && dialect_by_code(task->dialect) &&
	       (task->state == TASK_PENDING || task->state == TASK_RUNNING ||
		       task->state == TASK_FAILED);
}

/* A worker that has failed keeps the task until the next attempt may begin. */
static bool has_holder(const struct task *task)
{
	return task->lease.holder.len > 0 &&
	       (task->state == TASK_RUNNING ||
		       (task->state == TASK_PENDING && optional_time_is_set(task->ready_after)));
}

struct optional_time external_lock_end(const struct task *task)
{
	if (!has_holder(task))
		return OPTIONAL_TIME_NONE;
	return task->state == TASK_RUNNING ? task->lease.expires : task->ready_after;
}

void external_put_time(struct buf *out, struct optional_time time)
{
	struct buf text = BUF_INIT;

	if (!optional_time_is_set(time)) {
		buf_puts(out, "null");
		return;
	}
	date_put(optional_time_ms(time), &text);
	buf_putc(out, '"');
	/* In place of the Z, which some clients cannot read. */
	if (text.len > 0)
		buf_put(out, text.data, text.len - 1);
	buf_puts(out, "+0000\"");
	out->failed |= !buf_ok(&text);
	buf_free(&text);
}

/* ---- errors ---- */

/*
 * The first line of a text is the message, the others are details. Of another JSON value, its text
 * is the message. ptr NULL: none. False without memory.
 */
static bool split_error(
	struct str error, struct str *message, struct str *details, struct arena *arena)
{
	*message = *details = STR_NULL;
	if (error.len == 0)
		return true;
	*details = error.ptr[0] == '"' ? json_unquote(error, arena) : error;
	if (!details->ptr)
		return false;
	*message = str_split_next(details, error.ptr[0] == '"' ? '\n' : '\0');
	return true;
}

static void put_text(struct buf *out, struct str text)
{
	if (text.ptr)
		buf_put_json_string(out, text);
	else
		buf_puts(out, "null");
}

static bool put_error(
	const struct request *request, const struct task *task, bool with_details, struct buf *out)
{
	struct str message, details;

	if (!split_error(task->error, &message, &details, request->arena))
		return false;
	buf_puts(out, ",\"errorMessage\":");
	put_text(out, external_characters(message, EXTERNAL_MESSAGE_MAX));
	if (with_details) {
		buf_puts(out, ",\"errorDetails\":");
		put_text(out, details);
	}
	return true;
}

/* ---- variables ---- */

static bool is_wanted(const struct external_topic *topic, struct str name)
{
	size_t i = 0;

	while (i < topic->variable_count && !str_eq(topic->variables[i], name))
		i++;
	return topic->all_variables || i < topic->variable_count;
}

static void put_variables(
	const struct external_topic *topic, const struct task *task, struct buf *out)
{
	size_t count = 0;

	buf_puts(out, ",\"variables\":{");
	for (size_t i = 0; i < task->field_count; i++) {
		if (!is_wanted(topic, task->fields[i].name))
			continue;
		if (count++ > 0)
			buf_putc(out, ',');
		buf_put_json_string(out, task->fields[i].name);
		buf_putc(out, ':');
		external_put_variable(out, task->fields[i].json);
	}
	buf_putc(out, '}');
}

static void put_trace(const struct trace *trace, struct buf *out)
{
	if (trace->parent.len > 0) {
		buf_puts(out, ",\"traceparent\":");
		buf_put_json_string(out, trace->parent);
	}
	if (trace->state.len > 0) {
		buf_puts(out, ",\"tracestate\":");
		buf_put_json_string(out, trace->state);
	}
}

static void put_extensions(
	const struct external_topic *topic, const struct task *task, struct buf *out)
{
	char scratch[TASK_KIND_MAX];
	struct str kind = external_kind(task, scratch);

	buf_puts(out, ",\"extensionProperties\":{");
	if (topic->extensions) {
		buf_puts(out, "\"dialect\":");
		buf_put_json_string(out, str_cstr(dialect_code_name(task->dialect)));
		if (kind.len > 0) {
			buf_puts(out, ",\"kind\":");
			buf_put_json_string(out, kind);
		}
		if (task->number > 0) {
			buf_puts(out, ",\"number\":\"");
			buf_put_number(out, (int64_t)task->number);
			buf_putc(out, '"');
		}
		buf_puts(out, ",\"status\":");
		buf_put_json_string(out, task->status);
		put_trace(&task->trace, out);
	}
	buf_putc(out, '}');
}

/* ---- a task ---- */

static void put_retries(const struct task *task, struct buf *out)
{
	uint32_t retries;

	buf_puts(out, ",\"retries\":");
	if (task_retries(task, &retries))
		buf_put_number(out, retries);
	else
		buf_puts(out, "null");
}

static void put_lock(const struct task *task, struct buf *out)
{
	buf_puts(out, ",\"lockExpirationTime\":");
	external_put_time(out, external_lock_end(task));
	buf_puts(out, ",\"createTime\":");
	external_put_time(out, optional_time(task->created));
	buf_puts(out, ",\"workerId\":");
	if (has_holder(task))
		buf_put_json_string(out, task->lease.holder);
	else
		buf_puts(out, "null");
}

static void put_topic(const struct external_topic *topic, const struct task *task, struct buf *out)
{
	char scratch[TASK_KIND_MAX];

	buf_puts(out, ",\"topicName\":");
	if (topic)
		buf_put_json_string(out, topic->name);
	else
		external_put_topic(out, task->dialect, external_kind(task, scratch));
}

/* topic: of the fetch; NULL: the members of other responses. */
static bool put_task(const struct request *request, const struct external_topic *topic,
	const struct task *task, struct buf *out)
{
	buf_puts(out, "{\"activityId\":null,\"activityInstanceId\":null,\"executionId\":null,"
		      "\"processDefinitionId\":null,\"processDefinitionKey\":null,"
		      "\"processDefinitionVersionTag\":null,\"processInstanceId\":null,\"id\":\"");
	id_put(&task->id, out);
	buf_putc(out, '"');
	if (!put_error(request, task, topic != NULL, out))
		return false;
	put_lock(task, out);
	put_retries(task, out);
	put_topic(topic, task, out);
	buf_puts(out, ",\"tenantId\":");
	buf_put_json_string(out, task->tenant);
	buf_puts(out, ",\"priority\":");
	buf_put_number(out, task->priority);
	buf_puts(out, ",\"businessKey\":null,\"suspended\":false");
	if (topic) {
		put_variables(topic, task, out);
		put_extensions(topic, task, out);
	}
	buf_putc(out, '}');
	return buf_ok(out);
}

/* ---- responses ---- */

/* Every claimed task matches a topic: another is a mistake of this program. */
static const struct external_topic *find_topic(
	const struct external_fetch *fetch, const struct task *task)
{
	size_t i = 0;

	while (i < fetch->count && !external_topic_has(&fetch->claims[i], task))
		i++;
	return i < fetch->count ? &fetch->topics[i] : NULL;
}

bool external_encode_fetch(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	buf_putc(&response->body, '[');
	for (size_t i = 0; i < result->claimed_count; i++) {
		const struct task *task = &result->claimed[i].task;
		const struct external_topic *topic = find_topic(request->encoder_state, task);

		if (i > 0)
			buf_putc(&response->body, ',');
		if (!topic)
			return err_set(err, ERR_INTERNAL, NULL, NULL);
		if (!put_task(request, topic, task, &response->body))
			return err_no_memory(err);
	}
	buf_putc(&response->body, ']');
	return response_finish(response, 200, EXTERNAL_MEDIA_TYPE, err);
}

bool external_encode_done(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	(void)request, (void)result, (void)err;
	response->status = 204;
	return true;
}

bool external_encode_row(const struct request *request, const struct task *task, struct buf *out)
{
	return put_task(request, NULL, task, out);
}

bool external_encode_task(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	if (!external_encode_row(request, &result->task, &response->body))
		return err_no_memory(err);
	return response_finish(response, 200, EXTERNAL_MEDIA_TYPE, err);
}

bool external_encode_details(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	struct str message, details;

	if (!split_error(result->task.error, &message, &details, request->arena))
		return err_no_memory(err);
	if (details.len == 0) {
		response->status = 204;
		return true;
	}
	buf_put_str(&response->body, details);
	return response_finish(response, 200, "text/plain; charset=utf-8", err);
}

bool external_encode_engine(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	(void)request, (void)result;
	buf_puts(&response->body, "[{\"name\":\"default\"}]");
	return response_finish(response, 200, EXTERNAL_MEDIA_TYPE, err);
}
