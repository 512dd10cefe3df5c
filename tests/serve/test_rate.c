/* Limits per principal: the request rate and the daily quota of created tasks. */
#include <stdio.h>

#include "serve/app_fixture.h"
#include "serve/rate.h"

#define HOUR_US 3600000000U

static int open_limited(void **state)
{
	struct app_fixture *f;

	if (app_fixture_open(state) != 0)
		return -1;
	f = *state;
	f->app.limit = &f->limit;
	return 0;
}

static int get(struct app_fixture *f, const char *tenant, const char *user, const char *uri)
{
	app_begin(f, "GET", uri, "");
	app_principal(f, tenant, user, "*", "read");
	return app_answer(f);
}

static void request_rate_is_limited_per_user_and_tenant(void **state)
{
	struct app_fixture *f = *state;

	f->app.options.principal_rate = (struct limit_rule){ .interval_us = HOUR_US, .burst = 3 };
	for (int i = 0; i < 3; i++)
		assert_int_equal(get(f, "demo", "ann", TASKS), 200);
	assert_false(app_head_has(f, "Retry-After"));
	assert_int_equal(get(f, "demo", "ann", TASKS), 429);
	assert_true(app_head_has(f, "Retry-After: 60\r\n"));
	assert_str(app_body(f), "{\"error\":\"Too many requests.\"}");
	assert_int_equal(get(f, "demo", "bob", TASKS), 200);
	assert_int_equal(get(f, "other", "ann", TASKS), 200);
}

static void refused_requests_are_charged(void **state)
{
	struct app_fixture *f = *state;

	f->app.options.principal_rate = (struct limit_rule){ .interval_us = HOUR_US, .burst = 3 };
	for (int i = 0; i < 3; i++)
		assert_int_equal(app_ask(f, "GET", TASKS "/no/such", ""), 404);
	assert_int_equal(app_ask(f, "OPTIONS", TASKS, ""), 429);
}

static void rate_limit_error_follows_dialect(void **state)
{
	static const char *const paths[] = { TASKS, "/tasks/catalog-item/1",
		"/api/v4/managed-slicer/1/ingest_point/task", "/v2/task/index",
		"/api/v2/import-tasks", "/v1/tasks" };
	struct app_fixture *f = *state;

	f->app.options.principal_rate = (struct limit_rule){ .interval_us = HOUR_US, .burst = 1 };
	assert_int_equal(get(f, "demo", "ann", TASKS), 200);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		bool fourhse = strcmp(paths[i], "/v2/task/index") == 0;

		assert_int_equal(get(f, "demo", "ann", paths[i]), 429);
		assert_true(app_head_has(f, "Retry-After: 60\r\n"));
		assert_int_equal(app_head_has(f, "X-Rate-Limit-"), fourhse);
		assert_int_equal(f->exchange.event, EVENT_LIMITED);
	}
}

static void fourhse_reports_the_rate_limit(void **state)
{
	struct app_fixture *f = *state;

	f->app.options.principal_rate = (struct limit_rule){ .interval_us = HOUR_US, .burst = 1 };
	get(f, "demo", "ann", TASKS);
	assert_int_equal(get(f, "demo", "ann", "/v2/task/index"), 429);
	assert_true(app_head_has(f, "X-Rate-Limit-Limit: 1\r\nX-Rate-Limit-Remaining: 0\r\n"
				    "X-Rate-Limit-Reset: 3"));
}

static void native_responses_report_the_rate(void **state)
{
	struct app_fixture *f = *state;

	f->app.options.principal_rate = (struct limit_rule){ .interval_us = HOUR_US, .burst = 2 };
	assert_int_equal(get(f, "demo", "ann", "/v1/tasks"), 200);
	assert_true(app_head_has(f, "RateLimit-Policy: \"requests\";q=2;w=7200\r\n"));
	assert_true(app_head_has(f, "RateLimit: \"requests\";r=1;t=3600\r\n"));
	assert_int_equal(get(f, "demo", "ann", "/v1/none"), 404);
	assert_true(app_head_has(f, "RateLimit: \"requests\";r=0;t=7"));
	assert_int_equal(get(f, "demo", "ann", "/v1/tasks"), 429);
	assert_true(app_head_has(f, "RateLimit-Policy: \"requests\";q=2;w=7200\r\n"));
	assert_true(app_head_has(f, "RateLimit: \"requests\";r=0;t=7"));
	assert_true(app_head_has(f, "Retry-After: 60\r\n"));
	get(f, "demo", "bob", TASKS);
	assert_false(app_head_has(f, "RateLimit"));
}

static void a_parked_request_reports_the_rate_when_it_was_charged(void **state)
{
	struct app_fixture *f = *state;

	f->app.options.principal_rate = (struct limit_rule){ .interval_us = HOUR_US, .burst = 5 };
	app_begin(f, "GET", "/v1/tasks", "");
	app_principal(f, "demo", "ann", "*", "read");
	f->exchange.is_charged = true;
	f->exchange.request.rate_status = (struct rate_status){ 5, 3, 7200 };
	assert_int_equal(app_answer(f), 200);
	assert_true(app_head_has(f, "RateLimit: \"requests\";r=3;t=7200\r\n"));
}

static void zero_rate_means_unlimited(void **state)
{
	struct app_fixture *f = *state;

	f->app.options.principal_rate = limit_per_second(0, 1);
	for (int i = 0; i < 100; i++)
		assert_int_equal(get(f, "demo", "ann", TASKS), 200);
	assert_int_equal(get(f, "demo", "ann", "/v1/tasks"), 200);
	assert_false(app_head_has(f, "RateLimit"));
}

static int create(
	struct app_fixture *f, const char *uri, const char *type, const char *key, const char *body)
{
	app_begin(f, "POST", uri, body);
	app_principal(f, "demo", "ann", "*", "write");
	app_param(f, "CONTENT_TYPE", type);
	if (key)
		app_param(f, "HTTP_IDEMPOTENCY_KEY", key);
	return app_answer(f);
}

static int create_by_idol(struct app_fixture *f, const char *key)
{
	return create(f, "/api/v2/import-tasks", "application/vnd.api+json", key,
		"{\"data\":{\"type\":\"import-tasks\",\"attributes\":{\"master-type\":\"hd\"},"
		"\"relationships\":{\"attachable\":{\"data\":{\"type\":\"tracks\",\"id\":\"1\"}}}}}");
}

static int create_by_native(struct app_fixture *f, const char *dialect)
{
	char body[200];

	snprintf(body, sizeof(body),
		"{\"dialect\":\"%s\",\"fields\":{\"master-type\":\"hd\","
		"\"attachable\":{\"type\":\"tracks\",\"id\":\"1\"}}}",
		dialect);
	return create(f, "/v1/tasks", "application/json", NULL, body);
}

static void daily_quota_counts_tasks_of_the_dialect(void **state)
{
	struct app_fixture *f = *state;

	f->app.options.creates_per_day[DIALECT_CODE_idol] = 2;
	assert_int_equal(create_by_idol(f, "a"), 201);
	assert_int_equal(create_by_native(f, "native"), 201);
	assert_int_equal(create_by_native(f, "idol"), 201);
	assert_int_equal(create_by_native(f, "idol"), 429);
	assert_str(app_body(f),
		"{\"type\":\"/v1/problems/quota\",\"title\":\"No more tasks may be created today.\","
		"\"status\":429,\"instance\":\"/v1/requests/" REQUEST_ID "\"}");
	assert_int_equal(create_by_idol(f, "b"), 429);
	assert_true(app_head_has(f, "Retry-After: 60\r\n"));
	assert_int_equal(f->exchange.event, EVENT_LIMITED);
	assert_string_equal(f->exchange.auth_log.reason, "quota");
}

static void exhausted_quota_allows_repeats_and_other_dialects(void **state)
{
	struct app_fixture *f = *state;

	f->app.options.creates_per_day[DIALECT_CODE_idol] = 1;
	assert_int_equal(create_by_idol(f, "a"), 201);
	assert_int_equal(create_by_idol(f, "b"), 429);
	assert_int_equal(create_by_idol(f, "a"), 201);
	assert_int_equal(create_by_native(f, "native"), 201);
}

static void zero_quota_means_unlimited(void **state)
{
	struct app_fixture *f = *state;

	f->app.options.creates_per_day[DIALECT_CODE_idol] = 1;
	assert_int_equal(create_by_idol(f, NULL), 201);
	assert_int_equal(create_by_idol(f, NULL), 429);
	f->app.options.creates_per_day[DIALECT_CODE_idol] = 0;
	assert_int_equal(create_by_idol(f, NULL), 201);
}

/* Ends a request that has cost so much and returns the status of the next one. */
static int status_after(struct app_fixture *f, uint64_t steps, int64_t us)
{
	f->app.options.principal_rate = (struct limit_rule){
		.interval_us = HOUR_US, .burst = 3, .overdraft_us = RATE_OVERDRAFT_US
	};
	assert_int_equal(get(f, "demo", "ann", TASKS), 200);
	f->exchange.result.steps = steps;
	f->exchange.cost_us = us;
	rate_charge(&f->app, &f->exchange);
	return get(f, "demo", "ann", TASKS);
}

static void cheap_request_counts_once(void **state)
{
	assert_int_equal(status_after(*state, RATE_COST_STEPS - 1, RATE_FREE_US - 1), 200);
}

static void rows_looked_through_are_charged(void **state)
{
	assert_int_equal(status_after(*state, 2 * RATE_COST_STEPS, 0), 429);
}

static void processor_time_is_charged(void **state)
{
	assert_int_equal(status_after(*state, 0, RATE_FREE_US), 429);
}

static void another_user_does_not_pay(void **state)
{
	assert_int_equal(status_after(*state, 100 * RATE_COST_STEPS, 0), 429);
	assert_int_equal(get(*state, "demo", "bob", TASKS), 200);
}

#define LIMITED(function) cmocka_unit_test_setup_teardown(function, open_limited, app_fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIMITED(request_rate_is_limited_per_user_and_tenant),
		LIMITED(refused_requests_are_charged),
		LIMITED(rate_limit_error_follows_dialect),
		LIMITED(fourhse_reports_the_rate_limit),
		LIMITED(native_responses_report_the_rate),
		LIMITED(a_parked_request_reports_the_rate_when_it_was_charged),
		LIMITED(zero_rate_means_unlimited),
		LIMITED(daily_quota_counts_tasks_of_the_dialect),
		LIMITED(exhausted_quota_allows_repeats_and_other_dialects),
		LIMITED(zero_quota_means_unlimited),
		LIMITED(cheap_request_counts_once),
		LIMITED(rows_looked_through_are_charged),
		LIMITED(processor_time_is_charged),
		LIMITED(another_user_does_not_pay),
	};

	return CHECK_RUN(tests);
}
