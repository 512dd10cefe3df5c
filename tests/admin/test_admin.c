/* The table of commands, the usage line, and the request line. */
#include "admin/admin_fixture.h"
#include "admin/request.h"

static void words_find_their_command(void **state)
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

static void usage_shows_operand_and_options(void **state)
{
	struct buf usage = BUF_INIT;

	(void)state;
	admin_put_usage(find_command("user add"), &usage);
	assert_str(buf_str(&usage),
		"user add NAME [--tenant TENANT] [--rights read,write,work,admin] "
		"[--expires SECONDS|never]");
	buf_reset(&usage);
	admin_put_usage(find_command("key list"), &usage);
	assert_str(buf_str(&usage), "key list [--json] [--noheadings]");
	buf_reset(&usage);
	admin_put_usage(find_command("key expire"), &usage);
	assert_str(buf_str(&usage), "key expire ID --expires SECONDS|never");
	buf_free(&usage);
}

static void request_is_read_as_written(void **state)
{
	struct admin_call call = { .options = { [ADMIN_TENANT] = "a\"b" } }, back = { 0 };
	struct buf line = BUF_INIT;
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
	buf_free(&line);
}

static void malformed_requests_are_rejected(void **state)
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

/* Rejected before anything is sent: an option lost on the way could lift a restriction. */
static void control_characters_are_rejected(void **state)
{
	static const char *const bad[] = { "caf\xe9", "a\nx 0", "a\tb", "\x1b[2J", "\x7f" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *const words[] = { "token", "add", bad[i] };
		struct admin_call with_operand = { 0 };
		struct admin_call with_option = { .options = { [ADMIN_DIALECTS] = bad[i] } };
		struct err err = { 0 };

		assert_false(admin_parse_command(&with_operand, words, 3, &err));
		assert_string_equal(
			err_text(&err), "USER must be UTF-8 without control characters");
		assert_false(admin_parse_command(
			&with_option, (const char *const[]){ "token", "add", "demo" }, 3, &err));
		assert_string_equal(
			err_text(&err), "--dialects must be UTF-8 without control characters");
		assert_int_equal(err.code, ERR_UNPROCESSABLE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(words_find_their_command),
		CHECK(usage_shows_operand_and_options),
		CHECK(request_is_read_as_written),
		CHECK(malformed_requests_are_rejected),
		CHECK(control_characters_are_rejected),
	};

	return CHECK_RUN(tests);
}
