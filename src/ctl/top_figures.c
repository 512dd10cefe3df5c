#include "ctl/top_figures.h"

#include <math.h>
#include <stdio.h>

#include "base/histogram.h"
#include "ctl/top_lines.h"

#define BUCKETS (HISTOGRAM_BOUNDS + 1)

/* ---- rates ---- */

double top_rate(
	const struct top_view *view, const json_t *before, const json_t *now, const char *member)
{
	const json_t *old = json_object_get(before, member), *new = json_object_get(now, member);
	json_int_t more;

	if (!json_is_integer(old) || !json_is_integer(new) || view->ms <= 0)
		return (double)NAN;
	more = json_integer_value(new) - json_integer_value(old);
	return more < 0 ? (double)NAN : (double)more * 1000 / (double)view->ms;
}

static double add(double sum, double rate)
{
	if (isnan(rate))
		return sum;
	return isnan(sum) ? rate : sum + rate;
}

double top_dialects_rate(const struct top_view *view, const char *member)
{
	const json_t *before = json_object_get(view->before, "dialects");
	json_t *now = json_object_get(view->now, "dialects"), *dialect;
	double sum = (double)NAN;
	const char *name;

	json_object_foreach (now, name, dialect)
		sum = add(sum, top_rate(view, json_object_get(before, name), dialect, member));
	return sum;
}

const json_t *top_process_before(const struct top_view *view, const json_t *process)
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

double top_processes_rate(const struct top_view *view, const char *member)
{
	const json_t *list = json_object_get(view->now, "processes");
	double sum = (double)NAN;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *process = json_array_get(list, i);

		sum = add(sum, top_rate(view, top_process_before(view, process), process, member));
	}
	return sum;
}

/* ---- durations ---- */

/* Adds the requests of a dialect by bucket. A service of another version may have others. */
static void add_durations(const struct top_view *view, const char *dialect, double counts[BUCKETS])
{
	const json_t *before = json_object_get(view->before, "dialects");
	const json_t *now = json_object_get(view->now, "dialects");

	before = json_object_get(json_object_get(before, dialect), "durations");
	now = json_object_get(json_object_get(now, dialect), "durations");
	if (!before || json_array_size(now) != json_array_size(before))
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		json_int_t more = json_integer_value(json_array_get(now, i)) -
				  json_integer_value(json_array_get(before, i));

		counts[i] += more > 0 ? (double)more : 0;
	}
}

static double bound(const json_t *bounds, size_t i)
{
	return json_number_value(json_array_get(bounds, i));
}

double top_quantile(const struct top_view *view, const char *dialect, double share)
{
	const json_t *bounds = json_object_get(view->now, "duration_bounds");
	json_t *dialects = json_object_get(view->now, "dialects"), *value;
	double counts[BUCKETS] = { 0 }, sum = 0, rank, lower, passed = 0;
	const char *name;
	size_t i = 0;

	if (json_array_size(bounds) != HISTOGRAM_BOUNDS)
		return (double)NAN;
	json_object_foreach (dialects, name, value) {
		if (dialect ? strcmp(name, dialect) == 0 : *name != '\0')
			add_durations(view, name, counts);
	}
	for (size_t j = 0; j < BUCKETS; j++)
		sum += counts[j];
	if (sum <= 0)
		return (double)NAN;
	rank = share * sum;
	while (i < HISTOGRAM_BOUNDS && passed + counts[i] < rank)
		passed += counts[i++];
	lower = i > 0 ? bound(bounds, i - 1) : 0;
	if (i == HISTOGRAM_BOUNDS)
		return lower;
	return lower + (bound(bounds, i) - lower) * (rank - passed) / counts[i];
}

/* ---- texts ---- */

void top_put_rate(double value, char *text, size_t size)
{
	if (isnan(value))
		snprintf(text, size, "-");
	else if (value < 100)
		snprintf(text, size, "%.1f", value);
	else
		top_put_count(value, text, size);
}

void top_put_duration(double us, char *text, size_t size)
{
	double ms = us / 1000;

	if (isnan(us))
		snprintf(text, size, "-");
	else if (ms < 1000)
		snprintf(text, size, ms < 10 ? "%.2fms" : ms < 100 ? "%.1fms" : "%.0fms", ms);
	else
		snprintf(text, size, ms < 100000 ? "%.1fs" : "%.0fs", ms / 1000);
}

void top_put_count(double value, char *text, size_t size)
{
	static const char units[] = "MGTP";
	size_t unit = 0;

	if (isnan(value)) {
		snprintf(text, size, "-");
	} else if (value < 1e7) {
		snprintf(text, size, "%.0f", value);
	} else {
		for (value /= 1e6; value >= 10000 && units[unit + 1]; unit++)
			value /= 1000;
		snprintf(text, size, "%.1f%c", value, units[unit]);
	}
}
