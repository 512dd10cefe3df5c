#include "process/status_dialects.h"

#include <stdlib.h>

struct responses {
	uint64_t all, client_errors, server_errors;
	uint64_t durations[HISTOGRAM_BOUNDS + 1];
};

static json_t *integer(uint64_t value)
{
	return json_integer((json_int_t)value);
}

/* ---- responses ---- */

static void add_counter(struct responses *sum, const struct request_metrics *metrics, size_t number)
{
	const struct histogram *histogram = &metrics->durations[number];

	for (size_t i = 0; i < REQUEST_STATUSES; i++) {
		uint64_t count = atomic_load(&metrics->counts[number][i]);

		sum->all += count;
		if (request_statuses[i] >= 500)
			sum->server_errors += count;
		else if (request_statuses[i] >= 400)
			sum->client_errors += count;
	}
	for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++)
		sum->durations[i] += atomic_load(&histogram->buckets[i]);
}

static bool is_of_clients(enum request_call call)
{
	return call == CALL_NO_ROUTE || call == CALL_TOKEN;
}

/* dialect NULL: what belongs to none, and the calls of all that no client has made. */
static void add_calls(struct responses *sum, const struct request_metrics *metrics,
	const struct request_numbers *numbers, const struct dialect *dialect, bool of_clients)
{
	for (enum request_call call = 0; call < REQUEST_CALLS; call++) {
		if (!dialect || is_of_clients(call) == of_clients)
			add_counter(sum, metrics, request_number(numbers, dialect, NULL, call));
	}
}

static void sum_dialect(struct responses *sum, const struct request_metrics *metrics,
	const struct request_numbers *numbers, const struct dialect *dialect)
{
	/* A dialect without room in the metrics is counted as none. */
	if (numbers->first[dialect->code] == 0)
		return;
	add_calls(sum, metrics, numbers, dialect, true);
	for (const struct route *route = dialect->routes; route->method != METHOD_NONE; route++)
		add_counter(sum, metrics, request_number(numbers, dialect, route, CALL_NO_ROUTE));
}

static void sum_others(struct responses *sum, const struct request_metrics *metrics,
	const struct request_numbers *numbers)
{
	add_calls(sum, metrics, numbers, NULL, false);
	for (size_t i = 0; dialects[i]; i++) {
		if (numbers->first[dialects[i]->code] > 0)
			add_calls(sum, metrics, numbers, dialects[i], false);
	}
}

static json_t *responses_json(const struct responses *sum)
{
	json_t *json = json_object(), *durations = json_array();

	for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++)
		json_array_append_new(durations, integer(sum->durations[i]));
	json_object_set_new(json, "responses", integer(sum->all));
	json_object_set_new(json, "client_errors", integer(sum->client_errors));
	json_object_set_new(json, "server_errors", integer(sum->server_errors));
	json_object_set_new(json, "durations", durations);
	return json;
}

/* ---- tasks ---- */

static void add_events(json_t *json, const struct task_metrics *metrics)
{
	uint64_t ended = 0;

	for (enum task_state state = TASK_SUCCEEDED; state < TASK_STATES; state++)
		ended += atomic_load(&metrics->ended[state]);
	json_object_set_new(json, "created", integer(metrics->events[JOURNAL_CREATED]));
	json_object_set_new(json, "claimed", integer(metrics->events[JOURNAL_CLAIMED]));
	json_object_set_new(json, "ended", integer(ended));
}

/* Of all tenants. */
static void add_tasks(json_t *json, const struct census_page *page, uint8_t dialect)
{
	uint64_t states[TASK_STATES] = { 0 }, ready = 0;
	json_t *oldest = json_null();
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < page->row_count; i++) {
		const struct census_row *row = &page->rows[i];

		if (row->dialect != dialect)
			continue;
		for (int state = TASK_PENDING; state < TASK_STATES; state++)
			states[state] += row->states[state];
		ready += row->ready;
		if (optional_time_is_set(row->oldest_ready) &&
			optional_time_ms(row->oldest_ready) < least)
			least = optional_time_ms(row->oldest_ready);
	}
	for (enum task_state state = TASK_PENDING; state < TASK_STATES; state++)
		json_object_set_new(json, task_state_name(state), integer(states[state]));
	if (least != INT64_MAX)
		oldest = json_integer(least);
	json_object_set_new(json, "ready", integer(ready));
	json_object_set_new(json, "oldest_ready", oldest);
}

/* ---- the members ---- */

static json_t *dialect_json(const struct scoreboard *scoreboard,
	const struct request_numbers *numbers, const struct dialect *dialect,
	const struct census_page *page)
{
	struct responses sum = { 0 };
	json_t *json;

	sum_dialect(&sum, &scoreboard->requests, numbers, dialect);
	json = responses_json(&sum);
	if (!dialect->statuses || dialect->code >= METRICS_DIALECTS)
		return json;
	add_events(json, &scoreboard->store.metrics.tasks[dialect->code]);
	if (page)
		add_tasks(json, page, dialect->code);
	return json;
}

static json_t *bounds_json(void)
{
	json_t *bounds = json_array();

	for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++)
		json_array_append_new(bounds, json_integer(histogram_fast[i]));
	return bounds;
}

void status_add_dialects(json_t *status, struct scoreboard *scoreboard)
{
	struct census_page *page = calloc(1, sizeof(*page));
	bool counted = page && census_read(&scoreboard->census, page);
	json_t *list = json_object();
	struct request_numbers numbers;
	struct responses others = { 0 };

	request_numbers_init(&numbers);
	for (size_t i = 0; dialects[i]; i++)
		json_object_set_new(list, dialects[i]->name,
			dialect_json(scoreboard, &numbers, dialects[i], counted ? page : NULL));
	sum_others(&others, &scoreboard->requests, &numbers);
	json_object_set_new(list, "", responses_json(&others));
	json_object_set_new(status, "duration_bounds", bounds_json());
	json_object_set_new(status, "counted_at", counted ? json_integer(page->at) : json_null());
	json_object_set_new(status, "dialects", list);
	free(page);
}
