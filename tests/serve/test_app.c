/* The whole path of a request, without descriptors: what app.c does once for all dialects. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/check.h"
#include "serve/app.h"

#define TASKS "/api/virtshell/v1/tasks"

static struct store *store;

struct fixture {
	struct app app;
	struct exchange exchange;
};

static int open_app(void **state)
{
	static struct fixture fixture;
	const struct store_options options = {
		.mode = STORE_EPHEMERAL,
		.expected_tasks = 1000,
		.cache_mb = 8,
		.indexes = dialect_index_tables(),
	};
	struct err err;

	check_setup(state);
	memset(&fixture, 0, sizeof(fixture));
	must(store_open(&store, &options, &err), &err);
	fixture.app = (struct app){ .store = store, .body_limit = 1000 };
	app_reset(&fixture.exchange);
	*state = &fixture;
	return 0;
}

static int close_app(void **state)
{
	struct fixture *fixture = *state;

	app_free(&fixture->exchange);
	store_close(store);
	return check_teardown(state);
}

static void param(struct fixture *fixture, const char *name, const char *value)
{
	struct err err;

	must(request_add_cgi_param(
		     &fixture->exchange.request, str_cstr(name), str_cstr(value), &err),
		&err);
}

static void begin(struct fixture *fixture, const char *method, const char *uri, const char *body)
{
	app_reset(&fixture->exchange);
	param(fixture, "REQUEST_METHOD", method);
	param(fixture, "REQUEST_URI", uri);
	fixture->exchange.request.body = str_cstr(body);
	fixture->exchange.request.now = 1454433171000;
}

static void principal(struct fixture *fixture, const char *dialect, const char *rights)
{
	param(fixture, "REMOTE_USER", "92d30f0c-8c9c-11e5-8994-feff819cdc9f");
	param(fixture, "POLYTASK_TENANT", "demo");
	param(fixture, "POLYTASK_RIGHTS", rights);
	param(fixture, "POLYTASK_DIALECT", dialect);
}

/* Answers and reads a list to its end; the status is the answer's. */
static int answer(struct fixture *fixture)
{
	struct exchange *exchange = &fixture->exchange;
	struct err err;

	must(app_handle(&fixture->app, exchange, &err), &err);
	while (exchange->streaming)
		must(app_stream_rows(exchange, exchange->response.body.len + 1, &err), &err);
	return exchange->response.status;
}

static int ask(struct fixture *fixture, const char *method, const char *uri, const char *body)
{
	begin(fixture, method, uri, body);
	principal(fixture, "virtshell", "read,write");
	return answer(fixture);
}

static struct str body_of(struct fixture *fixture)
{
	return buf_str(&fixture->exchange.response.body);
}

static bool head_has(struct fixture *fixture, const char *line)
{
	struct str head = buf_str(&fixture->exchange.response.headers);

	return memmem(head.ptr, head.len, line, strlen(line)) != NULL;
}

/* Makes a task and writes its address. */
static void make_task(struct fixture *fixture, char uri[128])
{
	struct str body;
	const char *id;

	assert_int_equal(ask(fixture, "POST", TASKS, "{\"description\":\"d\"}"), 200);
	assert_true(fixture->exchange.response.after_flush);
	body = body_of(fixture);
	id = memmem(body.ptr, body.len, "\"task_id\":\"", 11);
	assert_non_null(id);
	snprintf(uri, 128, TASKS "/%.36s", id + 11);
}

static void test_create_and_read(void **state)
{
	struct fixture *fixture = *state;
	char uri[128];

	make_task(fixture, uri);
	assert_int_equal(ask(fixture, "GET", uri, ""), 200);
	assert_false(fixture->exchange.response.after_flush);
	assert_true(head_has(fixture, "ETag: \"1\"\r\n"));
	assert_non_null(
		memmem(body_of(fixture).ptr, body_of(fixture).len, "\"at\":\"1454433171\"", 17));
}

static void test_list_is_streamed_whole(void **state)
{
	struct fixture *fixture = *state;
	size_t commas = 0;
	char uri[128];

	for (int i = 0; i < 200; i++)
		make_task(fixture, uri);
	assert_int_equal(ask(fixture, "GET", TASKS "/status/pending", ""), 200);
	for (size_t i = 0; i + 1 < body_of(fixture).len; i++)
		commas += memcmp(body_of(fixture).ptr + i, "},{", 3) == 0;
	assert_int_equal(commas, 199);
	assert_true(str_starts(body_of(fixture), STR("{\"tasks\":[{")));
	assert_memory_equal(body_of(fixture).ptr + body_of(fixture).len - 3, "}]}", 3);
}

static bool fail_to_end(const struct request *request, const struct result *result, struct buf *out)
{
	(void)request, (void)result, (void)out;
	return false;
}

/* What has no end must not be sent as if it had one. */
static void test_list_end_failure_aborts(void **state)
{
	struct fixture *fixture = *state;
	struct exchange *exchange = &fixture->exchange;
	struct route route;
	struct err err;

	begin(fixture, "GET", TASKS, "");
	principal(fixture, "virtshell", "read");
	must(app_handle(&fixture->app, exchange, &err), &err);
	assert_true(exchange->streaming);
	route = *exchange->route;
	route.encode_end = fail_to_end;
	exchange->route = &route;
	assert_false(app_stream_rows(exchange, 1000, &err));
	assert_err(&err, ERR_NO_MEMORY);
	exchange->route = NULL;
}

static void test_head_has_no_rows(void **state)
{
	struct fixture *fixture = *state;
	char uri[128];

	make_task(fixture, uri);
	assert_int_equal(ask(fixture, "HEAD", TASKS, ""), 200);
	assert_false(fixture->exchange.streaming);
	assert_int_equal(fixture->exchange.result.rows_returned, 0);
}

static void test_options_and_unknown_methods(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(ask(fixture, "OPTIONS", TASKS "/", ""), 204);
	assert_true(head_has(fixture, "Allow: GET, HEAD, POST, OPTIONS\r\n"));
	assert_int_equal(ask(fixture, "PATCH", TASKS "/", ""), 501);
	assert_true(head_has(fixture, "Allow: GET, HEAD, POST, OPTIONS\r\n"));
	assert_int_equal(ask(fixture, "BREW", TASKS "/", ""), 501);
}

static void test_missing_or_repeated_principal(void **state)
{
	static const char *const names[] = { "REMOTE_USER", "POLYTASK_TENANT", "POLYTASK_RIGHTS",
		"POLYTASK_DIALECT" };
	struct fixture *fixture = *state;

	begin(fixture, "GET", TASKS, "");
	assert_int_equal(answer(fixture), 403);
	/* A trusted name that stands twice may be a client's. */
	for (size_t i = 0; i < 4; i++) {
		begin(fixture, "GET", TASKS, "");
		principal(fixture, "virtshell", "read");
		param(fixture, names[i], "read");
		assert_int_equal(answer(fixture), 403);
	}
}

static void test_rights_and_dialect_of_the_credential(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture, "POST", TASKS, "{\"description\":\"d\"}");
	principal(fixture, "virtshell", "read");
	assert_int_equal(answer(fixture), 403);
	begin(fixture, "GET", TASKS, "");
	principal(fixture, "native", "read");
	assert_int_equal(answer(fixture), 403);
	begin(fixture, "GET", TASKS, "");
	principal(fixture, "*", "read");
	assert_int_equal(answer(fixture), 200);
	assert_str(body_of(fixture), "{\"tasks\":[]}");
}

static void test_tenant_isolation(void **state)
{
	struct fixture *fixture = *state;
	char uri[128];

	make_task(fixture, uri);
	for (int i = 0; i < 2; i++) {
		begin(fixture, i ? "PUT" : "GET", uri, "{\"log\":\"x\"}");
		param(fixture, "REMOTE_USER", "u");
		param(fixture, "POLYTASK_TENANT", "demo2");
		param(fixture, "POLYTASK_RIGHTS", "read,write,admin");
		param(fixture, "POLYTASK_DIALECT", "*");
		assert_int_equal(answer(fixture), 404);
	}
	assert_int_equal(ask(fixture, "GET", uri, ""), 200);
	assert_true(head_has(fixture, "ETag: \"1\"\r\n"));
}

static void test_conditional_requests(void **state)
{
	static const struct {
		const char *method, *name, *value;
		int status;
	} rows[] = {
		{ "GET", "HTTP_IF_NONE_MATCH", "\"1\"", 304 },
		{ "GET", "HTTP_IF_NONE_MATCH", "W/\"1\"", 304 },
		{ "GET", "HTTP_IF_NONE_MATCH", "\"7\", \"1\"", 304 },
		{ "GET", "HTTP_IF_NONE_MATCH", "*", 304 },
		{ "GET", "HTTP_IF_NONE_MATCH", "\"2\"", 200 },
		{ "GET", "HTTP_IF_NONE_MATCH", "1", 200 },
		{ "PUT", "HTTP_IF_MATCH", "\"2\"", 412 },
		{ "PUT", "HTTP_IF_MATCH", "W/\"1\"", 412 },
		{ "PUT", "HTTP_IF_MATCH", "nonsense", 412 },
		{ "PUT", "HTTP_IF_MATCH", "\"1\"", 200 },
		{ "PUT", "HTTP_IF_MATCH", "\"1\"", 412 },
		{ "PUT", "HTTP_IF_MATCH", "*", 200 },
		{ "PUT", "HTTP_IF_MATCH", "\"9\", \"3\"", 200 },
		{ "PUT", "HTTP_IF_MATCH", "\"9\",\"3\"", 412 },
		{ "PUT", "HTTP_IF_MATCH", " ", 400 },
		{ "PUT", "HTTP_IF_MATCH", "1,2,3,4,5,6,7,8,9", 400 },
		{ "PUT", "HTTP_IF_NONE_MATCH", "*", 412 },
	};
	struct fixture *fixture = *state;
	char uri[128];

	make_task(fixture, uri);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(fixture, rows[i].method, uri, "{\"log\":\"x\"}");
		principal(fixture, "virtshell", "read,write");
		param(fixture, rows[i].name, rows[i].value);
		assert_int_equal(answer(fixture), rows[i].status);
		if (rows[i].status == 304)
			assert_int_equal(body_of(fixture).len, 0);
	}
}

/* Several lines of one name are one list: neither an empty one nor a second one is lost. */
static void test_repeated_conditions(void **state)
{
	static const struct {
		const char *first, *second;
		int status;
	} rows[] = {
		{ "\"7\"", "\"1\"", 200 },
		{ "\"7\"", "\"1\"", 412 },
		{ "", "\"2\"", 400 },
		{ "\"2\"", "", 400 },
	};
	struct fixture *fixture = *state;
	char uri[128];

	make_task(fixture, uri);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(fixture, "PUT", uri, "{\"log\":\"x\"}");
		principal(fixture, "virtshell", "read,write");
		param(fixture, "HTTP_IF_MATCH", rows[i].first);
		param(fixture, "HTTP_IF_MATCH", rows[i].second);
		assert_int_equal(answer(fixture), rows[i].status);
	}
	begin(fixture, "POST", TASKS, "{\"log\":\"x\"}");
	principal(fixture, "virtshell", "read,write");
	param(fixture, "HTTP_IDEMPOTENCY_KEY", "a");
	param(fixture, "HTTP_IDEMPOTENCY_KEY", "b");
	assert_int_equal(answer(fixture), 400);
}

static const char item[] = "/tasks/catalog-item/movie/product/markers/version/1";

static int ask_item(struct fixture *fixture, const char *name, const char *value)
{
	begin(fixture, "POST", item, "");
	principal(fixture, "vionlabs", "read,write");
	param(fixture, name, value);
	return answer(fixture);
}

/* A creation that may find its task there: only if it is, only if it is not. */
static void test_conditional_creation(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(ask_item(fixture, "HTTP_IF_MATCH", "*"), 412);
	assert_int_equal(ask_item(fixture, "HTTP_IF_NONE_MATCH", "*"), 200);
	assert_int_equal(ask_item(fixture, "HTTP_IF_NONE_MATCH", "*"), 412);
	assert_int_equal(ask_item(fixture, "HTTP_IF_MATCH", "*"), 200);
	/* what has a name begins with a revision of its own time */
	assert_true(head_has(fixture, "ETag: \"1454433171000\"\r\n"));
	assert_int_equal(ask_item(fixture, "HTTP_IF_MATCH", "\"1454433171000\""), 200);
	assert_int_equal(ask_item(fixture, "HTTP_IF_MATCH", "\"1\""), 412);
}

/* The answer of then for the same request; a key is the user's, quoted or not. */
static void test_idempotency_keys(void **state)
{
	static const struct {
		const char *key, *body;
		int status;
	} rows[] = {
		{ "\"k\"", "{\"log\":\"x\"}", 200 },
		{ "k", "{\"log\":\"x\"}", 200 },
		{ "k", "{\"log\":\"y\"}", 400 },
		{ "", "{\"log\":\"x\"}", 400 },
		{ "\"\"", "{\"log\":\"x\"}", 400 },
		{ "\x7f", "{\"log\":\"x\"}", 400 },
	};
	struct fixture *fixture = *state;
	char first[100] = "";

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(fixture, "POST", TASKS, rows[i].body);
		principal(fixture, "virtshell", "read,write");
		param(fixture, "HTTP_IDEMPOTENCY_KEY", rows[i].key);
		assert_int_equal(answer(fixture), rows[i].status);
		if (i == 0)
			snprintf(first, sizeof(first), "%.*s", STR_ARGS(body_of(fixture)));
		else if (i == 1)
			assert_str(body_of(fixture), first);
	}
}

static void test_content_md5(void **state)
{
	struct fixture *fixture = *state;
	const char *body = "{\"status\": \"sucess\", \"log\": \"done\"}";

	begin(fixture, "POST", TASKS, body);
	principal(fixture, "virtshell", "write");
	param(fixture, "HTTP_CONTENT_MD5", "7M0A4OBKUxRxxXC9BjjOgA==");
	assert_int_equal(answer(fixture), 200);
	begin(fixture, "POST", TASKS, "{\"status\": \"failed\"}");
	principal(fixture, "virtshell", "write");
	param(fixture, "HTTP_CONTENT_MD5", "7M0A4OBKUxRxxXC9BjjOgA==");
	assert_int_equal(answer(fixture), 400);
}

static void test_unknown_paths(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(ask(fixture, "GET", "/elsewhere", ""), 404);
	assert_int_equal(ask(fixture, "GET", "/api/virtshell/v1/nothing", ""), 404);
	assert_int_equal(ask(fixture, "GET", "/api/virtshell/v1//tasks", ""), 400);
	assert_int_equal(ask(fixture, "GET", "/x/%2e%2e/api/virtshell/v1/tasks", ""), 400);
}

static void test_body_limit(void **state)
{
	struct fixture *fixture = *state;
	char body[1002];

	memset(body, ' ', sizeof(body));
	memcpy(body, "{\"log\":\"x\"}", 11);
	body[1000] = '\0';
	assert_int_equal(ask(fixture, "POST", TASKS, body), 200);
	body[1000] = ' ';
	body[1001] = '\0';
	assert_int_equal(ask(fixture, "POST", TASKS, body), 413);
}

#define APP(function) cmocka_unit_test_setup_teardown(function, open_app, close_app)

int main(void)
{
	const struct CMUnitTest tests[] = {
		APP(test_create_and_read),
		APP(test_list_is_streamed_whole),
		APP(test_list_end_failure_aborts),
		APP(test_head_has_no_rows),
		APP(test_options_and_unknown_methods),
		APP(test_missing_or_repeated_principal),
		APP(test_rights_and_dialect_of_the_credential),
		APP(test_tenant_isolation),
		APP(test_conditional_requests),
		APP(test_repeated_conditions),
		APP(test_conditional_creation),
		APP(test_idempotency_keys),
		APP(test_content_md5),
		APP(test_unknown_paths),
		APP(test_body_limit),
	};

	return CHECK_RUN(tests);
}
