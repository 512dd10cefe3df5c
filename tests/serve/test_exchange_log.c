/* The log line of an exchange. */
#include <stdio.h>

#include "auth/key.h"
#include "auth/token_change.h"
#include "serve/app_fixture.h"
#include "serve/exchange_log.h"

#define HOUR_US 3600000000U

static char line[4000];

static void capture_line(enum log_level level, struct str text)
{
	assert_int_equal(level, LOG_INFO);
	snprintf(line, sizeof(line), "%.*s", STR_ARGS(text));
}

static int open_logged(void **state)
{
	struct app_fixture *f;

	if (app_fixture_open(state) != 0)
		return -1;
	f = *state;
	f->app.limit = &f->limit;
	log_capture(capture_line);
	return 0;
}

/* The line of the exchange from "event" on, without "us"; "" if it is not logged. */
static const char *logged_line(struct app_fixture *f)
{
	char *from, *to;

	line[0] = '\0';
	exchange_log(&f->app, &f->exchange, &f->scratch, app_body(f).len);
	from = strstr(line, "\"event\":");
	if (!from)
		return "";
	memmove(line, from, strlen(from) + 1);
	to = strstr(line, ",\"us\":");
	assert_non_null(to);
	from = to + 6 + strspn(to + 6, "0123456789");
	memmove(to, from, strlen(from) + 1);
	return line;
}

static void assert_line_starts(struct app_fixture *f, const char *start)
{
	const char *text = logged_line(f);

	if (strncmp(text, start, strlen(start)) != 0)
		assert_string_equal(text, start);
}

static void read_tasks(struct app_fixture *f, const char *method)
{
	app_begin(f, method, TASKS, "");
	app_principal(f, "demo", "ann", "*", "read");
	app_answer(f);
}

#define BY_ANN(event)                                                                             \
	"\"event\":\"" event "\",\"id\":\"" REQUEST_ID "\",\"tenant\":\"demo\",\"user\":\"ann\"," \
	"\"dialect\":\"virtshell\","

static void request_is_logged(void **state)
{
	struct app_fixture *f = *state;

	read_tasks(f, "GET");
	assert_string_equal(logged_line(f),
		BY_ANN("request") "\"method\":\"GET\",\"route\":\"/tasks\",\"status\":200,\"in\":0,\"out\":12}");
}

#define TRACE_ID "0af7651916cd43dd8448eb211c80319c"
#define SPAN	 "b7ad6b7169203331"

static void ask_traced(struct app_fixture *f, const char *parent, const char *second)
{
	app_begin(f, "POST", TASKS, "{\"description\":\"x\"}");
	app_principal(f, "demo", "ann", "*", "write");
	app_param(f, "HTTP_TRACEPARENT", parent);
	if (second)
		app_param(f, "HTTP_TRACEPARENT", second);
	app_param(f, "HTTP_TRACESTATE", "a=1");
	app_answer(f);
}

static void request_has_the_ids_of_its_trace(void **state)
{
	static const char parent[] = "00-" TRACE_ID "-" SPAN "-01";
	struct app_fixture *f = *state;

	ask_traced(f, parent, NULL);
	assert_line_starts(f,
		"\"event\":\"request\",\"id\":\"" REQUEST_ID "\",\"trace_id\":\"" TRACE_ID
		"\",\"span_id\":\"" SPAN "\",\"tenant\":\"demo\",");
	assert_str(f->exchange.result.task.trace.parent, parent);
	assert_str(f->exchange.result.task.trace.state, "a=1");
	/* Neither an invalid one nor one of two counts, and the request is served. */
	ask_traced(f, "00-x", NULL);
	assert_int_equal(f->exchange.response.status, 200);
	assert_line_starts(f, BY_ANN("request"));
	ask_traced(f, parent, parent);
	assert_line_starts(f, BY_ANN("request"));
	assert_int_equal(f->exchange.result.task.trace.parent.len, 0);
	read_tasks(f, "GET");
	assert_line_starts(f, BY_ANN("request"));
}

static void request_for_a_task_has_its_id(void **state)
{
	struct app_fixture *f = *state;
	char expected[256], task[ID_TEXT_LEN + 1];

	app_begin(f, "POST", TASKS, "{\"description\":\"x\"}");
	app_principal(f, "demo", "ann", "*", "write");
	app_answer(f);
	id_format(&f->exchange.result.task.id, task);
	snprintf(expected, sizeof(expected),
		BY_ANN("request") "\"method\":\"POST\",\"route\":\"/tasks\",\"task\":\"%s\",\"status\":200",
		task);
	assert_line_starts(f, expected);
}

static void missing_right_is_logged(void **state)
{
	struct app_fixture *f = *state;

	read_tasks(f, "POST");
	assert_string_equal(logged_line(f),
		BY_ANN("forbidden") "\"method\":\"POST\",\"route\":\"/tasks\",\"address\":\"192.0.2.1\","
				    "\"status\":403,\"in\":0,\"out\":47}");
}

static void limited_request_is_logged(void **state)
{
	struct app_fixture *f = *state;

	f->app.options.principal_rate = (struct limit_rule){ .interval_us = HOUR_US, .burst = 0 };
	read_tasks(f, "GET");
	assert_string_equal(logged_line(f),
		BY_ANN("limited") "\"method\":\"GET\",\"address\":\"192.0.2.1\",\"reason\":\"too-many\","
				  "\"status\":429,\"in\":0,\"out\":30}");
}

static void long_method_is_truncated(void **state)
{
	struct app_fixture *f = *state;
	char method[4001] = "";

	memset(method, 'A', sizeof(method) - 1);
	read_tasks(f, method);
	assert_non_null(strstr(logged_line(f), "\"method\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","));
}

/* A request as nginx sends it to the authorizer, for PUT TASKS. */
static void begin_authorize(struct app_fixture *f)
{
	app_begin(f, "GET", "/authorize", "");
	app_param(f, "POLYTASK_CALL", "authorize");
	app_param(f, "POLYTASK_DIALECT", "virtshell");
	app_param(f, "ORIGINAL_METHOD", "PUT");
	app_param(f, "ORIGINAL_URI", TASKS);
}

static int authorize_with(struct app_fixture *f, const char *header)
{
	begin_authorize(f);
	app_param(f, "HTTP_AUTHORIZATION", header);
	return app_answer(f);
}

#define DENIED                                                                      \
	"\"event\":\"denied\",\"id\":\"" REQUEST_ID "\",\"dialect\":\"virtshell\"," \
	"\"method\":\"PUT\",\"address\":\"192.0.2.1\",\"reason\":"
#define DENIED_END "\"status\":403,\"in\":0,\"out\":0}"

static const struct credential_terms ann_terms = { .user = "ann", .created = 1 };

static void add_ann(struct app_fixture *f)
{
	struct user user;
	struct err err;

	must(user_add(f->store, "ann", "demo", RIGHT_READ, 0, 1, &user, &err), &err);
}

static void accepted_credential_is_not_logged(void **state)
{
	char token[AUTH_TOKEN_MAX], header[AUTH_TOKEN_MAX + 10];
	struct app_fixture *f = *state;
	struct err err;

	add_ann(f);
	must(token_add(f->store, "t", &ann_terms, token, &err), &err);
	snprintf(header, sizeof(header), "Bearer %s", token);
	assert_int_equal(authorize_with(f, header), 204);
	assert_string_equal(logged_line(f), "");
}

static void refused_credential_is_logged(void **state)
{
	struct app_fixture *f = *state;

	add_ann(f);
	assert_int_equal(authorize_with(f, ""), 403);
	assert_string_equal(
		logged_line(f), DENIED "\"CredentialMissing\",\"credential\":\"none\"," DENIED_END);
	assert_int_equal(authorize_with(f, "Bearer pt_wrong"), 403);
	assert_string_equal(
		logged_line(f), DENIED "\"AccessDenied\",\"credential\":\"token\"," DENIED_END);
}

/* The id of an existing key is logged; nothing else that the client sent is. */
static void refused_signature_is_logged_with_its_key(void **state)
{
	static const struct {
		const char *header, *line;
	} rows[] = {
		{ "shown:c2lnbmF0dXJl",
			DENIED "\"SignatureDoesNotMatch\",\"credential\":\"virtshell\","
			       "\"key\":\"shown\"," DENIED_END },
		{ "hidden:c2lnbmF0dXJl", DENIED
			"\"SignatureDoesNotMatch\",\"credential\":\"virtshell\"," DENIED_END },
		{ "no signature",
			DENIED "\"AccessDenied\",\"credential\":\"virtshell\"," DENIED_END },
	};
	struct app_fixture *f = *state;
	struct err err;
	struct key key;

	add_ann(f);
	must(key_add(f->store, "shown", NULL, &ann_terms, &key, &err), &err);
	f->app.options.clock_skew_ms[DIALECT_CODE_virtshell] = INT64_MAX / 4;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin_authorize(f);
		app_param(f, "HTTP_HOST", "localhost");
		app_param(f, "HTTP_DATE", "Fri, 01 Jul 2011 19:37:58 +0000");
		app_param(f, "HTTP_X_VIRTSHELL_AUTHORIZATION", rows[i].header);
		assert_int_equal(app_answer(f), 403);
		assert_string_equal(logged_line(f), rows[i].line);
	}
}

static int login(struct app_fixture *f, const char *form)
{
	app_begin(f, "POST", "/oauth/token", form);
	app_param(f, "POLYTASK_CALL", "token");
	return app_answer(f);
}

static void add_password(struct app_fixture *f)
{
	char hash[PASSWORD_HASH_SIZE];
	struct err err;

	add_ann(f);
	must(password_hash(STR("correct horse"), hash, &err), &err);
	must(user_set_password(f->store, "ann", hash, 0, 1, &err), &err);
}

#define LOGIN                                                                \
	"\"event\":\"login\",\"id\":\"" REQUEST_ID "\",\"method\":\"POST\"," \
	"\"address\":\"192.0.2.1\",\"call\":\"password\","

static void login_is_logged_with_a_known_name(void **state)
{
	struct app_fixture *f = *state;

	add_password(f);
	assert_int_equal(login(f, "grant_type=password&username=ann&password=correct+horse"), 200);
	assert_line_starts(f, LOGIN "\"name\":\"ann\",\"status\":200,");
	assert_int_equal(login(f, "grant_type=password&username=ann&password=x"), 400);
	assert_line_starts(
		f, LOGIN "\"reason\":\"invalid_grant\",\"name\":\"ann\",\"status\":400,");
}

/* A password typed in place of the name must not reach the log. */
static void login_is_logged_without_an_unknown_name(void **state)
{
	struct app_fixture *f = *state;

	add_password(f);
	assert_int_equal(login(f, "grant_type=password&username=correct+horse&password=ann"), 400);
	assert_line_starts(f, LOGIN "\"reason\":\"invalid_grant\",\"status\":400,");
	assert_null(strstr(line, "horse"));
}

static void limited_login_is_logged(void **state)
{
	struct app_fixture *f = *state;

	f->app.options.login_burst = 1;
	add_password(f);
	assert_int_equal(login(f, "grant_type=password&username=ann&password=x"), 400);
	assert_int_equal(login(f, "grant_type=password&username=ann&password=x"), 429);
	assert_line_starts(f, LOGIN "\"reason\":\"limited\",\"status\":429,");
}

static unsigned log_refusals(struct app_fixture *f, unsigned count)
{
	unsigned lines = 0;

	for (unsigned i = 0; i < count; i++) {
		authorize_with(f, "");
		lines += logged_line(f)[0] != '\0';
		assert_null(strstr(line, "suppressed"));
	}
	return lines;
}

static void refusals_are_logged_at_a_limited_rate(void **state)
{
	struct app_fixture *f = *state;
	unsigned lines = log_refusals(f, 1000);

	/* A burst of 50, then one per second. */
	assert_in_range(lines, 50, 99);
	assert_int_equal(f->app.suppressed, 1000 - lines);
}

static void served_request_reports_suppressed_lines(void **state)
{
	struct app_fixture *f = *state;

	log_refusals(f, 1000);
	read_tasks(f, "GET");
	assert_non_null(strstr(logged_line(f), "\"suppressed\":9"));
	read_tasks(f, "GET");
	assert_null(strstr(logged_line(f), "suppressed"));
}

static void log_rate_is_per_client_address(void **state)
{
	struct app_fixture *f = *state;

	log_refusals(f, 1000);
	begin_authorize(f);
	for (size_t i = 0; i < f->exchange.request.cgi_param_count; i++) {
		if (str_eq(f->exchange.request.cgi_params[i].name, STR("REMOTE_ADDR")))
			f->exchange.request.cgi_params[i].value = STR("192.0.2.2");
	}
	app_answer(f);
	assert_non_null(strstr(logged_line(f), "\"address\":\"192.0.2.2\""));
}

#define LOGGED(function) cmocka_unit_test_setup_teardown(function, open_logged, app_fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOGGED(request_is_logged),
		LOGGED(request_has_the_ids_of_its_trace),
		LOGGED(request_for_a_task_has_its_id),
		LOGGED(missing_right_is_logged),
		LOGGED(limited_request_is_logged),
		LOGGED(long_method_is_truncated),
		LOGGED(accepted_credential_is_not_logged),
		LOGGED(refused_credential_is_logged),
		LOGGED(refused_signature_is_logged_with_its_key),
		LOGGED(login_is_logged_with_a_known_name),
		LOGGED(login_is_logged_without_an_unknown_name),
		LOGGED(limited_login_is_logged),
		LOGGED(refusals_are_logged_at_a_limited_rate),
		LOGGED(served_request_reports_suppressed_lines),
		LOGGED(log_rate_is_per_client_address),
	};

	return CHECK_RUN(tests);
}
