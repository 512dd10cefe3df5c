#include "ctl/top_view.h"

#include <inttypes.h>
#include <math.h>

#include "base/date.h"
#include "ctl/status_text.h"

#define DATE_SIZE  32
#define LINE_BYTES 512

enum column_kind { COLUMN_TEXT, COLUMN_NUMBER, COLUMN_RATE, COLUMN_SINCE };

/* Of a process; also of their sum, where it has a label. */
static const struct column {
	const char *member, *title;
	int width; /* negative: to the left */
	enum column_kind kind;
	const char *sum; /* label */
} columns[] = {
	{ "process", "PROCESS", -11, COLUMN_TEXT, NULL },
	{ "pid", "PID", 8, COLUMN_NUMBER, NULL },
	{ "generation", "GEN", 4, COLUMN_NUMBER, NULL },
	{ "state", " STATE", -10, COLUMN_TEXT, NULL },
	{ "served", "REQ/S", 9, COLUMN_RATE, "requests/s" },
	{ "refused", "REF/S", 8, COLUMN_RATE, "refused/s" },
	{ "flushes", "FLUSH/S", 8, COLUMN_RATE, "flushes/s" },
	{ "undone", "UNDONE/S", 9, COLUMN_RATE, "claims undone/s" },
	{ "connections", "CONN", 6, COLUMN_NUMBER, "connections" },
	{ "queued", "QUEUED", 7, COLUMN_NUMBER, "queued" },
	{ "parked", "PARKED", 7, COLUMN_NUMBER, "waiting for tasks" },
	{ "streams", "STREAMS", 8, COLUMN_NUMBER, "streams" },
	{ "since", "UPTIME", 9, COLUMN_SINCE, NULL },
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* ---- lines ---- */

/* Cuts the line to the columns. Only ASCII is counted exactly; other characters cut early. */
static void put_line(const struct top_view *view, const char *line, struct buf *out)
{
	size_t len = strlen(line);

	if (view->columns > 0 && len > view->columns)
		len = view->columns;
	while (len > 0 && line[len] && ((unsigned char)line[len] & 0xC0) == 0x80)
		len--;
	buf_put(out, line, len);
	buf_putc(out, '\n');
}

static const json_t *process_before(const struct top_view *view, const json_t *process)
{
	const json_t *list = json_object_get(view->before, "processes");
	json_int_t pid = json_integer_value(json_object_get(process, "pid"));

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *other = json_array_get(list, i);

		if (json_integer_value(json_object_get(other, "pid")) == pid)
			return other;
	}
	return NULL;
}

/* NAN: not known. */
static double rate(
	const struct top_view *view, const json_t *before, const json_t *now, const char *member)
{
	const json_t *old = json_object_get(before, member), *new = json_object_get(now, member);
	json_int_t more;

	if (!json_is_integer(old) || !json_is_integer(new) || view->ms <= 0)
		return (double)NAN;
	more = json_integer_value(new) - json_integer_value(old);
	return more < 0 ? (double)NAN : (double)more * 1000 / (double)view->ms;
}

static void put_rate(double value, char *text, size_t size)
{
	if (isnan(value))
		snprintf(text, size, "-");
	else
		snprintf(text, size, value < 100 ? "%.1f" : "%.0f", value);
}

/* ---- the service ---- */

static void put_state(const struct top_view *view, struct buf *out)
{
	char up[32], date[DATE_SIZE], line[LINE_BYTES];

	status_put_duration(view->wall - json_integer_value(json_object_get(view->now, "started")),
		up, sizeof(up));
	date_format(date, sizeof(date), view->wall, "%H:%M:%S UTC");
	snprintf(line, sizeof(line),
		"polytask %s for %s, generation %" JSON_INTEGER_FORMAT
		", recoveries %" JSON_INTEGER_FORMAT "%s   %s",
		json_string_value(json_object_get(view->now, "phase")), up,
		json_integer_value(json_object_get(view->now, "generation")),
		json_integer_value(json_object_get(view->now, "recoveries")),
		json_is_true(json_object_get(view->now, "read_only")) ? ", read only" : "", date);
	put_line(view, line, out);
}

static void put_attention(const struct top_view *view, struct buf *out)
{
	const json_t *list = json_object_get(view->now, "attention");
	char line[LINE_BYTES];

	for (size_t i = 0; i < json_array_size(list); i++) {
		snprintf(line, sizeof(line), "ATTENTION: %s",
			json_string_value(json_array_get(list, i)));
		put_line(view, line, out);
	}
}

static double sum_of(const struct top_view *view, const struct column *column)
{
	const json_t *list = json_object_get(view->now, "processes");
	double sum = 0;
	bool known = column->kind == COLUMN_NUMBER;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *process = json_array_get(list, i);
		double value = json_number_value(json_object_get(process, column->member));

		if (column->kind == COLUMN_RATE)
			value = rate(view, process_before(view, process), process, column->member);
		known |= !isnan(value);
		sum += isnan(value) ? 0 : value;
	}
	return known ? sum : (double)NAN;
}

/* "requests/s 120, refused/s 0.0, ..." */
static void put_sums(const struct top_view *view, struct buf *out)
{
	char line[LINE_BYTES] = "", value[32];

	for (size_t i = 0; i < COLUMNS; i++) {
		const struct column *column = &columns[i];
		double sum = column->sum ? sum_of(view, column) : 0;
		size_t len = strlen(line);

		if (!column->sum)
			continue;
		if (column->kind == COLUMN_RATE)
			put_rate(sum, value, sizeof(value));
		else
			snprintf(value, sizeof(value), "%.0f", sum);
		snprintf(line + len, sizeof(line) - len, "%s%s %s", len > 0 ? ", " : "",
			column->sum, value);
	}
	put_line(view, line, out);
}

static json_int_t figure(const struct top_view *view, const char *member)
{
	return json_integer_value(json_object_get(json_object_get(view->now, "store"), member));
}

static void put_store(const struct top_view *view, struct buf *out)
{
	const json_t *store = json_object_get(view->now, "store");
	const json_t *before = json_object_get(view->before, "store");
	const char *index = json_string_value(json_object_get(store, "index"));
	char line[LINE_BYTES], log[32], free_space[32], sent[32], failed[32];

	status_put_bytes((double)figure(view, "log_bytes"), log, sizeof(log));
	status_put_bytes((double)figure(view, "free_bytes"), free_space, sizeof(free_space));
	snprintf(line, sizeof(line),
		"store: log %s, free %s, index %s, damaged pages %" JSON_INTEGER_FORMAT, log,
		free_space, index ? index : "-", figure(view, "damaged_pages"));
	put_line(view, line, out);
	put_rate(rate(view, before, store, "deliveries_sent"), sent, sizeof(sent));
	put_rate(rate(view, before, store, "deliveries_failed"), failed, sizeof(failed));
	snprintf(line, sizeof(line),
		"webhooks: %" JSON_INTEGER_FORMAT " enabled, %" JSON_INTEGER_FORMAT
		" pending, sent/s %s, failed/s %s",
		figure(view, "webhooks"), figure(view, "deliveries_pending"), sent, failed);
	put_line(view, line, out);
}

/* ---- the processes ---- */

static void put_cell(const struct top_view *view, const struct column *column,
	const json_t *process, char *text, size_t size)
{
	const json_t *value = json_object_get(process, column->member);

	snprintf(text, size, "-");
	switch (column->kind) {
	case COLUMN_TEXT:
		if (json_is_string(value))
			snprintf(text, size, "%s%s", column->title[0] == ' ' ? " " : "",
				json_string_value(value));
		break;
	case COLUMN_NUMBER:
		if (json_is_integer(value))
			snprintf(text, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case COLUMN_RATE:
		put_rate(rate(view, process_before(view, process), process, column->member), text,
			size);
		break;
	case COLUMN_SINCE:
		if (json_is_integer(value))
			status_put_duration(view->wall - json_integer_value(value), text, size);
		break;
	}
}

/* process NULL: the header. */
static void put_process(const struct top_view *view, const json_t *process, struct buf *out)
{
	char line[LINE_BYTES] = "", text[64];

	for (size_t i = 0; i < COLUMNS; i++) {
		size_t len = strlen(line);

		if (process)
			put_cell(view, &columns[i], process, text, sizeof(text));
		snprintf(line + len, sizeof(line) - len, "%*s", columns[i].width,
			process ? text : columns[i].title);
	}
	put_line(view, line, out);
}

bool top_view_put(const struct top_view *view, struct buf *out)
{
	const json_t *list = json_object_get(view->now, "processes");

	if (!json_is_string(json_object_get(view->now, "phase")))
		return false;
	put_state(view, out);
	put_attention(view, out);
	put_sums(view, out);
	put_store(view, out);
	buf_putc(out, '\n');
	put_process(view, NULL, out);
	for (size_t i = 0; i < json_array_size(list); i++)
		put_process(view, json_array_get(list, i), out);
	return buf_ok(out);
}
