#include "ctl/top_table.h"

#include <math.h>
#include <stdio.h>

#include "ctl/status_text.h"
#include "ctl/top_figures.h"

#define LINE_BYTES 512
#define CELL_BYTES 64
#define NO_DIALECT "(calls)" /* of the web server, and probes */

enum column_kind {
	COLUMN_TEXT,
	COLUMN_NUMBER,
	COLUMN_RATE,
	COLUMN_SINCE, /* the time that has passed since then */
	COLUMN_MEDIAN,
	COLUMN_P99,
};

struct column {
	const char *member, *title;
	int width; /* negative: to the left */
	enum column_kind kind;
	int rank; /* columns with higher ones are left out first; 0: never */
};

/* They fit into 80 columns up to rank 3 and 2. */
static const struct column dialect_columns[] = {
	{ "", "DIALECT", -10, COLUMN_TEXT, 0 },
	{ "responses", "REQ/S", 8, COLUMN_RATE, 0 },
	{ "client_errors", "4XX/S", 8, COLUMN_RATE, 4 },
	{ "server_errors", "5XX/S", 8, COLUMN_RATE, 3 },
	{ "durations", "MEDIAN", 8, COLUMN_MEDIAN, 1 },
	{ "durations", "P99", 8, COLUMN_P99, 1 },
	{ "created", "NEW/S", 8, COLUMN_RATE, 5 },
	{ "claimed", "CLAIM/S", 9, COLUMN_RATE, 1 },
	{ "ended", "END/S", 8, COLUMN_RATE, 5 },
	{ "pending", "PENDING", 9, COLUMN_NUMBER, 6 },
	{ "ready", "READY", 9, COLUMN_NUMBER, 1 },
	{ "oldest_ready", "OLDEST", 9, COLUMN_SINCE, 1 },
	{ "running", "RUNNING", 9, COLUMN_NUMBER, 2 },
	{ "failed", "FAILED", 9, COLUMN_NUMBER, 6 },
	{ "cancelled", "CANCELLED", 11, COLUMN_NUMBER, 7 },
	{ "succeeded", "SUCCEEDED", 11, COLUMN_NUMBER, 7 },
	{ 0 },
};

static const struct column process_columns[] = {
	{ "process", "PROCESS", -11, COLUMN_TEXT, 0 },
	{ "pid", "PID", 8, COLUMN_NUMBER, 1 },
	{ "generation", "GEN", 4, COLUMN_NUMBER, 2 },
	{ "state", " STATE", -10, COLUMN_TEXT, 0 },
	{ "served", "REQ/S", 9, COLUMN_RATE, 0 },
	{ "refused", "REF/S", 8, COLUMN_RATE, 2 },
	{ "flushes", "FLUSH/S", 8, COLUMN_RATE, 1 },
	{ "undone", "UNDONE/S", 9, COLUMN_RATE, 4 },
	{ "connections", "CONN", 6, COLUMN_NUMBER, 1 },
	{ "queued", "QUEUED", 7, COLUMN_NUMBER, 2 },
	{ "parked", "PARKED", 7, COLUMN_NUMBER, 3 },
	{ "streams", "STREAMS", 8, COLUMN_NUMBER, 3 },
	{ "since", "UPTIME", 9, COLUMN_SINCE, 1 },
	{ 0 },
};

struct table {
	const struct top_view *view;
	const struct column *columns; /* ends with an all-zero row */
	int rank;		      /* of the columns that are left out; they are not shown */
};

/* ---- columns ---- */

static size_t width_up_to(const struct column *columns, int rank)
{
	size_t sum = 0;

	for (; columns->title; columns++) {
		if (columns->rank < rank)
			sum += (size_t)(columns->width < 0 ? -columns->width : columns->width);
	}
	return sum;
}

static void fit(struct table *table)
{
	size_t most = table->view->columns;

	table->rank = 0;
	for (const struct column *column = table->columns; column->title; column++) {
		if (column->rank >= table->rank)
			table->rank = column->rank + 1;
	}
	while (most > 0 && table->rank > 1 && width_up_to(table->columns, table->rank) > most)
		table->rank--;
}

/* ---- lines ---- */

/* name: of the dialect; "-" in the table of processes. */
static void put_cell(const struct table *table, const struct column *column, const char *name,
	const json_t *before, const json_t *now, char text[CELL_BYTES])
{
	const json_t *value = json_object_get(now, column->member);
	const struct top_view *view = table->view;

	snprintf(text, CELL_BYTES, "-");
	switch (column->kind) {
	case COLUMN_TEXT:
		snprintf(text, CELL_BYTES, "%s%s", column->title[0] == ' ' ? " " : "",
			json_is_string(value) ? json_string_value(value)
			: *name		      ? name
					      : NO_DIALECT);
		break;
	case COLUMN_NUMBER:
		if (json_is_integer(value))
			snprintf(text, CELL_BYTES, "%" JSON_INTEGER_FORMAT,
				json_integer_value(value));
		break;
	case COLUMN_RATE:
		top_put_rate(top_rate(view, before, now, column->member), text, CELL_BYTES);
		break;
	case COLUMN_SINCE:
		if (json_is_integer(value))
			status_put_duration(
				view->wall - json_integer_value(value), text, CELL_BYTES);
		break;
	case COLUMN_MEDIAN:
		top_put_duration(top_quantile(view, name, 0.5), text, CELL_BYTES);
		break;
	case COLUMN_P99:
		top_put_duration(top_quantile(view, name, 0.99), text, CELL_BYTES);
		break;
	}
}

/* now NULL: the header. */
static void put_row(const struct table *table, const char *name, const json_t *before,
	const json_t *now, struct buf *out)
{
	char line[LINE_BYTES] = "", text[CELL_BYTES];

	for (const struct column *column = table->columns; column->title; column++) {
		size_t len = strlen(line);

		if (column->rank >= table->rank)
			continue;
		if (now)
			put_cell(table, column, name, before, now, text);
		snprintf(line + len, sizeof(line) - len, "%*s", column->width,
			now ? text : column->title);
	}
	top_put_line(table->view, now ? TOP_PLAIN : TOP_HEADER, line, out);
}

/* ---- dialects ---- */

/* A dialect without requests and tasks has no row. */
static bool is_used(const json_t *dialect)
{
	static const char *const members[] = { "responses", "created", "claimed", "ended",
		"pending", "running", "succeeded", "failed", "cancelled" };

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (json_integer_value(json_object_get(dialect, members[i])) > 0)
			return true;
	}
	return false;
}

void top_put_dialects(const struct top_view *view, struct buf *out)
{
	const json_t *before = json_object_get(view->before, "dialects");
	json_t *list = json_object_get(view->now, "dialects"), *dialect;
	struct table table = { .view = view, .columns = dialect_columns };
	const char *name;

	fit(&table);
	put_row(&table, NULL, NULL, NULL, out);
	json_object_foreach (list, name, dialect) {
		if (is_used(dialect))
			put_row(&table, name, json_object_get(before, name), dialect, out);
	}
}

/* ---- processes ---- */

void top_put_processes(const struct top_view *view, struct buf *out)
{
	const json_t *list = json_object_get(view->now, "processes");
	struct table table = { .view = view, .columns = process_columns };

	fit(&table);
	put_row(&table, NULL, NULL, NULL, out);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *process = json_array_get(list, i);

		put_row(&table, "-", top_process_before(view, process), process, out);
	}
}
