#include "ctl/top_view.h"

#include <math.h>

#include "base/date.h"
#include "ctl/status_text.h"
#include "ctl/top_figures.h"
#include "ctl/top_lines.h"
#include "ctl/top_table.h"

#define DATE_SIZE   32
#define VALUE_BYTES 32
#define LABEL_WIDTH 9
#define VALUE_WIDTH 8 /* four cells take 78 columns at most */
#define WHAT_WIDTH  9
#define CELLS	    4

/* The census is made every second while it is watched; an older one tells nothing about now. */
#define COUNTED_MOST_MS 30000

/* ---- the service ---- */

static void put_state(const struct top_view *view, struct buf *out)
{
	char up[32], date[DATE_SIZE], line[TOP_LINE_BYTES];

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
	top_put_line(view, TOP_BOLD, line, out);
}

static void put_attention(const struct top_view *view, struct buf *out)
{
	const json_t *list = json_object_get(view->now, "attention");
	char text[TOP_LINE_BYTES];

	for (size_t i = 0; i < json_array_size(list); i++) {
		snprintf(text, sizeof(text), "ATTENTION: %s",
			json_string_value(json_array_get(list, i)));
		top_put_wrapped(view, TOP_BOLD, text, out);
	}
	if (json_array_size(list) == 0)
		top_put_line(view, TOP_PLAIN, "nothing needs attention", out);
}

/* ---- figures ---- */

/* A value and what it is, in columns that do not move. */
struct cell {
	char value[VALUE_BYTES];
	const char *what;
};

static void put_cells(
	const struct top_view *view, const char *label, const struct cell *cells, struct buf *out)
{
	char line[TOP_LINE_BYTES];
	size_t len;

	snprintf(line, sizeof(line), "%-*s", LABEL_WIDTH, label);
	for (size_t i = 0; i < CELLS; i++) {
		len = strlen(line);
		snprintf(line + len, sizeof(line) - len, "%*s %-*s", VALUE_WIDTH, cells[i].value,
			i + 1 < CELLS ? WHAT_WIDTH : 0, cells[i].what);
	}
	top_put_line(view, TOP_PLAIN, line, out);
}

static struct cell rate_cell(double rate, const char *what)
{
	struct cell cell = { .what = what };
	size_t len;

	top_put_rate(rate, cell.value, sizeof(cell.value));
	len = strlen(cell.value);
	snprintf(cell.value + len, sizeof(cell.value) - len, "/s");
	return cell;
}

static struct cell count_cell(double count, const char *what)
{
	struct cell cell = { .what = what };

	top_put_count(count, cell.value, sizeof(cell.value));
	return cell;
}

static struct cell duration_cell(double us, const char *what)
{
	struct cell cell = { .what = what };

	top_put_duration(us, cell.value, sizeof(cell.value));
	return cell;
}

/* A shared store has no figures of files. */
static struct cell bytes_cell(const json_t *store, const char *member, const char *what)
{
	const json_t *bytes = json_object_get(store, member);
	struct cell cell = { .value = "-", .what = what };

	if (bytes)
		status_put_bytes(json_number_value(bytes), cell.value, sizeof(cell.value));
	return cell;
}

/* NAN if no process has the member. */
static double sum_of(const struct top_view *view, const char *member)
{
	const json_t *list = json_object_get(view->now, "processes");
	double sum = (double)NAN;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *value = json_object_get(json_array_get(list, i), member);

		if (json_is_integer(value))
			sum = (isnan(sum) ? 0 : sum) + json_number_value(value);
	}
	return sum;
}

static void put_requests(const struct top_view *view, struct buf *out)
{
	double refused = top_dialects_rate(view, "client_errors");

	put_cells(view, "requests",
		(const struct cell[CELLS]){
			rate_cell(top_dialects_rate(view, "responses"), "answered"),
			rate_cell(refused + top_dialects_rate(view, "server_errors"), "refused"),
			duration_cell(top_quantile(view, NULL, 0.5), "median"),
			duration_cell(top_quantile(view, NULL, 0.99), "p99"),
		},
		out);
	put_cells(view, "clients",
		(const struct cell[CELLS]){
			count_cell(sum_of(view, "connections"), "connected"),
			count_cell(sum_of(view, "queued"), "queued"),
			count_cell(sum_of(view, "parked"), "parked"),
			count_cell(sum_of(view, "streams"), "streams"),
		},
		out);
}

/* ---- tasks ---- */

static bool is_counted(const struct top_view *view)
{
	const json_t *at = json_object_get(view->now, "counted_at");

	return json_is_integer(at) && view->wall - json_integer_value(at) <= COUNTED_MOST_MS;
}

/* NAN: not counted. */
static double tasks_of(const struct top_view *view, const char *member)
{
	json_t *list = json_object_get(view->now, "dialects"), *dialect;
	double sum = 0;
	const char *name;

	if (!is_counted(view))
		return (double)NAN;
	json_object_foreach (list, name, dialect)
		sum += json_number_value(json_object_get(dialect, member));
	return sum;
}

static struct cell oldest_cell(const struct top_view *view)
{
	json_t *list = json_object_get(view->now, "dialects"), *dialect;
	json_int_t oldest = view->wall;
	struct cell cell = { .value = "-", .what = "oldest" };
	bool found = false;
	const char *name;

	json_object_foreach (list, name, dialect) {
		const json_t *value = json_object_get(dialect, "oldest_ready");

		found |= json_is_integer(value);
		if (json_is_integer(value) && json_integer_value(value) < oldest)
			oldest = json_integer_value(value);
	}
	if (found && is_counted(view))
		status_put_duration(view->wall - oldest, cell.value, sizeof(cell.value));
	return cell;
}

static void put_tasks(const struct top_view *view, struct buf *out)
{
	put_cells(view, "tasks",
		(const struct cell[CELLS]){
			count_cell(tasks_of(view, "pending"), "pending"),
			count_cell(tasks_of(view, "running"), "running"),
			count_cell(tasks_of(view, "failed"), "failed"),
			count_cell(tasks_of(view, "ready"), "ready"),
		},
		out);
	put_cells(view, "",
		(const struct cell[CELLS]){
			rate_cell(top_dialects_rate(view, "created"), "created"),
			rate_cell(top_dialects_rate(view, "claimed"), "claimed"),
			rate_cell(top_dialects_rate(view, "ended"), "ended"),
			oldest_cell(view),
		},
		out);
}

/* ---- the store ---- */

static void put_store(const struct top_view *view, struct buf *out)
{
	const json_t *store = json_object_get(view->now, "store");
	const json_t *before = json_object_get(view->before, "store");
	const char *index = json_string_value(json_object_get(store, "index"));
	struct cell index_cell = { .what = index ? index : "-" };

	snprintf(index_cell.value, sizeof(index_cell.value), "index");
	put_cells(view, "store",
		(const struct cell[CELLS]){
			rate_cell(top_processes_rate(view, "flushes"), "flushes"),
			bytes_cell(store, "log_bytes", "log"),
			bytes_cell(store, "free_bytes", "free"),
			index_cell,
		},
		out);
	put_cells(view, "webhooks",
		(const struct cell[CELLS]){
			count_cell(
				json_number_value(json_object_get(store, "webhooks")), "enabled"),
			count_cell(json_number_value(json_object_get(store, "deliveries_pending")),
				"pending"),
			rate_cell(top_rate(view, before, store, "deliveries_sent"), "sent"),
			rate_cell(top_rate(view, before, store, "deliveries_failed"), "failed"),
		},
		out);
}

bool top_view_put(const struct top_view *view, struct buf *out)
{
	if (!json_is_string(json_object_get(view->now, "phase")))
		return false;
	put_state(view, out);
	put_attention(view, out);
	put_requests(view, out);
	put_tasks(view, out);
	put_store(view, out);
	buf_putc(out, '\n');
	top_put_dialects(view, out);
	buf_putc(out, '\n');
	top_put_processes(view, out);
	return buf_ok(out);
}
