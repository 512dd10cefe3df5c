/* Counts of tasks by dialect and kind: GET /stats. */
#include "dialect/native/query.h"
#include "dialect/native/work.h"

const char *const native_stats_params[] = { "dialect", "kind", "limit", "cursor", NULL };

/* ---- the request ---- */

/* What the parameters fill. */
struct wanted {
	struct op_stats *stats;
	struct str *kinds; /* room for STATS_KINDS_MAX */
};

static bool add_kind(const struct native_query *query, const struct native_param *given)
{
	const struct wanted *wanted = query->target;
	struct op_stats *stats = wanted->stats;

	if (given->value.len > TASK_KIND_MAX)
		return NATIVE_QUERY_ERROR(
			query, given->name, "A kind has at most %d bytes.", TASK_KIND_MAX);
	for (size_t i = 0; i < stats->kind_count; i++) {
		if (str_eq(wanted->kinds[i], given->value))
			return true;
	}
	if (stats->kind_count == STATS_KINDS_MAX)
		return NATIVE_QUERY_ERROR(
			query, given->name, "A query may have at most %d kinds.", STATS_KINDS_MAX);
	wanted->kinds[stats->kind_count++] = given->value;
	return true;
}

static bool set_limit(const struct native_query *query, const struct native_param *given)
{
	const struct wanted *wanted = query->target;

	return native_parse_limit(query, given, STATS_ROWS_MAX, &wanted->stats->limit);
}

static bool set_cursor(const struct native_query *query, const struct native_param *given)
{
	const struct wanted *wanted = query->target;

	return native_cursor_decode(
		query->request, given->value, &wanted->stats->after, query->err);
}

static const struct native_query_row rows[] = {
	{ "dialect", NATIVE_TOGETHER, NULL, 0 }, /* native_take_dialects() */
	{ "kind", NATIVE_EACH, add_kind, 0 },
	{ "limit", NATIVE_ONCE, set_limit, 0 },
	{ NATIVE_CURSOR, NATIVE_ONCE, set_cursor, 0 },
	{ 0 },
};

bool native_decode_stats(struct request *request, struct op *op, struct err *err)
{
	struct op_stats *stats = arena_alloc(request->arena, sizeof(*stats));
	struct op_workers *workers = arena_alloc(request->arena, sizeof(*workers));
	struct str *kinds = arena_alloc(request->arena, STATS_KINDS_MAX * sizeof(*kinds));
	struct wanted wanted = { stats, kinds };
	struct native_query query = { .request = request, .op = op, .target = &wanted, .err = err };

	if (!stats || !workers || !kinds)
		return err_no_memory(err);
	*stats = (struct op_stats){ .kinds = kinds, .limit = STATS_ROWS_MAX };
	op->kind = OP_STATS;
	op->stats = stats;
	if (!request_check_accepts_json(request, err) ||
		!native_check_links(request, NATIVE_CURSOR, err))
		return false;
	native_unwrap_arrays(request, rows);
	if (!native_take_dialects(&query, &stats->dialects, &stats->dialect_count) ||
		!native_parse_params(&query, rows))
		return false;
	*workers = (struct op_workers){ .limit = WORKERS_ROWS_MAX };
	op->workers = stats->after.len == 0 ? workers : NULL;
	return true;
}

/* ---- the response ---- */

static void put_count(struct buf *out, const char *name, uint64_t count)
{
	buf_puts(out, name);
	buf_put_number(out, (int64_t)count);
}

static void put_states(struct buf *out, const struct stats_row *row)
{
	buf_puts(out, "\"states\":{");
	for (int state = TASK_PENDING; state < TASK_STATES; state++) {
		if (state > TASK_PENDING)
			buf_putc(out, ',');
		buf_put_json_string(out, str_cstr(task_state_name((enum task_state)state)));
		put_count(out, ":", row->states[state]);
	}
	put_count(out, "},\"ready\":", row->ready);
	put_count(out, ",\"delayed\":", row->states[TASK_PENDING] - row->ready);
}

static void put_windows(struct buf *out, const char *name, const uint64_t windows[STATS_WINDOWS])
{
	buf_puts(out, name);
	put_count(out, ":{\"last_minute\":", windows[STATS_MINUTE]);
	put_count(out, ",\"last_hour\":", windows[STATS_HOUR]);
	put_count(out, ",\"last_day\":", windows[STATS_DAY]);
	buf_putc(out, '}');
}

static void put_counts(struct buf *out, const struct stats_row *row)
{
	put_states(out, row);
	buf_puts(out, ",\"oldest_waiting_at\":");
	native_put_time(out, row->oldest_ready);
	put_windows(out, ",\"succeeded\"", row->succeeded);
	put_windows(out, ",\"failed\"", row->failed);
	buf_putc(out, '}');
}

static void put_row(struct buf *out, const struct stats_row *row)
{
	buf_puts(out, "{\"dialect\":");
	buf_put_json_string(out, str_cstr(dialect_code_name(row->dialect)));
	buf_puts(out, ",\"kind\":");
	if (row->kind_len > 0)
		buf_put_json_string(out, stats_kind(row));
	else
		buf_puts(out, "null");
	buf_putc(out, ',');
	put_counts(out, row);
}

static void add_row(struct stats_row *sum, const struct stats_row *row)
{
	for (int state = TASK_PENDING; state < TASK_STATES; state++)
		sum->states[state] += row->states[state];
	for (int i = 0; i < STATS_WINDOWS; i++) {
		sum->succeeded[i] += row->succeeded[i];
		sum->failed[i] += row->failed[i];
	}
	sum->ready += row->ready;
	if (optional_time_is_set(row->oldest_ready) &&
		(!optional_time_is_set(sum->oldest_ready) ||
			optional_time_ms(row->oldest_ready) < optional_time_ms(sum->oldest_ready)))
		sum->oldest_ready = row->oldest_ready;
}

bool native_encode_stats(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	const struct stats_answer *stats = result->stats;
	struct buf *out = &response->body;
	struct stats_row sum = { 0 };
	struct str next;

	if (!native_next_cursor(request, &stats->next, &next, err))
		return false;
	buf_puts(out, "{\"items\":[");
	for (size_t i = 0; i < stats->count; i++) {
		if (i > 0)
			buf_putc(out, ',');
		put_row(out, &stats->rows[i]);
		add_row(&sum, &stats->rows[i]);
	}
	buf_puts(out, "],\"totals\":{");
	put_counts(out, &sum);
	buf_puts(out, ",\"at\":");
	native_put_time(out, optional_time(stats->at));
	buf_puts(out, stats->exact ? ",\"exact\":true" : ",\"exact\":false");
	buf_puts(out, ",\"workers\":");
	if (result->workers)
		native_put_workers(out, result->workers);
	else
		buf_puts(out, "null");
	native_put_text(out, "next", next);
	buf_putc(out, '}');
	return native_add_links(request, NATIVE_CURSOR, next, response, err) &&
	       response_finish(response, 200, NATIVE_MEDIA_TYPE, err);
}
