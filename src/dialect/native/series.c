/* Counts of created and ended tasks, by time: GET /stats/series. */
#include <inttypes.h>

#include "base/date.h"
#include "dialect/native/query.h"
#include "dialect/native/work.h"

#define STEPS_DEFAULT	     60 /* before `to`, if there is no `from` */
#define STEP_SECONDS_DEFAULT 60

const char *const native_series_params[] = { "dialect", "from", "to", "step", NULL };

/* ---- the request ---- */

/* The values of the parameters. */
struct wanted {
	struct optional_time from, to;
	unsigned step_seconds;
};

static bool set_from(const struct native_query *query, const struct native_param *given)
{
	struct wanted *wanted = query->target;
	int64_t ms;

	if (!native_parse_time(query, given, &ms))
		return false;
	wanted->from = optional_time(ms);
	return true;
}

static bool set_to(const struct native_query *query, const struct native_param *given)
{
	struct wanted *wanted = query->target;
	int64_t ms;

	if (!native_parse_time(query, given, &ms))
		return false;
	wanted->to = optional_time(ms);
	return true;
}

static bool set_step(const struct native_query *query, const struct native_param *given)
{
	static const unsigned allowed[] = { 1, 10, 60, 300, 600, 3600, 21600, 86400 };
	struct wanted *wanted = query->target;
	uint64_t seconds = 0;

	str_to_u64(given->value, &seconds);
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		if (seconds == allowed[i]) {
			wanted->step_seconds = allowed[i];
			return true;
		}
	}
	return NATIVE_QUERY_ERROR(query, given->name,
		"step must be 1, 10, 60, 300, 600, 3600, 21600 or 86400 seconds.");
}

static const struct native_query_row rows[] = {
	{ "dialect", NATIVE_TOGETHER, NULL, 0 }, /* native_take_dialects() */
	{ "from", NATIVE_ONCE, set_from, 0 },
	{ "to", NATIVE_ONCE, set_to, 0 },
	{ "step", NATIVE_ONCE, set_step, 0 },
	{ 0 },
};

/* Moves both ends outwards to a multiple of the step, so that each step is whole. */
static bool set_times(
	const struct native_query *query, const struct wanted *wanted, struct series_times *times)
{
	int64_t step = (int64_t)wanted->step_seconds * 1000, from, to, steps;

	to = optional_time_is_set(wanted->to) ? optional_time_ms(wanted->to) : query->op->now;
	to = (to + step - 1) / step * step;
	if (to > DATE_MS_MAX)
		return NATIVE_QUERY_ERROR(
			query, STR("to"), "The last step would end after the year 9999.");
	from = to - STEPS_DEFAULT * step;
	if (optional_time_is_set(wanted->from))
		from = optional_time_ms(wanted->from) / step * step;
	if (from < 0)
		from = 0;
	steps = (to - from) / step;
	if (to <= from)
		return NATIVE_QUERY_ERROR(query, STR("from"), "from must be before to.");
	if (steps > SERIES_STEPS_MAX)
		return NATIVE_QUERY_ERROR(query, STR("step"),
			"There are %" PRId64
			" steps of %u s between from and to, and at most %d are "
			"allowed: choose a longer step or a later from.",
			steps, wanted->step_seconds, SERIES_STEPS_MAX);
	*times = (struct series_times){ from, step, (unsigned)steps };
	return true;
}

bool native_decode_series(struct request *request, struct op *op, struct err *err)
{
	struct op_series *series = arena_alloc(request->arena, sizeof(*series));
	struct wanted wanted = { .step_seconds = STEP_SECONDS_DEFAULT };
	struct native_query query = { .request = request, .op = op, .target = &wanted, .err = err };

	if (!series)
		return err_no_memory(err);
	*series = (struct op_series){ 0 };
	op->kind = OP_SERIES;
	op->series = series;
	if (!request_check_accepts_json(request, err))
		return false;
	native_unwrap_arrays(request, rows);
	return native_take_dialects(&query, &series->dialects, &series->dialect_count) &&
	       native_parse_params(&query, rows) && set_times(&query, &wanted, &series->times);
}

/* ---- the response ---- */

static void put_row(struct buf *out, const struct series_row *row, unsigned steps)
{
	static const char *const names[SERIES_EVENTS] = {
		[SERIES_CREATED] = "created",
		[SERIES_SUCCEEDED] = "succeeded",
		[SERIES_FAILED] = "failed",
		[SERIES_CANCELLED] = "cancelled",
	};

	buf_puts(out, "{\"dialect\":");
	buf_put_json_string(out, str_cstr(dialect_code_name(row->dialect)));
	for (int event = 0; event < SERIES_EVENTS; event++) {
		native_put_name(out, ",", names[event]);
		for (unsigned i = 0; i < steps; i++) {
			buf_putc(out, i == 0 ? '[' : ',');
			buf_put_number(out, (int64_t)row->counts[event][i]);
		}
		buf_putc(out, ']');
	}
	buf_putc(out, '}');
}

bool native_encode_series(const struct request *request, const struct result *result,
	struct response *response, struct err *err)
{
	const struct series_answer *series = result->series;
	const struct series_times *times = &series->times;
	struct buf *out = &response->body;

	(void)request;
	buf_puts(out, "{\"from\":");
	native_put_time(out, optional_time(times->from));
	buf_puts(out, ",\"to\":");
	native_put_time(out, optional_time(times->from + times->steps * times->step_ms));
	buf_puts(out, ",\"step_seconds\":");
	buf_put_number(out, times->step_ms / 1000);
	buf_puts(out, ",\"items\":[");
	for (size_t i = 0; i < series->count; i++) {
		if (i > 0)
			buf_putc(out, ',');
		put_row(out, &series->rows[i], times->steps);
	}
	buf_puts(out, "],\"at\":");
	native_put_time(out, optional_time(series->at));
	buf_puts(out, series->exact ? ",\"exact\":true}" : ",\"exact\":false}");
	return response_finish(response, 200, NATIVE_MEDIA_TYPE, err);
}
