#include "http/json.h"
#include "lib/check.h"

static struct arena arena;

static const struct {
	const char *in, *out;
} round_trips[] = {
	{ "{}", "{}" },
	{ " [ ] ", "[]" },
	{ "null", "null" },
	{ "true", "true" },
	{ "\"a\"", "\"a\"" },
	{ "0", "0" },
	{ "-1", "-1" },
	{ "9223372036854775807", "9223372036854775807" },
	{ "-9223372036854775808", "-9223372036854775808" },
	{ "0.1", "0.1" },
	{ "0.10000000000000001", "0.1" },
	{ "0.30000000000000004", "0.30000000000000004" },
	{ "1.7976931348623157e308", "1.7976931348623157e308" },
	{ "5e-324", "4.94065645841247e-324" },
	{ "1e2", "100.0" },
	{ "1.0", "1.0" },
	{ "-0.0", "-0.0" },
	{ "100000000000000000000.0", "1e20" },
	{ "{\"b\": [0.1, 2, {\"a\": 0.30000000000000004}], \"a\": null}",
		"{\"b\":[0.1,2,{\"a\":0.30000000000000004}],\"a\":null}" },
	{ "\"a/b \\u00e4\\ud83d\\ude00 \\n\"", "\"a/b \xC3\xA4\xF0\x9F\x98\x80 \\n\"" },
	{ "\"\xC3\xA4\"", "\"\xC3\xA4\"" },
	{ "{\"\":[[[]]]}", "{\"\":[[[]]]}" },
	{ "{\"\\\"\\\\\":1}", "{\"\\\"\\\\\":1}" },
};

static void text_round_trips(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(round_trips) / sizeof(round_trips[0]); i++) {
		struct err err;
		json_t *json;

		must(json_parse_strict(&json, str_cstr(round_trips[i].in), &err), &err);
		assert_str(json_text(json, &arena), round_trips[i].out);
		json_decref(json);
	}
	arena_free(&arena);
}

static void assert_malformed(struct str text)
{
	json_t *json = NULL;
	struct err err;

	if (json_parse_strict(&json, text, &err))
		fail_msg("was taken: %.*s", STR_ARGS(text));
	assert_err(&err, ERR_MALFORMED);
	assert_true(err.text[0]);
	assert_null(json);
}

static const struct str malformed[] = {
	STR(""),
	STR(" "),
	STR("{"),
	STR("{}x"),
	STR("{} {}"),
	STR("[1,]"),
	STR("{\"a\":1,}"),
	STR("{a:1}"),
	STR("'a'"),
	STR("{\"a\":1,\"a\":2}"),
	STR("{\"x\":{\"a\":1,\"\\u0061\":2}}"),
	STR("1\0"),
	STR("{}\0"),
	STR("\"\0\""),
	STR("\"\\u0000\""),
	STR("{\"\\u0000\":1}"),
	STR("\"\\ud800\""),
	STR("\"\\udc00\\ud800\""),
	STR("\"\xC0\x80\""),
	STR("\"\xED\xA0\x80\""),
	STR("\"\xFF\""),
	STR("\"\n\""),
	STR("\"\\x\""),
	STR("\xEF\xBB\xBF{}"),
	STR("9223372036854775808"),
	STR("-9223372036854775809"),
	STR("1e400"),
	STR("01"),
	STR("+1"),
	STR(".5"),
	STR("NaN"),
	STR("0.100000000000000006"),
	STR("0.1000000000000000055511151231257827"),
	STR("9007199254740993.0"),
	STR("1.0000000000000000000000000000000000001"),
	STR("1e-400"),
	STR("[{\"a\":[\"\\\"0.1\",123456789012345678.5]}]"),
};

static void malformed_text_is_rejected(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
		assert_malformed(malformed[i]);
}

static void digits_in_strings_are_kept(void **state)
{
	const char *text = "{\"0.100000000000000006\":\"\\\\\\\"[[0.100000000000000006\"}";
	struct err err;
	json_t *json;

	(void)state;
	must(json_parse_strict(&json, str_cstr(text), &err), &err);
	assert_str(json_text(json, &arena), text);
	json_decref(json);
	arena_free(&arena);
}

static void real_numbers_have_a_longest_text(void **state)
{
	struct buf text = BUF_INIT;
	struct err err;
	json_t *json;

	(void)state;
	buf_puts(&text, "0.5");
	while (text.len < 127)
		buf_putc(&text, '0');
	must(json_parse_strict(&json, buf_str(&text), &err), &err);
	assert_str(json_text(json, &arena), "0.5");
	json_decref(json);
	buf_putc(&text, '0');
	assert_malformed(buf_str(&text));
	buf_free(&text);
	arena_free(&arena);
}

static void put_nested(struct buf *text, size_t levels, const char *open, char close)
{
	buf_reset(text);
	for (size_t i = 0; i < levels; i++)
		buf_puts(text, open);
	buf_puts(text, close == '}' ? "1" : "");
	for (size_t i = 0; i < levels; i++)
		buf_putc(text, close);
}

static void depth_is_limited(void **state)
{
	struct buf text = BUF_INIT;
	struct err err;
	json_t *json;

	(void)state;
	put_nested(&text, JSON_DEPTH_MAX, "[", ']');
	must(json_parse_strict(&json, buf_str(&text), &err), &err);
	json_decref(json);
	put_nested(&text, JSON_DEPTH_MAX, "{\"a\":", '}');
	must(json_parse_strict(&json, buf_str(&text), &err), &err);
	json_decref(json);
	put_nested(&text, JSON_DEPTH_MAX + 1, "[", ']');
	assert_malformed(buf_str(&text));
	put_nested(&text, JSON_DEPTH_MAX + 1, "{\"a\":", '}');
	assert_malformed(buf_str(&text));
	/* Text of our own may be deeper. */
	must(json_parse_trusted(&json, buf_str(&text), &err), &err);
	json_decref(json);
	assert_false(json_parse_trusted(&json, STR("{\"a\":1,\"a\":2}"), &err));
	assert_false(json_parse_trusted(&json, (struct str){ "1\0", 2 }, &err));
	put_nested(&text, 200000, "[", ']');
	assert_malformed(buf_str(&text));
	buf_free(&text);
}

static json_t *make_nested(unsigned levels)
{
	json_t *json = json_integer(1);

	while (levels-- > 0)
		json = json_pack("[o]", json);
	return json;
}

static void written_depth_is_limited(void **state)
{
	json_t *json = make_nested(JSON_TEXT_DEPTH_MAX - 1);

	(void)state;
	assert_non_null(json_text(json, &arena).ptr);
	json_decref(json);
	json = make_nested(JSON_TEXT_DEPTH_MAX);
	assert_null(json_text(json, &arena).ptr);
	json_decref(json);
	assert_null(json_text(NULL, &arena).ptr);
	arena_free(&arena);
}

static void body_must_be_an_object(void **state)
{
	json_t *json = NULL;
	struct err err;

	(void)state;
	must(json_parse_object(&json, STR("{\"a\":1}"), &err), &err);
	json_decref(json);
	json = NULL;
	assert_false(json_parse_object(&json, STR("[{}]"), &err));
	assert_err(&err, ERR_MALFORMED);
	assert_false(json_parse_object(&json, STR("\"{}\""), &err));
	assert_err(&err, ERR_MALFORMED);
	assert_false(json_parse_object(&json, STR("{"), &err));
	assert_err(&err, ERR_MALFORMED);
	assert_null(json);
}

static void error_has_the_position(void **state)
{
	json_t *json;
	struct err err;

	(void)state;
	assert_false(json_parse_strict(&json, STR("{\n  \"a\": x}"), &err));
	assert_non_null(strstr(err.text, "line 2"));
}

static void texts_are_quoted(void **state)
{
	(void)state;
	assert_str(json_quote(STR(""), &arena), "\"\"");
	assert_str(json_quote(STR("a\"\\/\n\x01"), &arena), "\"a\\\"\\\\/\\n\\u0001\"");
	assert_str(json_quote(STR("\xC3\xA4"), &arena), "\"\xC3\xA4\"");
	assert_str(json_quote(STR("a\xFF"), &arena), "\"a\xEF\xBF\xBD\"");
	arena_free(&arena);
}

static void strings_are_unquoted(void **state)
{
	struct str empty = json_unquote(STR("\"\""), &arena);

	(void)state;
	assert_non_null(empty.ptr);
	assert_int_equal(empty.len, 0);
	assert_str(
		json_unquote(STR("\"a\\u0041\\n\\ud83d\\ude00\""), &arena), "aA\n\xF0\x9F\x98\x80");
	assert_null(json_unquote(STR(""), &arena).ptr);
	assert_null(json_unquote(STR("1"), &arena).ptr);
	assert_null(json_unquote(STR("\"a"), &arena).ptr);
	assert_null(json_unquote(STR("\"a\"b"), &arena).ptr);
	assert_null(json_unquote(STR("[\"a\"]"), &arena).ptr);
	assert_null(json_unquote(STR("\"\xFF\""), &arena).ptr);
	arena_free(&arena);
}

static void other_values_become_strings(void **state)
{
	static const struct {
		const char *json, *put;
	} rows[] = {
		{ "", "null" },
		{ "null", "null" },
		{ "\"a\\n\"", "\"a\\n\"" },
		{ "5", "\"5\"" },
		{ "{\"a\":[\"b\"]}", "\"{\\\"a\\\":[\\\"b\\\"]}\"" },
	};
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_reset(&out);
		json_put_as_string(&out, str_cstr(rows[i].json));
		assert_str(buf_str(&out), rows[i].put);
	}
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(text_round_trips),
		CHECK(malformed_text_is_rejected),
		CHECK(digits_in_strings_are_kept),
		CHECK(real_numbers_have_a_longest_text),
		CHECK(depth_is_limited),
		CHECK(written_depth_is_limited),
		CHECK(body_must_be_an_object),
		CHECK(error_has_the_position),
		CHECK(texts_are_quoted),
		CHECK(strings_are_unquoted),
		CHECK(other_values_become_strings),
	};

	return CHECK_RUN(tests);
}
