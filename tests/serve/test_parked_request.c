/* What is kept of a parked request is enough to carry it out later. */
#include <stdlib.h>

#include "serve/app_fixture.h"
#include "serve/parked_request.h"

#define LATER (REQUEST_NOW + 1000)

static int open_limited(void **state)
{
	struct app_fixture *f;

	if (app_fixture_open(state) != 0)
		return -1;
	f = *state;
	f->app.limit = &f->limit;
	f->app.options.principal_rate = (struct limit_rule){ .interval_us = 1000000, .burst = 2 };
	return 0;
}

/* Begins with a request that creates a task, and forgets all but what is kept. */
static struct parked_request *park(struct app_fixture *f)
{
	struct parked_request *parked;

	app_begin(f, "POST", TASKS, "{\"description\":\"d\"}");
	app_param(f, "EMPTY", "");
	app_principal(f, "demo", "ann", "*", "read,write");
	app_start(&f->app, &f->exchange);
	assert_int_equal(f->exchange.work, WORK_OPERATION);
	f->exchange.cost_us = 7;
	f->exchange.wait.until_ms = 8;
	parked = parked_request_save(&f->exchange);
	assert_non_null(parked);
	exchange_reset(&f->exchange);
	return parked;
}

static void request_is_carried_out_later(void **state)
{
	struct app_fixture *f = *state;
	struct exchange *exchange = &f->exchange;
	struct parked_request *parked = park(f);
	struct err err;

	parked_request_restore(parked, exchange, LATER);
	app_resume(&f->app, exchange);
	assert_int_equal(exchange->work, WORK_OPERATION);
	must(app_go_on(&f->app, exchange, &err), &err);
	assert_int_equal(exchange->response.status, 200);
	assert_int_equal(exchange->result.task.created, LATER);
	assert_str(exchange->request.principal.user, "ann");
	assert_str(request_cgi_param(&exchange->request, "POLYTASK_REQUEST_ID"), REQUEST_ID);
	assert_int_equal(request_count_cgi_param(&exchange->request, "EMPTY"), 1);
	assert_int_equal(exchange->cost_us, 7);
	assert_int_equal(exchange->wait.until_ms, 8);
	free(parked);
}

static void request_is_charged_once(void **state)
{
	struct app_fixture *f = *state;
	struct parked_request *parked = park(f);

	for (int i = 0; i < 3; i++) {
		exchange_reset(&f->exchange);
		parked_request_restore(parked, &f->exchange, LATER);
		app_resume(&f->app, &f->exchange);
		assert_int_equal(f->exchange.work, WORK_OPERATION);
		assert_int_equal(f->exchange.request.rate_status.remaining, 1);
	}
	free(parked);
}

/* Its right may end while it waits; here the path is one of another dialect. */
static void credential_is_compared_again(void **state)
{
	struct app_fixture *f = *state;
	struct parked_request *parked;

	app_begin(f, "POST", TASKS, "{}");
	app_principal(f, "demo", "ann", "native", "read,write");
	parked = parked_request_save(&f->exchange);
	exchange_reset(&f->exchange);
	parked_request_restore(parked, &f->exchange, LATER);
	app_resume(&f->app, &f->exchange);
	assert_int_equal(f->exchange.work, WORK_NONE);
	assert_int_equal(f->exchange.response.status, 403);
	free(parked);
}

static void large_request_is_not_kept(void **state)
{
	static char body[PARKED_REQUEST_MAX + 1];
	struct app_fixture *f = *state;

	memset(body, ' ', PARKED_REQUEST_MAX);
	app_begin(f, "POST", TASKS, body);
	assert_null(parked_request_save(&f->exchange));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			request_is_carried_out_later, open_limited, app_fixture_close),
		cmocka_unit_test_setup_teardown(
			request_is_charged_once, open_limited, app_fixture_close),
		APP_TEST(credential_is_compared_again),
		APP_TEST(large_request_is_not_kept),
	};

	return CHECK_RUN(tests);
}
