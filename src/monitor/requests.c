/* Metrics of requests: those of clients, and those to webhooks. */
#include <stdio.h>

#include "monitor/family.h"

static const char *const call_names[REQUEST_CALLS] = {
	[CALL_NO_ROUTE] = "(none)",
	[CALL_AUTHORIZE] = "(authorize)",
	[CALL_TOKEN] = "(token)",
	[CALL_READY] = "(ready)",
};

/* A counter of requests: of a row of a dialect's routes, or of a call. */
struct source {
	size_t number;
	struct str dialect;
	const struct route *route; /* NULL: a call */
	enum request_call call;
};

typedef void put_source(const struct metrics_view *view, const struct family *family,
	const struct source *source, struct buf *out);

static void each_source(const struct metrics_view *view, const struct family *family,
	put_source *put, struct buf *out)
{
	struct request_numbers numbers;

	request_numbers_init(&numbers);
	for (int call = 0; call < REQUEST_CALLS; call++) {
		struct source source = { .number = (size_t)call, .call = (enum request_call)call };

		put(view, family, &source, out);
	}
	for (size_t i = 0; dialects[i]; i++) {
		const struct dialect *dialect = dialects[i];
		struct source source = { .dialect = str_cstr(dialect->name) };

		for (int call = 0; call < REQUEST_CALLS; call++) {
			source.call = (enum request_call)call;
			source.number = request_number(&numbers, dialect, NULL, source.call);
			put(view, family, &source, out);
		}
		source.route = dialect->routes;
		for (; source.route->method != METHOD_NONE; source.route++) {
			source.number = request_number(
				&numbers, dialect, source.route, CALL_NO_ROUTE);
			put(view, family, &source, out);
		}
	}
}

/* Three labels, and room for another one and the end. */
static void set_labels(const struct source *source, struct metric_label labels[5])
{
	labels[0] = (struct metric_label){ "dialect", source->dialect };
	labels[1] = (struct metric_label){ "method",
		str_cstr(source->route ? method_name(source->route->method) : "") };
	labels[2] = (struct metric_label){ "route",
		str_cstr(source->route ? source->route->pattern : call_names[source->call]) };
	labels[3] = labels[4] = (struct metric_label){ 0 };
}

static void put_counts(const struct metrics_view *view, const struct family *family,
	const struct source *source, struct buf *out)
{
	const struct request_metrics *requests = &view->scoreboard->requests;
	struct metric_label labels[5];

	set_labels(source, labels);
	for (size_t i = 0; i < REQUEST_STATUSES; i++) {
		uint64_t count = atomic_load(&requests->counts[source->number][i]);
		char code[16] = "other";

		if (count == 0)
			continue;
		if (request_statuses[i] != 0)
			snprintf(code, sizeof(code), "%d", request_statuses[i]);
		labels[3] = (struct metric_label){ "code", str_cstr(code) };
		exposition_sample(out, family->name, labels, (double)count);
	}
}

void collect_requests(const struct metrics_view *view, const struct family *family, struct buf *out)
{
	each_source(view, family, put_counts, out);
}

static bool is_empty(const struct histogram *histogram)
{
	for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++) {
		if (atomic_load(&histogram->buckets[i]) > 0)
			return false;
	}
	return true;
}

static void put_durations(const struct metrics_view *view, const struct family *family,
	const struct source *source, struct buf *out)
{
	const struct histogram *histogram = &view->scoreboard->requests.durations[source->number];
	struct metric_label labels[5];

	if (is_empty(histogram))
		return;
	set_labels(source, labels);
	exposition_histogram(out, family->name, labels, histogram, histogram_fast);
}

void collect_durations(
	const struct metrics_view *view, const struct family *family, struct buf *out)
{
	each_source(view, family, put_durations, out);
}

void collect_errors(const struct metrics_view *view, const struct family *family, struct buf *out)
{
	for (enum err_code code = ERR_NONE + 1; code < ERR_CODES; code++) {
		const struct metric_label labels[] = { { "error", str_cstr(err_name(code)) },
			{ 0 } };
		uint64_t count = atomic_load(&view->scoreboard->requests.errors[code]);

		if (count > 0)
			exposition_sample(out, family->name, labels, (double)count);
	}
}

void collect_attempts(const struct metrics_view *view, const struct family *family, struct buf *out)
{
	for (enum attempt_outcome i = ATTEMPT_ACCEPTED; i < ATTEMPT_OUTCOMES; i++) {
		const struct histogram *histogram = &view->scoreboard->attempts.durations[i];
		const struct metric_label labels[] = {
			{ "outcome", str_cstr(attempt_outcome_name(i)) }, { 0 }
		};

		if (!is_empty(histogram))
			exposition_histogram(out, family->name, labels, histogram, histogram_fast);
	}
}
