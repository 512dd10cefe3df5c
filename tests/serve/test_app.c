/* The path of a request through app.c, which is the same for all dialects. */
#include "serve/app_fixture.h"

static void created_task_can_be_read(void **state)
{
	struct app_fixture *f = *state;
	char uri[128];

	app_make_task(f, uri);
	assert_int_equal(app_ask(f, "GET", uri, ""), 200);
	assert_false(f->exchange.response.after_flush);
	assert_true(app_head_has(f, "ETag: \"1\"\r\n"));
	assert_non_null(memmem(app_body(f).ptr, app_body(f).len, "\"at\":\"1454433171\"", 17));
}

static size_t claim_all(struct app_fixture *f)
{
	app_begin(f, "POST", "/v1/claims", "{\"worker\":\"w1\",\"max\":100}");
	app_principal(f, "demo", "ann", "*", "work");
	assert_int_equal(app_answer(f), 200);
	return f->exchange.result.claimed_count;
}

static void claim_ends_after_its_time(void **state)
{
	struct app_fixture *f = *state;
	char uri[128];

	for (int i = 0; i < 9; i++)
		app_make_task(f, uri);
	f->app.claim_us = 1;
	assert_int_equal(claim_all(f), 1);
	f->app.claim_us = 0;
	assert_int_equal(claim_all(f), 8);
}

static void list_streams_all_rows(void **state)
{
	struct app_fixture *f = *state;
	size_t commas = 0;
	char uri[128];

	for (int i = 0; i < 200; i++)
		app_make_task(f, uri);
	assert_int_equal(app_ask(f, "GET", TASKS "/status/pending", ""), 200);
	for (size_t i = 0; i + 1 < app_body(f).len; i++)
		commas += memcmp(app_body(f).ptr + i, "},{", 3) == 0;
	assert_int_equal(commas, 199);
	assert_true(str_starts(app_body(f), STR("{\"tasks\":[{")));
	assert_memory_equal(app_body(f).ptr + app_body(f).len - 3, "}]}", 3);
}

static bool failing_encode_end(
	const struct request *request, const struct result *result, struct buf *out)
{
	(void)request, (void)result, (void)out;
	return false;
}

/* A truncated list must not look complete. */
static void error_at_the_end_of_a_list_is_reported(void **state)
{
	struct app_fixture *f = *state;
	struct exchange *exchange = &f->exchange;
	struct route route;
	struct err err;

	app_begin(f, "GET", TASKS, "");
	app_principal(f, "demo", "ann", "virtshell", "read");
	must(app_handle(&f->app, exchange, &err), &err);
	assert_true(exchange->streaming);
	route = *exchange->route;
	route.encode_end = failing_encode_end;
	exchange->route = &route;
	assert_false(app_stream_rows(exchange, 1000, INT64_MAX, &err));
	assert_err(&err, ERR_NO_MEMORY);
	exchange->route = NULL;
}

static void head_response_has_no_rows(void **state)
{
	struct app_fixture *f = *state;
	char uri[128];

	app_make_task(f, uri);
	assert_int_equal(app_ask(f, "HEAD", TASKS, ""), 200);
	assert_false(f->exchange.streaming);
	assert_int_equal(f->exchange.result.rows_returned, 0);
}

#define ALLOW "Allow: GET, HEAD, POST, OPTIONS\r\n"

static void options_lists_the_methods(void **state)
{
	struct app_fixture *f = *state;

	assert_int_equal(app_ask(f, "OPTIONS", TASKS "/", ""), 204);
	assert_true(app_head_has(f, ALLOW));
}

static void unsupported_method_lists_the_methods(void **state)
{
	struct app_fixture *f = *state;

	assert_int_equal(app_ask(f, "PATCH", TASKS "/", ""), 501);
	assert_true(app_head_has(f, ALLOW));
	assert_int_equal(app_ask(f, "BREW", TASKS "/", ""), 501);
}

static void missing_principal_is_forbidden(void **state)
{
	struct app_fixture *f = *state;

	app_begin(f, "GET", TASKS, "");
	assert_int_equal(app_answer(f), 403);
}

/* One of the two values may be the client's. */
static void repeated_principal_parameter_is_forbidden(void **state)
{
	static const char *const names[] = { "REMOTE_USER", "POLYTASK_TENANT", "POLYTASK_RIGHTS",
		"POLYTASK_DIALECT" };
	struct app_fixture *f = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		app_begin(f, "GET", TASKS, "");
		app_principal(f, "demo", "ann", "virtshell", "read");
		app_param(f, names[i], "read");
		assert_int_equal(app_answer(f), 403);
	}
}

static void route_requires_its_right(void **state)
{
	struct app_fixture *f = *state;

	app_begin(f, "POST", TASKS, "{\"description\":\"d\"}");
	app_principal(f, "demo", "ann", "virtshell", "read");
	assert_int_equal(app_answer(f), 403);
}

static void credential_is_limited_to_its_dialect(void **state)
{
	struct app_fixture *f = *state;

	app_begin(f, "GET", TASKS, "");
	app_principal(f, "demo", "ann", "native", "read");
	assert_int_equal(app_answer(f), 403);
	app_begin(f, "GET", TASKS, "");
	app_principal(f, "demo", "ann", "*", "read");
	assert_int_equal(app_answer(f), 200);
	assert_str(app_body(f), "{\"tasks\":[]}");
}

static void task_of_another_tenant_is_not_found(void **state)
{
	static const char *const methods[] = { "GET", "PUT" };
	struct app_fixture *f = *state;
	char uri[128];

	app_make_task(f, uri);
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		app_begin(f, methods[i], uri, "{\"log\":\"x\"}");
		app_principal(f, "demo2", "u", "*", "read,write,admin");
		assert_int_equal(app_answer(f), 404);
	}
	assert_int_equal(app_ask(f, "GET", uri, ""), 200);
	assert_true(app_head_has(f, "ETag: \"1\"\r\n"));
}

static void unknown_path_is_not_found(void **state)
{
	struct app_fixture *f = *state;

	assert_int_equal(app_ask(f, "GET", "/elsewhere", ""), 404);
	assert_int_equal(app_ask(f, "GET", "/api/virtshell/v1/nothing", ""), 404);
}

static void ambiguous_path_is_malformed(void **state)
{
	struct app_fixture *f = *state;

	assert_int_equal(app_ask(f, "GET", "/api/virtshell/v1/../v1/tasks", ""), 400);
	assert_int_equal(app_ask(f, "GET", "/x/%2e%2e/api/virtshell/v1/tasks", ""), 400);
}

static void body_over_the_limit_is_too_large(void **state)
{
	struct app_fixture *f = *state;
	char body[BODY_LIMIT + 2];

	memset(body, ' ', sizeof(body));
	memcpy(body, "{\"fields\":{}}", 13);
	body[BODY_LIMIT] = '\0';
	assert_int_equal(app_ask(f, "POST", "/v1/tasks", body), 201);
	body[BODY_LIMIT] = ' ';
	body[BODY_LIMIT + 1] = '\0';
	assert_int_equal(app_ask(f, "POST", "/v1/tasks", body), 413);
}

static void dialect_may_accept_larger_bodies(void **state)
{
	struct app_fixture *f = *state;
	char body[2 * BODY_LIMIT];

	memset(body, 'x', sizeof(body));
	memcpy(body, "{\"log\":\"", 8);
	memcpy(body + sizeof(body) - 3, "\"}", 3);
	assert_int_equal(app_ask(f, "POST", TASKS, body), 200);
}

static void announced_length_selects_the_limit(void **state)
{
	static const struct {
		const char *uri, *length;
		size_t limit;
	} rows[] = {
		{ TASKS, "1000", BODY_LIMIT },
		{ TASKS, "1001", 16777216 },
		{ TASKS, "99999999999", 16777216 },
		{ TASKS, "", BODY_LIMIT },
		{ TASKS, "x", BODY_LIMIT },
		{ "/v1/tasks", "1001", 16777216 },
		{ "/v2/task/create", "1001", BODY_LIMIT },
		{ "/elsewhere", "1001", BODY_LIMIT },
		{ "/api/virtshell/v1//tasks", "1001", 16777216 },
		{ "/api/virtshell/v1/%2e%2e/tasks", "1001", BODY_LIMIT },
	};
	struct app_fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		app_begin(f, "PUT", rows[i].uri, "");
		app_param(f, "CONTENT_LENGTH", rows[i].length);
		assert_int_equal(app_body_limit(&f->app, &f->exchange.request), rows[i].limit);
	}
}

/* gzip of {"fields":{}} */
static const char coded[] = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56"
			    "\x4a\xcb\x4c\xcd\x49\x29\x56\xb2\xaa\xae\xad\x05"
			    "\x00\xaf\x3c\x39\x98\x0d\x00\x00\x00";

static int ask_coded(struct app_fixture *f, const char *uri, const char *coding, struct str body)
{
	app_begin(f, "POST", uri, "");
	app_principal(f, "demo", "ann", "*", "read,write");
	app_param(f, "HTTP_CONTENT_ENCODING", coding);
	f->exchange.request.body = body;
	return app_answer(f);
}

static void coded_body_is_read(void **state)
{
	const struct str body = { coded, sizeof(coded) - 1 };
	struct app_fixture *f = *state;

	assert_int_equal(ask_coded(f, "/v1/tasks", "gzip", body), 201);
	assert_int_equal(ask_coded(f, "/v1/tasks", "identity", STR("{}")), 201);
	assert_int_equal(ask_coded(f, "/v1/tasks", "gzip", STR("{}")), 400);
}

static void unknown_coding_names_the_known_one(void **state)
{
	static const char *const uris[] = { TASKS, "/v1/tasks", "/v2/task/create",
		"/api/v2/import-tasks", "/api/v4/managed-slicer/slicers/ingest-points",
		"/tasks/catalog-item/i/product/adbreaks/version/1" };
	struct app_fixture *f = *state;

	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
		assert_int_equal(ask_coded(f, uris[i], "br", STR("{}")), 415);
		assert_true(app_head_has(f, "Accept-Encoding: gzip\r\n"));
		assert_false(app_head_has(f, "Accept-Post"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		APP_TEST(created_task_can_be_read),
		APP_TEST(claim_ends_after_its_time),
		APP_TEST(list_streams_all_rows),
		APP_TEST(error_at_the_end_of_a_list_is_reported),
		APP_TEST(head_response_has_no_rows),
		APP_TEST(options_lists_the_methods),
		APP_TEST(unsupported_method_lists_the_methods),
		APP_TEST(missing_principal_is_forbidden),
		APP_TEST(repeated_principal_parameter_is_forbidden),
		APP_TEST(route_requires_its_right),
		APP_TEST(credential_is_limited_to_its_dialect),
		APP_TEST(task_of_another_tenant_is_not_found),
		APP_TEST(unknown_path_is_not_found),
		APP_TEST(ambiguous_path_is_malformed),
		APP_TEST(body_over_the_limit_is_too_large),
		APP_TEST(dialect_may_accept_larger_bodies),
		APP_TEST(announced_length_selects_the_limit),
		APP_TEST(coded_body_is_read),
		APP_TEST(unknown_coding_names_the_known_one),
	};

	return CHECK_RUN(tests);
}
