/* The table of verbs, the request line, and the verbs on a store in memory. */
#include "admin/admin_fixture.h"
#include "admin/request.h"
#include "admin/sign.h"
#include "dialect/dialect.h"

static void test_find(void **state)
{
	static const struct {
		const char *words[4];
		size_t count;
		enum err_code code;
	} rows[] = {
		{ { "user", "add", "x" }, 3, ERR_NONE },
		{ { "user", "add" }, 2, ERR_INVALID },
		{ { "user", "add", "x", "y" }, 4, ERR_INVALID },
		{ { "user" }, 1, ERR_NO_ROUTE },
		{ { "user", "ad", "x" }, 3, ERR_NO_ROUTE },
		{ { "user", "addx", "x" }, 3, ERR_NO_ROUTE },
		{ { "user add", "x" }, 2, ERR_NO_ROUTE },
		{ { "" }, 1, ERR_NO_ROUTE },
		{ { NULL }, 0, ERR_NO_ROUTE },
		{ { "verify" }, 1, ERR_NONE },
		{ { "verify", "x" }, 2, ERR_INVALID },
		{ { "token", "expire", "x" }, 3, ERR_INVALID },
		{ { "token", "rotate", "x" }, 3, ERR_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct admin_call call = { 0 };
		struct err err = { 0 };

		admin_parse_command(&call, rows[i].words, rows[i].count, &err);
		if (err.code != rows[i].code)
			print_error("row %zu: %s\n", i, err_text(&err));
		assert_err(&err, rows[i].code);
		assert_int_equal(call.command != NULL, rows[i].code != ERR_NO_ROUTE);
	}
}

static const struct admin_command *find_command(const char *words)
{
	const struct admin_command *command = admin_commands;

	while (strcmp(command->words, words) != 0)
		command++;
	return command;
}

static void test_request_line(void **state)
{
	struct admin_call call = { .options = { [ADMIN_TENANT] = "a\"b" } }, back = { 0 };
	struct buf line = BUF_INIT, usage = BUF_INIT;
	struct err err = { 0 };
	json_t *json;

	(void)state;
	parse_call(&call, "user add demo");
	assert_true(admin_request_write(&call, &line));
	assert_str(buf_str(&line),
		"{\"verb\":[\"user\",\"add\",\"demo\"],\"args\":{\"tenant\":\"a\\\"b\"}}\n");
	json = json_loadb(line.data, line.len, 0, NULL);
	must(admin_request_read(&back, json, &err), &err);
	assert_ptr_equal(back.command, call.command);
	assert_string_equal(back.operand, "demo");
	assert_string_equal(back.options[ADMIN_TENANT], "a\"b");
	assert_null(back.options[ADMIN_RIGHTS]);
	json_decref(json);
	admin_put_usage(call.command, &usage);
	assert_str(buf_str(&usage),
		"user add NAME [--tenant TENANT] [--rights read,write,work,admin] "
		"[--expires SECONDS|never]");
	buf_reset(&usage);
	admin_put_usage(find_command("key list"), &usage);
	assert_str(buf_str(&usage), "key list [--json]");
	buf_reset(&usage);
	admin_put_usage(find_command("key expire"), &usage);
	assert_str(buf_str(&usage), "key expire ID --expires SECONDS|never");
	buf_free(&line);
	buf_free(&usage);
}

static void test_bad_requests(void **state)
{
	static const char *const rows[] = {
		"{}",
		"[]",
		"{\"verb\":\"verify\"}",
		"{\"verb\":[]}",
		"{\"verb\":[1]}",
		"{\"verb\":[\"verify\",null]}",
		"{\"verb\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}",
		"{\"verb\":[\"verify\"],\"args\":{\"colour\":\"red\"}}",
		"{\"verb\":[\"verify\"],\"args\":{\"tenant\":\"red\"}}",
		"{\"verb\":[\"user\",\"add\",\"x\"],\"args\":{\"tenant\":1}}",
		"{\"verb\":[\"user\",\"revoke\",\"x\\nx 0\"]}",
		"{\"verb\":[\"user\",\"add\",\"x\"],\"args\":{\"tenant\":\"\\u007f\"}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct admin_call call = { 0 };
		struct err err = { 0 };
		json_t *json = json_loads(rows[i], 0, NULL);

		if (admin_request_read(&call, json, &err))
			print_error("row %zu\n", i);
		assert_int_not_equal(err.code, ERR_NONE);
		json_decref(json);
	}
	assert_false(admin_request_read(&(struct admin_call){ 0 }, NULL, &(struct err){ 0 }));
}

/* Refused before anything is sent: one that is left out on the way would lift a limit. */
static void test_invalid_text(void **state)
{
	static const char *const bad[] = { "caf\xe9", "a\nx 0", "a\tb", "\x1b[2J", "\x7f" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *const words[] = { "token", "add", bad[i] };
		struct admin_call of_words = { 0 };
		struct admin_call of_option = { .options = { [ADMIN_DIALECTS] = bad[i] } };
		struct err err = { 0 };

		assert_false(admin_parse_command(&of_words, words, 3, &err));
		assert_string_equal(
			err_text(&err), "USER must be UTF-8 without control characters");
		assert_false(admin_parse_command(
			&of_option, (const char *const[]){ "token", "add", "demo" }, 3, &err));
		assert_string_equal(
			err_text(&err), "--dialects must be UTF-8 without control characters");
	}
}

static void test_bad_options(void **state)
{
	struct admin_call rights = { .options = { [ADMIN_RIGHTS] = "everything" } };
	struct admin_call expires = { .options = { [ADMIN_EXPIRES] = "-1" } };
	struct call_result call_result;

	(void)state;
	parse_call(&rights, "user add demo");
	call_result = run_call(&rights, " ", true);
	assert_int_equal(call_result.status, 1);
	assert_string_equal(call_result.out,
		"e --rights must be a list of read,write,work,admin, not 'everything'\n");
	free_result(&call_result);
	parse_call(&expires, "token add demo");
	call_result = run_call(&expires, " ", true);
	assert_string_equal(call_result.out, "e --expires must be a number of seconds, not '-1'\n");
	free_result(&call_result);
	expect_result("load-sample 0", " ", 1, "",
		"polytaskctl: N must be a number from 1 to 100000000, not '0'\n");
	expect_result("load-sample x", " ", 1, "",
		"polytaskctl: N must be a number from 1 to 100000000, not 'x'\n");
	expect_result("show x", " ", 1, "", "polytaskctl: 'x' is not a UUID\n");
	expect_result("show a62ad146-ccf4-11e5-9956-625662870761", " ", 1, "",
		"polytaskctl: There is no such task.\n");
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

/* Export, then the same into an empty store, gives the same lines. */
static void test_export_import(void **state)
{
	struct call_result first, second;
	void *unused = NULL;

	(void)state;
	expect_result("load-sample 1234", " ", 0, "1234 tasks loaded\n", "");
	first = run_line("export", " ");
	assert_int_equal(first.status, 0);
	assert_int_equal(count_lines(first.out), 1234);
	store_close(store);
	assert_int_equal(open_store(&unused), 0);
	expect_result("import", first.out, 0, "1234 tasks imported\n", "");
	second = run_line("export", " ");
	assert_int_equal(count_lines(second.out), 1234);
	for (char *rest = second.out, *line; (line = strsep(&rest, "\n")) && *line;)
		assert_non_null(strstr(first.out, line));
	free_result(&first);
	free_result(&second);
	first = run_line("verify", " ");
	assert_int_equal(first.status, 0);
	assert_int_equal(strncmp(first.out, "tasks:      1234\n", 17), 0);
	free_result(&first);
}

/* What is made up of each dialect is what its own rules admit. */
static bool admit_sample(const struct task *task, void *data)
{
	const struct dialect *dialect = dialect_by_code(task->dialect);
	unsigned *count = data;
	struct err err;

	assert_non_null(dialect);
	must(dialect->validate(NULL, task, &err), &err);
	assert_int_equal(dialect_state(dialect->statuses, task->status), task->state);
	(*count)++;
	return true;
}

static void test_samples_of_every_dialect(void **state)
{
	struct admin_call call = { 0 };
	unsigned count = 0;
	struct err err = { 0 };

	(void)state;
	parse_call(&call, "load-sample 100");
	call.options[ADMIN_TENANT] = "demo";
	for (size_t i = 0; dialects[i]; i++) {
		struct call_result call_result;

		call.options[ADMIN_DIALECT] = dialects[i]->name;
		call_result = run_call(&call, " ", false);
		assert_int_equal(call_result.status, 0);
		free_result(&call_result);
	}
	must(store_each_task(store, admit_sample, &count, &err), &err);
	assert_int_equal(count, 600);
}

static void test_import_stops_at_a_bad_line(void **state)
{
	struct call_result call_result;

	(void)state;
	expect_result("import",
		"{\"id\":\"a62ad146-ccf4-11e5-9956-625662870761\",\"tenant\":\"default\","
		"\"dialect\":\"virtshell\",\"state\":\"pending\",\"status\":\"pending\","
		"\"created\":1}\n\n{\"id\":1}\n{\"id\":2}\n",
		1, "1 tasks imported\n", "polytaskctl: line 3: id must be a UUID\n");
	call_result = run_line("show a62ad146-ccf4-11e5-9956-625662870761", " ");
	assert_int_equal(call_result.status, 0);
	assert_non_null(strstr(call_result.out, "\"revision\":1,"));
	free_result(&call_result);
}

/* The vectors of the contract, §5.6. */
static void test_sign(void **state)
{
	struct sign sign = { .user = "u",
		.secret = "0123456789abcdef0123456789abcdef",
		.method = "GET",
		.url = "http://localhost:8080/api/virtshell/v1/tasks/?x=1#y",
		.date = "Fri, 01 Jul 2011 19:37:58 +0000" };
	struct buf out = BUF_INIT;
	struct err err = { 0 };

	(void)state;
	must(sign_headers(&sign, 0, &out, &err), &err);
	assert_str(buf_str(&out), "Date: Fri, 01 Jul 2011 19:37:58 +0000\n"
				  "X-VirtShell-Authorization: u:T+TwZlD+qtxigiFzwOkg7qyUl24=\n");
	buf_reset(&out);
	sign.method = "PUT";
	sign.url = "http://localhost:8080/api/virtshell/v1/tasks/"
		   "a62ad146-ccf4-11e5-9956-625662870761";
	sign.content_type = "application/json";
	sign.data = "{\"status\": \"sucess\", \"log\": \"done\"}";
	must(sign_headers(&sign, 0, &out, &err), &err);
	assert_str(buf_str(&out),
		"Date: Fri, 01 Jul 2011 19:37:58 +0000\n"
		"Content-Type: application/json\nContent-MD5: 7M0A4OBKUxRxxXC9BjjOgA==\n"
		"X-VirtShell-Authorization: u:x81yYTpprLzjXp/M5zTxaYTwhUg=\n");
	buf_reset(&out);
	sign = (struct sign){ .user = "u", .secret = "s", .method = "GET", .url = "http://h" };
	must(sign_headers(&sign, 1309549078000, &out, &err), &err);
	assert_int_equal(strncmp(out.data, "Date: Fri, 01 Jul 2011 19:37:58 +0000\n", 38), 0);
	sign.secret = NULL;
	assert_fails(sign_headers(&sign, 0, &out, &err), &err, ERR_MISSING);
	buf_free(&out);
}

static void test_urls(void **state)
{
	static const struct {
		const char *url, *host, *path;
	} rows[] = {
		{ "https://localhost:8443/a%2Fb?q", "localhost:8443", "/a%2Fb" },
		{ "https://localhost:443/", "localhost", "/" },
		{ "http://localhost:443/", "localhost:443", "/" },
		{ "http://localhost:80", "localhost", "/" },
		{ "http://[::1]:8080?q", "[::1]:8080", "/" },
		{ "ftp://localhost/", NULL, NULL },
		{ "localhost/", NULL, NULL },
		{ "http:///x", NULL, NULL },
		{ "http://user@localhost/", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str host, path;
		struct err err = { 0 };
		bool ok = sign_split_url(rows[i].url, &host, &path, &err);

		assert_int_equal(ok, rows[i].host != NULL);
		if (ok) {
			assert_str(host, rows[i].host);
			assert_str(path, rows[i].path);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(test_find),
		CHECK(test_request_line),
		CHECK(test_bad_requests),
		CHECK(test_invalid_text),
		WITH_STORE(test_bad_options),
		WITH_STORE(test_export_import),
		WITH_STORE(test_samples_of_every_dialect),
		WITH_STORE(test_import_stops_at_a_bad_line),
		CHECK(test_sign),
		CHECK(test_urls),
	};

	return CHECK_RUN(tests);
}
