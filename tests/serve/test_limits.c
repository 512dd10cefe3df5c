/* What is limited in app.c, and the one line that the log says of each exchange. */
#include <stdio.h>
#include <stdlib.h>

#include "auth/principal.h"
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
static char said[4000];

static void take(enum log_level level, struct str line)
{
	assert_int_equal(level, LOG_INFO);
	snprintf(said, sizeof(said), "%.*s", STR_FMT(line));
}

static int open_app(void **state)
{
	const struct store_options options = {
		.mode = STORE_EPHEMERAL,
		.expected_tasks = 1000,
		.cache_mb = 8,
		.indexes = dialect_indexes(),
	};

	check_setup(state);
	log_capture(take);
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
	must(request_add_param(&exchange.request, str_of(name), str_of(value), &err), &err);
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
	must(app_answer(&app, &exchange, &err), &err);
	while (exchange.streaming)
		must(app_more(&exchange, exchange.response.body.len + 1, &err), &err);
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

static bool head_has(const char *line)
{
	struct str head = buf_str(&exchange.response.head);

	return memmem(head.ptr, head.len, line, strlen(line)) != NULL;
}

/* The line of the exchange, without what differs each time; "" when none was said. */
static const char *line(void)
{
	char *from, *to;

	said[0] = '\0';
	app_log(&app, &exchange, &scratch, exchange.response.body.len);
	from = strstr(said, "\"event\":");
	if (!from)
		return "";
	memmove(said, from, strlen(from) + 1);
	to = strstr(said, ",\"us\":");
	assert_non_null(to);
	from = to + 6 + strspn(to + 6, "0123456789");
	memmove(to, from, strlen(from) + 1);
	return said;
}

/* ---- principals ---- */

static void a_user_may_ask_so_often(void **state)
{
	(void)state;
	app.principal = (struct limit_rule){ HOUR_US, 3 };
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

static void each_dialect_says_it_its_way(void **state)
{
	static const char *const addresses[] = { TASKS, "/tasks/catalog-item/1",
		"/api/v4/managed-slicer/1/ingest_point/task", "/v2/task/index",
		"/api/v2/import-tasks", "/v1/tasks" };

	(void)state;
	app.principal = (struct limit_rule){ HOUR_US, 1 };
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

static void no_rate_is_no_limit(void **state)
{
	(void)state;
	app.principal = limit_per_second(0, 1);
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
	exchange.request.body = str_of(body);
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
static void a_tenant_may_create_so_many(void **state)
{
	(void)state;
	app.creates_a_day[DIALECT_CODE_idol] = 2;
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
	app.creates_a_day[DIALECT_CODE_idol] = 0;
	assert_int_equal(import_task(NULL), 201);
}

/* ---- the log ---- */

static void a_request_is_a_line(void **state)
{
	(void)state;
	ask("demo", "ann", "GET", TASKS);
	assert_string_equal(line(),
		"\"event\":\"request\",\"id\":\"" ID "\",\"tenant\":\"demo\",\"user\":\"ann\","
		"\"dialect\":\"virtshell\",\"method\":\"GET\",\"route\":\"/tasks\",\"status\":200,"
		"\"in\":0,\"out\":12}");
	ask("demo", "ann", "POST", TASKS);
	assert_string_equal(line(),
		"\"event\":\"forbidden\",\"id\":\"" ID "\",\"tenant\":\"demo\",\"user\":\"ann\","
		"\"dialect\":\"virtshell\",\"method\":\"POST\",\"route\":\"/tasks\","
		"\"address\":\"192.0.2.1\",\"status\":403,\"in\":0,\"out\":47}");
	app.principal = (struct limit_rule){ HOUR_US, 0 };
	ask("demo", "ann", "GET", TASKS);
	assert_string_equal(line(),
		"\"event\":\"limited\",\"id\":\"" ID "\",\"tenant\":\"demo\",\"user\":\"ann\","
		"\"dialect\":\"virtshell\",\"method\":\"GET\",\"address\":\"192.0.2.1\","
		"\"reason\":\"too-many\",\"status\":429,\"in\":0,\"out\":30}");
}

/* Whatever a client sends: a line of the log has an end. */
static void a_line_is_short(void **state)
{
	char method[4001] = "";

	(void)state;
	memset(method, 'A', sizeof(method) - 1);
	ask("demo", "ann", method, TASKS);
	assert_non_null(strstr(line(), "\"method\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","));
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
static const struct terms anns = { .user = "ann", .created = 1 };

static void a_refused_credential_is_a_line(void **state)
{
	char token[AUTH_TOKEN_MAX], header[AUTH_TOKEN_MAX + 10];
	struct user user;

	(void)state;
	must(user_add(store, "ann", "demo", RIGHT_READ, 0, 1, &user, &err), &err);
	must(token_add(store, "t", &anns, token, &err), &err);
	snprintf(header, sizeof(header), "Bearer %s", token);
	assert_int_equal(authorize_with(header), 204);
	assert_string_equal(line(), "");
	assert_int_equal(authorize_with(""), 403);
	assert_string_equal(line(), DENIED "\"CredentialMissing\",\"credential\":\"none\","
					   "\"status\":403,\"in\":0,\"out\":0}");
	assert_int_equal(authorize_with("Bearer pt_wrong"), 403);
	assert_string_equal(line(), DENIED "\"AccessDenied\",\"credential\":\"token\","
					   "\"status\":403,\"in\":0,\"out\":0}");
}

/* The id of a key is said when there is one, and nothing else that was sent. */
static void a_refused_key_is_named(void **state)
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
	must(key_add(store, "shown", NULL, &anns, &key, &err), &err);
	app.rules.signature_ms = INT64_MAX / 4;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin("authorize");
		param("POLYTASK_DIALECT", "virtshell");
		param("ORIGINAL_METHOD", "PUT");
		param("ORIGINAL_URI", TASKS);
		param("HTTP_HOST", "localhost");
		param("HTTP_DATE", "Fri, 01 Jul 2011 19:37:58 +0000");
		param("HTTP_X_VIRTSHELL_AUTHORIZATION", rows[i].header);
		assert_int_equal(answer(), 403);
		assert_string_equal(line(), rows[i].line);
	}
}

static int login(const char *form)
{
	begin("token");
	param("REQUEST_METHOD", "POST");
	exchange.request.body = str_of(form);
	return answer();
}

#define LOGIN "\"event\":\"login\",\"id\":\"" ID "\",\"method\":\"POST\",\"address\":\"192.0.2.1\","

static void a_login_is_a_line(void **state)
{
	char hash[PASSWORD_HASH_SIZE];
	struct user user;

	(void)state;
	app.login_burst = 1;
	must(user_add(store, "ann", "demo", RIGHT_READ, 0, 1, &user, &err), &err);
	must(password_hash(STR("correct horse"), hash, &err), &err);
	must(user_set_password(store, "ann", hash, 0, 1, &err), &err);
	assert_int_equal(login("grant_type=password&username=ann&password=correct+horse"), 200);
	assert_true(str_starts(str_of(line()), STR(LOGIN "\"name\":\"ann\",\"status\":200,")));
	assert_int_equal(login("grant_type=password&username=correct+horse&password=ann"), 400);
	assert_true(str_starts(
		str_of(line()), STR(LOGIN "\"reason\":\"invalid_grant\",\"status\":400,")));
	assert_null(strstr(said, "horse"));
	assert_int_equal(login("grant_type=password&username=ann&password=x"), 400);
	assert_true(str_starts(str_of(line()),
		STR(LOGIN "\"reason\":\"invalid_grant\",\"name\":\"ann\",\"status\":400,")));
	assert_int_equal(login("grant_type=password&username=ann&password=x"), 429);
	assert_true(
		str_starts(str_of(line()), STR(LOGIN "\"reason\":\"limited\",\"status\":429,")));
}

/* One address cannot fill the disk; how much was left out is said with the next line. */
static void a_flood_is_counted(void **state)
{
	unsigned lines = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		authorize_with("");
		lines += line()[0] != '\0';
		assert_null(strstr(said, "unsaid"));
	}
	assert_true(lines >= 50 && lines < 100);
	assert_int_equal(app.unsaid, 1000 - lines);
	/* what was served is always said */
	ask("demo", "ann", "GET", TASKS);
	assert_non_null(strstr(line(), "\"unsaid\":9"));
	ask("demo", "ann", "GET", TASKS);
	assert_null(strstr(line(), "unsaid"));
	begin("authorize");
	exchange.request.params[2].value = STR("192.0.2.2");
	param("POLYTASK_DIALECT", "virtshell");
	answer();
	assert_non_null(strstr(line(), "\"address\":\"192.0.2.2\""));
}

#define APP(function) cmocka_unit_test_setup_teardown(function, open_app, close_app)

int main(void)
{
	const struct CMUnitTest tests[] = {
		APP(a_user_may_ask_so_often),
		APP(each_dialect_says_it_its_way),
		APP(no_rate_is_no_limit),
		APP(a_tenant_may_create_so_many),
		APP(a_request_is_a_line),
		APP(a_line_is_short),
		APP(a_refused_credential_is_a_line),
		APP(a_refused_key_is_named),
		APP(a_login_is_a_line),
		APP(a_flood_is_counted),
	};

	return CHECK_RUN(tests);
}
