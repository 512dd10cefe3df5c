/* Texts of tasks for a terminal: no character of them controls it. */
#include "admin/task_text.h"
#include "lib/check.h"

static void expect_text(struct str text, size_t max, const char *wanted)
{
	struct buf out = BUF_INIT;

	task_text_put(&out, text, max);
	assert_true(buf_ok(&out));
	check_str(buf_str(&out), wanted, __FILE__, __LINE__);
	buf_free(&out);
}

static void control_characters_are_escaped(void **state)
{
	(void)state;
	expect_text(STR("plain, \xC3\xA4, \xE2\x82\xAC, \xF0\x9F\x98\x80, a\\b"), 0,
		"plain, \xC3\xA4, \xE2\x82\xAC, \xF0\x9F\x98\x80, a\\b");
	expect_text(STR("a\tb\nc\x1B[31m\x7F"), 0, "a\\u0009b\\u000ac\\u001b[31m\\u007f");
	expect_text(STR("\xC2\x9B"
			"31m\xC2\xA0"),
		0, "\\u009b31m\xC2\xA0");
}

static void characters_that_move_the_text_around_them_are_escaped(void **state)
{
	(void)state;
	expect_text(STR("a\xE2\x80\xAE"
			"b\xE2\x81\xA6"
			"c\xE2\x80\xA8"
			"d\xE2\x80\x8F"
			"e\xD8\x9C"),
		0, "a\\u202eb\\u2066c\\u2028d\\u200fe\\u061c");
}

static void bytes_that_are_no_text_are_escaped(void **state)
{
	(void)state;
	expect_text(STR("a\xFF\xC3"), 0, "a\\u00ff\\u00c3");
	expect_text((struct str){ "a\0b", 3 }, 0, "a\\u0000b");
}

static void long_text_is_cut_between_characters(void **state)
{
	(void)state;
	expect_text(STR("abcd"), 4, "abcd");
	expect_text(STR("abcde"), 4, "abcd...");
	expect_text(STR("abc\xC3\xA4"
			"e"),
		4, "abc...");
	expect_text(STR(""), 4, "");
}

static void expect_json(const char *json, const char *wanted, const char *wanted_time)
{
	struct buf out = BUF_INIT;
	json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);

	task_text_put_json(&out, value, 0);
	check_str(buf_str(&out), wanted, __FILE__, __LINE__);
	buf_reset(&out);
	task_text_put_time(&out, value);
	check_str(buf_str(&out), wanted_time, __FILE__, __LINE__);
	json_decref(value);
	buf_free(&out);
}

static void values_of_json_are_shown(void **state)
{
	(void)state;
	expect_json("null", "-", "-");
	expect_json("12", "12", "-");
	expect_json("true", "true", "-");
	expect_json("{\"a\": [1, \"\\u001b\"]}", "{\"a\":[1,\"\\u001B\"]}", "-");
	expect_json(
		"\"2026-11-27T22:35:05.091Z\"", "2026-11-27T22:35:05.091Z", "2026-11-27T22:35:05Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(control_characters_are_escaped),
		CHECK(characters_that_move_the_text_around_them_are_escaped),
		CHECK(bytes_that_are_no_text_are_escaped),
		CHECK(long_text_is_cut_between_characters),
		CHECK(values_of_json_are_shown),
	};

	return CHECK_RUN(tests);
}
