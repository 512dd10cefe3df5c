/* The figures by dialect in the status. */
#include "http/json.h"
#include "lib/check.h"
#include "process/status_dialects.h"

#define COUNTED_AT INT64_C(1700000000000)

static const struct dialect *native(void)
{
	return dialect_by_name(STR("native"));
}

static json_int_t number(const json_t *status, const char *dialect, const char *member)
{
	const json_t *json = json_object_get(json_object_get(status, "dialects"), dialect);
	const json_t *value = json_object_get(json, member);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static json_int_t durations(const json_t *status, const char *dialect, size_t bucket)
{
	const json_t *json = json_object_get(json_object_get(status, "dialects"), dialect);

	return json_integer_value(json_array_get(json_object_get(json, "durations"), bucket));
}

static void responses_are_summed_by_dialect(void **state)
{
	struct scoreboard *scoreboard = scoreboard_new();
	struct request_metrics *metrics = &scoreboard->requests;
	const struct dialect *dialect = native();
	json_t *status = json_object();
	struct request_numbers numbers;

	(void)state;
	request_numbers_init(&numbers);
	/* Two routes, of which one request has waited, and a path that no route has. */
	request_metrics_add(
		metrics, request_number(&numbers, dialect, dialect->routes, 0), 200, ERR_NONE, 100);
	request_metrics_add(
		metrics, request_number(&numbers, dialect, dialect->routes, 0), 503, ERR_NONE, -1);
	request_metrics_add(metrics, request_number(&numbers, dialect, dialect->routes + 1, 0), 404,
		ERR_NONE, 60000000);
	request_metrics_add(metrics, request_number(&numbers, dialect, NULL, CALL_NO_ROUTE), 404,
		ERR_NONE, 100);
	/* These are of no client. */
	request_metrics_add(metrics, request_number(&numbers, dialect, NULL, CALL_AUTHORIZE), 401,
		ERR_NONE, 100);
	request_metrics_add(
		metrics, request_number(&numbers, NULL, NULL, CALL_READY), 200, ERR_NONE, 100);
	status_add_dialects(status, scoreboard);
	assert_int_equal(number(status, "native", "responses"), 4);
	assert_int_equal(number(status, "native", "client_errors"), 2);
	assert_int_equal(number(status, "native", "server_errors"), 1);
	assert_int_equal(durations(status, "native", 0), 2);
	assert_int_equal(durations(status, "native", HISTOGRAM_BOUNDS), 1);
	assert_int_equal(number(status, "", "responses"), 2);
	assert_int_equal(number(status, "", "client_errors"), 1);
	assert_int_equal(number(status, "virtshell", "responses"), 0);
	assert_int_equal(
		json_array_size(json_object_get(status, "duration_bounds")), HISTOGRAM_BOUNDS);
	json_decref(status);
	scoreboard_free(scoreboard);
}

static void set_row(struct census_row *row, uint16_t tenant, uint64_t pending, int64_t oldest)
{
	row->tenant = tenant;
	row->dialect = native()->code;
	row->states[TASK_PENDING] = pending;
	row->states[TASK_FAILED] = 1;
	row->ready = pending;
	row->oldest_ready = oldest ? optional_time(oldest) : OPTIONAL_TIME_NONE;
}

static void tasks_are_those_of_the_census(void **state)
{
	struct scoreboard *scoreboard = scoreboard_new();
	struct census *census = &scoreboard->census;
	struct census_page *page = &census->pages[1];
	struct task_metrics *tasks = &scoreboard->store.metrics.tasks[native()->code];
	json_t *status = json_object(), *before = json_object();

	(void)state;
	tasks->events[JOURNAL_CREATED] = 7;
	tasks->events[JOURNAL_CLAIMED] = 5;
	tasks->ended[TASK_SUCCEEDED] = 3;
	tasks->ended[TASK_CANCELLED] = 1;
	status_add_dialects(before, scoreboard);
	assert_true(json_is_null(json_object_get(before, "counted_at")));
	assert_int_equal(number(before, "native", "ended"), 4);
	assert_null(json_object_get(
		json_object_get(json_object_get(before, "dialects"), "native"), "pending"));

	page->at = COUNTED_AT;
	page->row_count = 3;
	set_row(&page->rows[0], 0, 2, 3000);
	set_row(&page->rows[1], 1, 4, 2000);
	set_row(&page->rows[2], 2, 0, 0);
	census->passes = 1;
	status_add_dialects(status, scoreboard);
	assert_int_equal(json_integer_value(json_object_get(status, "counted_at")), COUNTED_AT);
	assert_int_equal(number(status, "native", "pending"), 6);
	assert_int_equal(number(status, "native", "ready"), 6);
	assert_int_equal(number(status, "native", "failed"), 3);
	assert_int_equal(number(status, "native", "oldest_ready"), 2000);
	assert_int_equal(number(status, "native", "created"), 7);
	assert_int_equal(number(status, "native", "claimed"), 5);
	assert_int_equal(number(status, "virtshell", "pending"), 0);
	/* It has no tasks of its own. */
	assert_null(json_object_get(
		json_object_get(json_object_get(status, "dialects"), "external"), "created"));
	json_decref(before);
	json_decref(status);
	scoreboard_free(scoreboard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(responses_are_summed_by_dialect),
		CHECK(tasks_are_those_of_the_census),
	};

	return CHECK_RUN(tests);
}
