/* Outcomes of commands: statuses as of waitpid(), results and reports. */
#include <signal.h>
#include <stdlib.h>

#include "http/json.h"
#include "lib/check.h"
#include "worker/result.h"

#define EXIT(code) ((code) << 8) /* a status of waitpid() */

static struct outcome outcome_of(int status, struct str printed, bool report, const char *errors)
{
	struct output output = { .most = report ? REPORT_MAX : RESULT_MAX + 1 };
	struct outcome outcome = { 0 };
	struct log_lines log = { 0 };

	output_add(&output, printed);
	log_lines_add(&log, str_cstr(errors));
	result_set(&outcome, status, &output, report, &log);
	buf_free(&output.bytes);
	log_lines_free(&log);
	return outcome;
}

/* Compares JSON text; frees the outcome. */
static void expect_result(struct outcome outcome, const char *result)
{
	struct buf text = BUF_INIT;

	assert_int_equal(outcome.kind, OUTCOME_COMPLETE);
	if (outcome.result)
		json_put(&text, outcome.result);
	assert_str(buf_str(&text), result);
	buf_free(&text);
	outcome_free(&outcome);
}

static void expect_failure(struct outcome outcome, bool retryable, const char *error)
{
	assert_int_equal(outcome.kind, OUTCOME_FAIL);
	assert_int_equal(outcome.retryable, retryable);
	assert_string_equal(json_string_value(outcome.error), error);
	outcome_free(&outcome);
}

/* The report around a result has one more level, and the service reads JSON_DEPTH_MAX. */
static void deep_output_is_text(void **state)
{
	struct buf text = BUF_INIT;
	json_t *json = NULL;

	(void)state;
	for (int i = 0; i < JSON_DEPTH_MAX - 1; i++)
		buf_putc(&text, '[');
	for (int i = 0; i < JSON_DEPTH_MAX - 1; i++)
		buf_putc(&text, ']');
	assert_true(result_parse(&json, buf_str(&text)));
	json_decref(json);
	buf_putc(&text, '\0');
	text.len--;
	expect_result(outcome_of(EXIT(0), buf_str(&text), false, ""), text.data);
	buf_reset(&text);
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		buf_putc(&text, '[');
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		buf_putc(&text, ']');
	assert_false(result_parse(&json, buf_str(&text)));
	buf_free(&text);
}

static void size_is_of_the_text_that_is_sent(void **state)
{
	json_t *json = NULL;

	(void)state;
	assert_true(result_parse(&json, STR("[1e5, 1e5]")));
	assert_int_equal(result_size(json), strlen("[100000.0,100000.0]"));
	json_decref(json);
}

static void output_is_the_result(void **state)
{
	static const struct {
		struct str printed;
		const char *result;
	} cases[] = {
		{ STR(""), "" },
		{ STR("\n"), "" },
		{ STR("null\n"), "null" },
		{ STR("42"), "42" },
		{ STR(" {\"a\" : [1]}\n\n"), "{\"a\":[1]}" },
		{ STR("text\n"), "\"text\"" },
		{ STR("two\n\n"), "\"two\\n\"" },
		{ STR("{\"a\":1,\"a\":2}"), "\"{\\\"a\\\":1,\\\"a\\\":2}\"" },
		{ STR("a\0b\xff"), "\"a\xef\xbf\xbd"
				   "b\xef\xbf\xbd\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_result(outcome_of(0, cases[i].printed, false, ""), cases[i].result);
}

static void result_has_a_limit(void **state)
{
	static char text[RESULT_MAX + 10];
	static const char sentence[] = "The command printed more than 65536 bytes of result.";
	struct outcome outcome;

	(void)state;
	memset(text, 'x', sizeof(text));
	/* JSON with a line feed, of exactly the limit. */
	text[0] = text[RESULT_MAX - 1] = '"';
	text[RESULT_MAX] = '\n';
	outcome = outcome_of(0, (struct str){ text, RESULT_MAX + 1 }, false, "");
	assert_int_equal(outcome.kind, OUTCOME_COMPLETE);
	outcome_free(&outcome);
	memset(text, 'x', sizeof(text));
	/* Text gets quotes. */
	expect_failure(
		outcome_of(0, (struct str){ text, RESULT_MAX - 1 }, false, ""), false, sentence);
	expect_failure(
		outcome_of(0, (struct str){ text, sizeof(text) }, false, ""), false, sentence);
	/* A failure keeps its own error. */
	expect_failure(outcome_of(EXIT(1), (struct str){ text, sizeof(text) }, false, "why\n"),
		true, "why");
}

static void status_decides(void **state)
{
	struct outcome outcome;

	(void)state;
	expect_failure(outcome_of(EXIT(1), STR("1"), false, ""), true,
		"The command exited with status 1.");
	expect_failure(outcome_of(EXIT(RESULT_EXIT_FINAL), STR(""), false, ""), false,
		"The command exited with status 65.");
	expect_failure(outcome_of(EXIT(3), STR(""), false, "a\nlast\n \n"), true, "last");
	expect_failure(outcome_of(SIGKILL, STR(""), false, ""), true,
		"The command was killed by signal 9 (SIGKILL).");
	expect_failure(outcome_of(SIGRTMIN + 1, STR(""), false, ""), true,
		"The command was killed by signal 35 (unknown).");
	outcome = outcome_of(EXIT(RESULT_EXIT_RELEASE), STR("1"), false, "x\n");
	assert_int_equal(outcome.kind, OUTCOME_RELEASE);
	assert_int_equal(outcome.delay_seconds, 5);
	outcome_free(&outcome);
}

static void report_has_its_members(void **state)
{
	struct outcome outcome = outcome_of(0,
		STR("{\"result\":1,\"fields\":{\"a\":2},\"progress\":3,\"error\":\"e\"}"), true,
		"");

	(void)state;
	assert_int_equal(json_integer_value(json_object_get(outcome.fields, "a")), 2);
	assert_int_equal(json_integer_value(outcome.progress), 3);
	expect_result(outcome, "1");
	expect_result(outcome_of(0, STR(""), true, ""), "");
	expect_failure(outcome_of(EXIT(1), STR("{\"error\":\"e\"}"), true, "x\n"), true, "e");
	expect_failure(outcome_of(EXIT(1), STR("no report"), true, "x\n"), true, "x");
}

static void invalid_report_is_final(void **state)
{
	static const char *const reports[] = { "[]", "1", "{", "{\"other\":1}", "{\"fields\":1}",
		"{\"error\":1}", "{\"error\":\"e\",\"error\":\"f\"}" };
	struct buf long_report = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++) {
		struct outcome outcome = outcome_of(0, str_cstr(reports[i]), true, "");

		assert_int_equal(outcome.kind, OUTCOME_FAIL);
		assert_false(outcome.retryable);
		outcome_free(&outcome);
	}
	buf_puts(&long_report, "{\"progress\":\"");
	for (int i = 0; i < 5000; i++)
		buf_putc(&long_report, 'x');
	buf_puts(&long_report, "\"}");
	expect_failure(outcome_of(0, buf_str(&long_report), true, ""), false,
		"The report of the command is not valid: progress has more than 4096 bytes.");
	while (long_report.len <= REPORT_MAX)
		buf_putc(&long_report, ' ');
	expect_failure(outcome_of(0, buf_str(&long_report), true, ""), false,
		"The command printed more than 262144 bytes of report.");
	buf_free(&long_report);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CHECK(deep_output_is_text),
		CHECK(size_is_of_the_text_that_is_sent),
		CHECK(output_is_the_result),
		CHECK(result_has_a_limit),
		CHECK(status_decides),
		CHECK(report_has_its_members),
		CHECK(invalid_report_is_final),
	};

	return CHECK_RUN(tests);
}
