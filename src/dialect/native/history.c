/* What happened to a task: its history and, made of it, its attempts. */
#include <inttypes.h>
#include <stdio.h>

#include "base/date.h"
#include "dialect/native/event.h"
#include "dialect/native/log.h"
#include "dialect/native/query.h"
#include "dialect/native/work.h"

#define LIMIT_DEFAULT 100
#define PLACE	      "before"

const char *const native_history_params[] = { "limit", "before", NULL };

/* ---- requests ---- */

static bool set_limit(const struct native_query *query, const struct native_param *given)
{
	return native_parse_limit(query, given, OP_HISTORY_MAX, &query->op->history.limit);
}

static bool set_before(const struct native_query *query, const struct native_param *given)
{
	uint64_t number;

	if (!str_to_u64(given->value, &number) || number == 0)
		return NATIVE_QUERY_ERROR(
			query, given->name, "before must be the member next of a response.");
	query->op->history.before = number;
	return true;
}

static const struct native_query_row rows[] = {
	{ "limit", NATIVE_ONCE, set_limit, 0 },
	{ PLACE, NATIVE_ONCE, set_before, 0 },
	{ 0 },
};

bool native_decode_history(struct request *request, struct op *op, struct err *err)
{
	const struct native_query query = { .request = request, .op = op, .err = err };

	if (!request_check_accepts_json(request, err) || !native_check_links(request, PLACE, err) ||
		!native_parse_id(request, op, OP_HISTORY, err))
		return false;
	op->history.limit = LIMIT_DEFAULT;
	return native_parse_params(&query, rows);
}

/* Reads the whole history: an attempt may begin far behind its end. */
bool native_decode_attempts(struct request *request, struct op *op, struct err *err)
{
	if (!request_check_accepts_json(request, err) || !native_check_no_query(request, err) ||
		!native_parse_id(request, op, OP_HISTORY, err))
		return false;
	op->history.limit = OP_HISTORY_MAX;
	op->history.attempt_log = NATIVE_LOG_SHOWN;
	return true;
}

/* ---- the history ---- */

static void put_time(struct buf *out, const char *name, int64_t ms)
{
	native_put_name(out, ",", name);
	buf_putc(out, '"');
	date_put(ms, out);
	buf_putc(out, '"');
}

static void put_end(const struct result *result, struct buf *out)
{
	buf_puts(out, "],\"next\":");
	if (result->history_next > 0)
		buf_printf(out, "\"%" PRIu64 "\"", result->history_next);
	else
		buf_puts(out, "null");
	buf_puts(out, ",\"complete\":");
	buf_puts(out, result->history_cut ? "false}" : "true}");
}

/* Empty: the page is the last one. */
static struct str next_place(const struct result *result, char text[24])
{
	if (result->history_next == 0)
		return STR_NULL;
	snprintf(text, 24, "%" PRIu64, result->history_next);
	return str_cstr(text);
}

bool native_encode_history(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	struct buf *out = &response->body;
	char next[24];

	buf_puts(out, "{\"items\":[");
	for (size_t i = 0; i < result->history_count; i++) {
		if (i > 0)
			buf_putc(out, ',');
		buf_putc(out, '{');
		native_put_entry(&result->history[i], "to", out);
		buf_putc(out, '}');
	}
	put_end(result, out);
	return native_add_links(request, PLACE, next_place(result, next), response, err) &&
	       response_finish(response, 200, NATIVE_MEDIA_TYPE, err);
}

/* ---- attempts ---- */

/* Whether the entry ends the attempt that is running. */
static bool ends_attempt(const struct journal_entry *entry)
{
	if (entry->event == JOURNAL_TIMED_OUT)
		return entry->attempt > 0;
	if (entry->event == JOURNAL_CHANGED || entry->event == JOURNAL_ARCHIVED)
		return entry->from == TASK_RUNNING && entry->to != TASK_RUNNING;
	return entry->event >= JOURNAL_COMPLETED && entry->event <= JOURNAL_EXPIRED;
}

/*
 * A client or a back end has ended the task: the outcome is its new state. The claim that follows,
 * if a worker has locked the task when the lease was over: it has the same number if this attempt
 * did not count.
 */
static const char *outcome_of(const struct journal_entry *end, uint32_t number)
{
	if (!end)
		return "running";
	if (end->event == JOURNAL_CLAIMED)
		return journal_event_name(
			end->attempt == number ? JOURNAL_UNDONE : JOURNAL_EXPIRED);
	if (end->event == JOURNAL_CHANGED || end->event == JOURNAL_ARCHIVED)
		return task_state_name(end->to);
	return journal_event_name(end->event);
}

/*
 * An attempt of `count` entries, the newest first. The oldest one is its claim, unless the response
 * does not go so far back.
 */
static void put_attempt(const struct journal_entry *entries, size_t count,
	const struct journal_entry *end, struct buf *out)
{
	const struct journal_entry *first = &entries[count - 1];
	bool is_whole = first->event == JOURNAL_CLAIMED, has_log;

	native_put_name(out, "{", "number");
	buf_put_number(out, first->attempt);
	native_put_text(out, "worker", first->worker);
	if (is_whole)
		put_time(out, "started_at", first->at);
	else
		native_put_json(out, "started_at", STR_NULL);
	if (end)
		put_time(out, "ended_at", end->at);
	else
		native_put_json(out, "ended_at", STR_NULL);
	native_put_text(out, "outcome", str_cstr(outcome_of(end, first->attempt)));
	native_put_json(out, "error", end ? end->error : STR_NULL);
	native_put_name(out, ",", "log");
	has_log = native_put_log(entries, count, out);
	native_put_json(out, "log_complete", has_log && is_whole ? STR("true") : STR("false"));
	buf_putc(out, '}');
}

/* How many entries from `newest` to `oldest` belong to the attempt or follow it; 0: none. */
static size_t count_of_attempt(const struct result *result, size_t newest, size_t oldest)
{
	while (oldest > newest && result->history[oldest - 1].attempt == 0)
		oldest--;
	return oldest - newest;
}

/*
 * From the newest entry back. The newest end between two claims counts: a worker may report on a
 * claim that was undone. The oldest attempt may have no claim in the response.
 */
bool native_encode_attempts(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	const struct journal_entry *end = NULL;
	struct buf *out = &response->body;
	size_t newest = 0, count;
	bool resumed = false;

	(void)request;
	buf_puts(out, "{\"items\":[");
	for (size_t i = 0; i < result->history_count; i++) {
		const struct journal_entry *entry = &result->history[i];

		/* A late report has taken up the claim again: what undid it before is no end. */
		resumed |= entry->event == JOURNAL_PROGRESS && entry->from == TASK_PENDING;
		if (!end && !resumed && ends_attempt(entry))
			end = entry;
		if (entry->event != JOURNAL_CLAIMED)
			continue;
		buf_puts(out, newest > 0 ? "," : "");
		put_attempt(&result->history[newest], i + 1 - newest, end, out);
		newest = i + 1;
		end = entry->from == TASK_RUNNING ? entry : NULL;
		resumed = false;
	}
	count = count_of_attempt(result, newest, result->history_count);
	if (count > 0) {
		buf_puts(out, newest > 0 ? "," : "");
		put_attempt(&result->history[newest], count, end, out);
	}
	buf_puts(out, "],\"complete\":");
	buf_puts(out, result->history_cut || result->history_next > 0 ? "false}" : "true}");
	return response_finish(response, 200, NATIVE_MEDIA_TYPE, err);
}
