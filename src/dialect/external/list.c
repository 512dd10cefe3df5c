/* Responses to lists and counts, and the names of topics. */
#include "dialect/external/external.h"

/* ---- lists and counts ---- */

/* Without an operation, no task matches: the rows end at once. */
static bool finish(
	const struct result *result, const char *end, struct response *response, struct err *err)
{
	if (!result->listing)
		buf_puts(&response->body, end);
	return response_finish(response, 200, EXTERNAL_MEDIA_TYPE, err);
}

bool external_encode_list(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	(void)request;
	buf_putc(&response->body, '[');
	return finish(result, "]", response, err);
}

bool external_encode_end(
	const struct request *request, const struct result *result, struct buf *out)
{
	(void)request, (void)result;
	buf_putc(out, ']');
	return buf_ok(out);
}

bool external_encode_count(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	(void)request;
	buf_puts(&response->body, "{\"count\":");
	buf_put_number(&response->body, (int64_t)result->total);
	return finish(result, "}", response, err);
}

bool external_encode_count_row(
	const struct request *request, const struct task *task, struct buf *out)
{
	(void)request, (void)task;
	return buf_ok(out);
}

bool external_encode_count_end(
	const struct request *request, const struct result *result, struct buf *out)
{
	(void)request, (void)result;
	buf_putc(out, '}');
	return buf_ok(out);
}

/* ---- the names of topics ---- */

const char *const external_topics_params[] = { "withLockedTasks", "withUnlockedTasks",
	"withRetriesLeft", NULL };

/* Which tasks a topic must have to be in the response. */
struct topic_filter {
	bool locked, unlocked, with_retries;
};

bool external_decode_topics(struct request *request, struct op *op, struct err *err)
{
	const struct external_body body = {
		.request = request, .arena = request->arena, .err = err
	};
	struct op_stats *stats = arena_alloc(request->arena, sizeof(*stats));
	struct topic_filter *filter = arena_alloc(request->arena, sizeof(*filter));

	if (!stats || !filter)
		return err_no_memory(err);
	*stats = (struct op_stats){ .limit = STATS_ROWS_MAX };
	*filter = (struct topic_filter){ 0 };
	request->encoder_state = filter;
	if (!external_get_flag(&body, "withLockedTasks", &filter->locked) ||
		!external_get_flag(&body, "withUnlockedTasks", &filter->unlocked) ||
		!external_get_flag(&body, "withRetriesLeft", &filter->with_retries))
		return false;
	/* As in the original, no topic has a task that is both. */
	if (filter->locked && filter->unlocked)
		return true;
	op->kind = OP_STATS;
	op->stats = stats;
	return true;
}

static bool is_named(const struct topic_filter *filter, const struct stats_row *row)
{
	uint64_t running = row->states[TASK_RUNNING], pending = row->states[TASK_PENDING];
	uint64_t failed = filter->with_retries ? 0 : row->states[TASK_FAILED];

	if (filter->locked)
		return running > 0;
	return pending + failed + (filter->unlocked ? 0 : running) > 0;
}

bool external_encode_topics(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	const struct stats_answer *stats = result->stats;
	size_t count = 0;

	buf_putc(&response->body, '[');
	for (size_t i = 0; stats && i < stats->count; i++) {
		const struct stats_row *row = &stats->rows[i];

		if (!is_named(request->encoder_state, row))
			continue;
		if (count++ > 0)
			buf_putc(&response->body, ',');
		external_put_topic(&response->body, row->dialect, stats_kind(row));
	}
	buf_putc(&response->body, ']');
	return response_finish(response, 200, EXTERNAL_MEDIA_TYPE, err);
}
