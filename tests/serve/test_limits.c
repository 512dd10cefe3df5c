/* What is limited in app.c, and the one line that the log says of each exchange. */
#include <stdio.h>
#include <stdlib.h>

#include "auth/key.h"
#include "auth/token_change.h"
#include "lib/check.h"
#include "serve/app.h"

#define TASKS	"/api/virtshell/v1/tasks"
#define HOUR_US 3600000000U
#define ID	"0123456789abcdef0123456789abcdef"

static struct store *store;
static struct limit limit;
static struct app app;
static struct exchange exchange;
static struct err err;
static struct buf scratch;
static char logged[4000];

static void capture_line(enum log_level level, struct str logged_line)
{
	assert_int_equal(level, LOG_INFO);
	snprintf(logged, sizeof(logged), "%.*s", STR_ARGS(logged_line));
}

static int open_app(void **state)
{
	const struct store_options options = {
		.mode = STORE_EPHEMERAL,
		.expected_tasks = 1000,
		.cache_mb = 8,
		.indexes = dialect_index_tables(),
	};

	check_setup(state);
	log_capture(capture_line);
	memset(&limit, 0, sizeof(limit));
	must(limit_init(&limit, &err), &err);
	must(store_open(&store, &options, &err), &err);
	app = (struct app){ .store = store, .limit = &limit, .body_limit = 1000 };
	return 0;
}

static int close_app(void **state)
{
	app_free(&exchange);
	buf_free(&scratch);
	store_close(store);
	return check_teardown(state);
}

static void param(const char *name, const char *value)
{
	must(request_add_cgi_param(&exchange.request, str_cstr(name), str_cstr(value), &err), &err);
}

static void begin(const char *call)
{
	app_reset(&exchange);
	exchange.request.now = 1454433171000;
	param("POLYTASK_CALL", call);
	param("POLYTASK_REQUEST_ID", ID);
	param("REMOTE_ADDR", "192.0.2.1");
}

static int answer(void)
{
	must(app_handle(&app, &exchange, &err), &err);
	while (exchange.streaming)
		must(app_stream_rows(&exchange, exchange.response.body.len + 1, &err), &err);
	return exchange.response.status;
}

static int ask(const char *tenant, const char *user, const char *method, const char *uri)
{
	begin("request");
	param("REQUEST_METHOD", method);
	param("REQUEST_URI", uri);
	param("REMOTE_USER", user);
	param("POLYTASK_TENANT", tenant);
	param("POLYTASK_RIGHTS", "read");
	param("POLYTASK_DIALECT", "*");
	return answer();
}

static bool head_has(const char *logged_line)
{
	struct str head = buf_str(&exchange.response.headers);

	return memmem(head.ptr, head.len, logged_line, strlen(logged_line)) != NULL;
}

/* The line of the exchange, without what differs each time; "" when none was said. */
static const char *logged_line(void)
{
	char *from, *to;

	logged[0] = '\0';
	app_log(&app, &exchange, &scratch, exchange.response.body.len);
	from = strstr(logged, "\"event\":");
	if (!from)
		return "";
	memmove(logged, from, strlen(from) + 1);
	to = strstr(logged, ",\"us\":");
	assert_non_null(to);
	from = to + 6 + strspn(to + 6, "0123456789");
	memmove(to, from, strlen(from) + 1);
	return logged;
}

/* ---- principals ---- */

static void user_request_rate_is_limited(void **state)
{
	(void)state;
	app.principal_limit = (struct limit_rule){ HOUR_US, 3 };
	for (int i = 0; i < 3; i++)
		assert_int_equal(ask("demo", "ann", "GET", TASKS), 200);
	assert_false(head_has("Retry-After"));
	assert_int_equal(ask("demo", "ann", "GET", TASKS), 429);
	assert_true(head_has("Retry-After: 3"));
	assert_str(buf_str(&exchange.response.body), "{\"error\":\"Too many requests.\"}");
	assert_int_equal(ask("demo", "bob", "GET", TASKS), 200);
	assert_int_equal(ask("other", "ann", "GET", TASKS), 200);
	/* an address or a method that is none costs as much */
	for (int i = 0; i < 3; i++)
		assert_int_equal(ask("demo", "eve", "GET", TASKS "/no/such"), 404);
	assert_int_equal(ask("demo", "eve", "OPTIONS", TASKS), 429);
}

static void rate_limit_error_follows_dialect(void **state)
{
	static const char *const addresses[] = { TASKS, "/tasks/catalog-item/1",
		"/api/v4/managed-slicer/1/ingest_point/task", "/v2/task/index",
		"/api/v2/import-tasks", "/v1/tasks" };

	(void)state;
	app.principal_limit = (struct limit_rule){ HOUR_US, 1 };
	assert_int_equal(ask("demo", "ann", "GET", TASKS), 200);
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		assert_int_equal(ask("demo", "ann", "GET", addresses[i]), 429);
		assert_true(head_has("Retry-After: 3"));
		assert_true(head_has("X-Rate-Limit-") == (i == 3));
		assert_int_equal(exchange.event, EVENT_LIMITED);
	}
	ask("demo", "ann", "GET", "/v2/task/index");
	assert_true(head_has("X-Rate-Limit-Limit: 1\r\nX-Rate-Limit-Remaining: 0\r\n"
			     "X-Rate-Limit-Reset: 3"));
}

static void zero_rate_means_unlimited(void **state)
{
	(void)state;
	app.principal_limit = limit_per_second(0, 1);
	for (int i = 0; i < 100; i++)
		assert_int_equal(ask("demo", "ann", "GET", TASKS), 200);
}

/* ---- quotas ---- */

static int create(const char *uri, const char *type, const char *key, const char *body)
{
	begin("request");
	param("REQUEST_METHOD", "POST");
	param("REQUEST_URI", uri);
	param("REMOTE_USER", "ann");
	param("POLYTASK_TENANT", "demo");
	param("POLYTASK_RIGHTS", "write");
	param("POLYTASK_DIALECT", "*");
	param("CONTENT_TYPE", type);
	if (key)
		param("HTTP_IDEMPOTENCY_KEY", key);
	exchange.request.body = str_cstr(body);
	return answer();
}

static int import_task(const char *key)
{
	return create("/api/v2/import-tasks", "application/vnd.api+json", key,
		"{\"data\":{\"type\":\"import-tasks\",\"attributes\":{\"master-type\":\"hd\"},"
		"\"relationships\":{\"attachable\":{\"data\":{\"type\":\"tracks\",\"id\":\"1\"}}}}}");
}

static int native_task(const char *dialect)
{
	char body[200];

	snprintf(body, sizeof(body),
		"{\"dialect\":\"%s\",\"fields\":{\"master-type\":\"hd\","
		"\"attachable\":{\"type\":\"tracks\",\"id\":\"1\"}}}",
		dialect);
	return create("/v1/tasks", "application/json", NULL, body);
}

/* By either API; another dialect's tasks do not count. */
static void tenant_daily_quota_is_enforced(void **state)
{
	(void)state;
	app.creates_per_day[DIALECT_CODE_idol] = 2;
	assert_int_equal(import_task("a"), 201);
	assert_int_equal(native_task("native"), 201);
	assert_int_equal(native_task("idol"), 201);
	assert_int_equal(native_task("idol"), 429);
	assert_str(buf_str(&exchange.response.body),
		"{\"type\":\"/v1/problems/quota\",\"title\":\"No more tasks may be created today.\","
		"\"status\":429,\"detail\":\"No more tasks may be created today.\",\"instance\":"
		"\"/v1/requests/" ID "\"}");
	assert_int_equal(import_task("b"), 429);
	/* 2016-02-02T17:12:51Z */
	assert_true(head_has("Retry-After: 24429\r\n"));
	assert_int_equal(exchange.event, EVENT_LIMITED);
	assert_string_equal(exchange.note.reason, "quota");
	assert_int_equal(import_task("a"), 201);
	assert_int_equal(native_task("native"), 201);
	app.creates_per_day[DIALECT_CODE_idol] = 0;
	assert_int_equal(import_task(NULL), 201);
}

/* ---- the log ---- */

static void request_is_logged(void **state)
{
	(void)state;
	ask("demo", "ann", "GET", TASKS);
	assert_string_equal(logged_line(),
		"\"event\":\"request\",\"id\":\"" ID "\",\"tenant\":\"demo\",\"user\":\"ann\","
		"\"dialect\":\"virtshell\",\"method\":\"GET\",\"route\":\"/tasks\",\"status\":200,"
		"\"in\":0,\"out\":12}");
	ask("demo", "ann", "POST", TASKS);
	assert_string_equal(logged_line(),
		"\"event\":\"forbidden\",\"id\":\"" ID "\",\"tenant\":\"demo\",\"user\":\"ann\","
		"\"dialect\":\"virtshell\",\"method\":\"POST\",\"route\":\"/tasks\","
		"\"address\":\"192.0.2.1\",\"status\":403,\"in\":0,\"out\":47}");
	app.principal_limit = (struct limit_rule){ HOUR_US, 0 };
	ask("demo", "ann", "GET", TASKS);
	assert_string_equal(logged_line(),
		"\"event\":\"limited\",\"id\":\"" ID "\",\"tenant\":\"demo\",\"user\":\"ann\","
		"\"dialect\":\"virtshell\",\"method\":\"GET\",\"address\":\"192.0.2.1\","
		"\"reason\":\"too-many\",\"status\":429,\"in\":0,\"out\":30}");
}

/* Whatever a client sends: a line of the log has an end. */
static void long_method_is_truncated_in_log(void **state)
{
	char method[4001] = "";

	(void)state;
	memset(method, 'A', sizeof(method) - 1);
	ask("demo", "ann", method, TASKS);
	assert_non_null(strstr(logged_line(), "\"method\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","));
}

static int authorize_with(const char *header)
{
	begin("authorize");
	param("POLYTASK_DIALECT", "virtshell");
	param("REQUEST_METHOD", "GET");
	param("ORIGINAL_METHOD", "PUT");
	param("ORIGINAL_URI", TASKS);
	param("HTTP_AUTHORIZATION", header);
	return answer();
}

#define DENIED                                                                                 \
	"\"event\":\"denied\",\"id\":\"" ID "\",\"dialect\":\"virtshell\",\"method\":\"PUT\"," \
	"\"address\":\"192.0.2.1\",\"reason\":"

/* A credential of hers, without an end. */
static const struct credential_terms ann_terms = { .user = "ann", .created = 1 };

static void refused_credential_is_logged(void **state)
{
	char token[AUTH_TOKEN_MAX], header[AUTH_TOKEN_MAX + 10];
	struct user user;

	(void)state;
	must(user_add(store, "ann", "demo", RIGHT_READ, 0, 1, &user, &err), &err);
	must(token_add(store, "t", &ann_terms, token, &err), &err);
	snprintf(header, sizeof(header), "Bearer %s", token);
	assert_int_equal(authorize_with(header), 204);
	assert_string_equal(logged_line(), "");
	assert_int_equal(authorize_with(""), 403);
	assert_string_equal(logged_line(), DENIED "\"CredentialMissing\",\"credential\":\"none\","
						  "\"status\":403,\"in\":0,\"out\":0}");
	assert_int_equal(authorize_with("Bearer pt_wrong"), 403);
	assert_string_equal(logged_line(), DENIED "\"AccessDenied\",\"credential\":\"token\","
						  "\"status\":403,\"in\":0,\"out\":0}");
}

/* The id of a key is said when there is one, and nothing else that was sent. */
static void refused_key_is_logged_with_id(void **state)
{
	static const struct {
		const char *header, *line;
	} rows[] = {
		{ "shown:c2lnbmF0dXJl", DENIED
			"\"SignatureDoesNotMatch\",\"credential\":\"virtshell\",\"key\":\"shown\","
			"\"status\":403,\"in\":0,\"out\":0}" },
		{ "hidden:c2lnbmF0dXJl",
			DENIED "\"SignatureDoesNotMatch\",\"credential\":\"virtshell\","
			       "\"status\":403,\"in\":0,\"out\":0}" },
		{ "no signature", DENIED "\"AccessDenied\",\"credential\":\"virtshell\","
					 "\"status\":403,\"in\":0,\"out\":0}" },
	};
	struct user user;
	struct key key;

	(void)state;
	must(user_add(store, "ann", "demo", RIGHT_READ, 0, 1, &user, &err), &err);
	must(key_add(store, "shown", NULL, &ann_terms, &key, &err), &err);
	app.rules.virtshell_ms = INT64_MAX / 4;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin("authorize");
		param("POLYTASK_DIALECT", "virtshell");
		param("ORIGINAL_METHOD", "PUT");
		param("ORIGINAL_URI", TASKS);
		param("HTTP_HOST", "localhost");
		param("HTTP_DATE", "Fri, 01 Jul 2011 19:37:58 +0000");
		param("HTTP_X_VIRTSHELL_AUTHORIZATION", rows[i].header);
		assert_int_equal(answer(), 403);
		assert_string_equal(logged_line(), rows[i].line);
	}
}

static int login(const char *form)
{
	begin("token");
	param("REQUEST_METHOD", "POST");
	exchange.request.body = str_cstr(form);
	return answer();
}

#define LOGIN "\"event\":\"login\",\"id\":\"" ID "\",\"method\":\"POST\",\"address\":\"192.0.2.1\","

static void login_is_logged(void **state)
{
	char hash[PASSWORD_HASH_SIZE];
	struct user user;

	(void)state;
	app.login_burst = 1;
	must(user_add(store, "ann", "demo", RIGHT_READ, 0, 1, &user, &err), &err);
	must(password_hash(STR("correct horse"), hash, &err), &err);
	must(user_set_password(store, "ann", hash, 0, 1, &err), &err);
	assert_int_equal(login("grant_type=password&username=ann&password=correct+horse"), 200);
	assert_true(
		str_starts(str_cstr(logged_line()), STR(LOGIN "\"name\":\"ann\",\"status\":200,")));
	assert_int_equal(login("grant_type=password&username=correct+horse&password=ann"), 400);
	assert_true(str_starts(str_cstr(logged_line()),
		STR(LOGIN "\"reason\":\"invalid_grant\",\"status\":400,")));
	assert_null(strstr(logged, "horse"));
	assert_int_equal(login("grant_type=password&username=ann&password=x"), 400);
	assert_true(str_starts(str_cstr(logged_line()),
		STR(LOGIN "\"reason\":\"invalid_grant\",\"name\":\"ann\",\"status\":400,")));
	assert_int_equal(login("grant_type=password&username=ann&password=x"), 429);
	assert_true(str_starts(
		str_cstr(logged_line()), STR(LOGIN "\"reason\":\"limited\",\"status\":429,")));
}

/* One address cannot fill the disk; how much was left out is said with the next line. */
static void refusal_log_is_rate_limited(void **state)
{
	unsigned lines = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		authorize_with("");
		lines += logged_line()[0] != '\0';
		assert_null(strstr(logged, "unsaid"));
	}
	assert_true(lines >= 50 && lines < 100);
	assert_int_equal(app.suppressed, 1000 - lines);
	/* what was served is always said */
	ask("demo", "ann", "GET", TASKS);
	assert_non_null(strstr(logged_line(), "\"unsaid\":9"));
	ask("demo", "ann", "GET", TASKS);
	assert_null(strstr(logged_line(), "unsaid"));
	begin("authorize");
	exchange.request.cgi_params[2].value = STR("192.0.2.2");
	param("POLYTASK_DIALECT", "virtshell");
	answer();
	assert_non_null(strstr(logged_line(), "\"address\":\"192.0.2.2\""));
}

#define APP(function) cmocka_unit_test_setup_teardown(function, open_app, close_app)

int main(void)
{
	const struct CMUnitTest tests[] = {
		APP(user_request_rate_is_limited),
		APP(rate_limit_error_follows_dialect),
		APP(zero_rate_means_unlimited),
		APP(tenant_daily_quota_is_enforced),
		APP(request_is_logged),
		APP(long_method_is_truncated_in_log),
		APP(refused_credential_is_logged),
		APP(refused_key_is_logged_with_id),
		APP(login_is_logged),
		APP(refusal_log_is_rate_limited),
	};

	return CHECK_RUN(tests);
}
