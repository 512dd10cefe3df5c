/* An exchange that is used again: nothing of the previous request may reach the next response. */
#include "serve/app_fixture.h"

#define TASK                                                                \
	"{\"data\":{\"type\":\"import-tasks\","                             \
	"\"attributes\":{\"master-type\":\"hd\"},"                          \
	"\"relationships\":{\"attachable\":{\"data\":{\"type\":\"tracks\"," \
	"\"id\":\"12\"}}}}}"

static bool includes_attachable(struct app_fixture *f)
{
	struct str body = app_body(f);

	return memmem(body.ptr, body.len, "\"included\"", strlen("\"included\""));
}

static void create_task(struct app_fixture *f)
{
	app_begin(f, "POST", "/api/v2/import-tasks", TASK);
	app_param(f, "CONTENT_TYPE", "application/vnd.api+json");
	app_principal(f, "demo", "ann", "*", "read,write");
	assert_int_equal(app_answer(f), 201);
}

static void include_ends_with_its_request(void **state)
{
	struct app_fixture *f = *state;

	create_task(f);
	assert_int_equal(app_ask(f, "GET", "/api/v2/import-tasks/1?include=attachable", ""), 200);
	assert_true(includes_attachable(f));
	assert_int_equal(app_ask(f, "GET", "/api/v2/import-tasks/1", ""), 200);
	assert_false(includes_attachable(f));
}

static void query_of_a_list_ends_with_its_request(void **state)
{
	struct app_fixture *f = *state;

	create_task(f);
	assert_int_equal(app_ask(f, "GET", "/v1/tasks?limit=1", ""), 200);
	assert_int_equal(app_ask(f, "GET", "/api/v2/import-tasks/1", ""), 200);
	assert_false(includes_attachable(f));
}

static void reset_removes_the_state_of_the_encoder(void **state)
{
	struct app_fixture *f = *state;

	create_task(f);
	app_ask(f, "GET", "/api/v2/import-tasks/1?include=attachable", "");
	assert_non_null(f->exchange.request.encoder_state);
	exchange_reset(&f->exchange);
	assert_null(f->exchange.request.encoder_state);
}

static void few_idle_exchanges_are_kept(void **state)
{
	struct exchange *taken[EXCHANGES_IDLE + 1];
	struct exchange_pool pool = { 0 };

	(void)state;
	for (size_t i = 0; i < EXCHANGES_IDLE + 1; i++) {
		taken[i] = exchange_acquire(&pool);
		assert_non_null(taken[i]);
	}
	assert_true(buf_reserve(&taken[1]->response.body, EXCHANGE_IDLE_MEMORY + 1));
	exchange_release(&pool, NULL);
	taken[0]->cost_us = 1;
	for (size_t i = 0; i < 2; i++)
		exchange_release(&pool, taken[i]);
	assert_int_equal(pool.count, 1);
	assert_ptr_equal(exchange_acquire(&pool), taken[0]);
	assert_int_equal(taken[0]->cost_us, 0);
	taken[1] = exchange_acquire(&pool);
	for (size_t i = 0; i < EXCHANGES_IDLE + 1; i++)
		exchange_release(&pool, taken[i]);
	assert_int_equal(pool.count, EXCHANGES_IDLE);
	exchange_pool_free(&pool);
	assert_int_equal(pool.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		APP_TEST(include_ends_with_its_request),
		APP_TEST(query_of_a_list_ends_with_its_request),
		CHECK(few_idle_exchanges_are_kept),
		APP_TEST(reset_removes_the_state_of_the_encoder),
	};

	return CHECK_RUN(tests);
}
