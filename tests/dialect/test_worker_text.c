/* Texts of workers within a body: positions, cuts, replaced bytes, the limit of the rest. */
#include "dialect/worker_text.h"
#include "http/json.h"
#include "lib/check.h"

#define MAX    100 /* bytes of JSON text */
#define OTHERS 200
#define FFFD   "\xEF\xBF\xBD"

/* A text, one within an object, and one that may be a structure. */
static const struct worker_text members[] = {
	{ .name = "error", .max = MAX },
	{ .parent = "fields", .name = "log", .max = MAX },
	{ .name = "progress", .max = MAX, .nested = true },
	{ .name = "lines", .max = MAX, .nested = true, .items = 2, .item_max = MAX },
};

#define MEMBERS (sizeof(members) / sizeof(members[0]))

static const struct row {
	const char *name;
	struct str body, expected; /* expected.ptr NULL: unchanged */
} rows[] = {
	{ "an empty body is unchanged", STR(""), STR_NULL },
	{ "plain text is unchanged", STR("{\"error\":\"disk on fire\"}"), STR_NULL },
	{ "other members are unchanged", STR("{\"errors\":\"\\u0000\",\"log\":\"\\ud800\"}"),
		STR_NULL },
	{ "names are unchanged", STR("{\"error\":{\"a\\u0000\":\"b\"}}"), STR_NULL },
	{ "a list in place of a text is unchanged", STR("{\"error\":[\"\\u0000\"]}"), STR_NULL },
	{ "a member of another object is unchanged",
		STR("{\"field\":{\"log\":\"\\u0000\"},\"log\":\"\\u0000\"}"), STR_NULL },
	{ "a member of a list is unchanged", STR("{\"fields\":[{\"log\":\"\\u0000\"}]}"),
		STR_NULL },
	{ "a deeper member is unchanged", STR("{\"fields\":{\"a\":{\"log\":\"\\u0000\"}}}"),
		STR_NULL },
	{ "an unfinished text is unchanged", STR("{\"error\":\"\\u0000"), STR_NULL },
	{ "an escape that JSON lacks is unchanged", STR("{\"error\":\"\\u0000\\x\"}"), STR_NULL },
	{ "an escape that JSON lacks is all that is kept of a long text",
		STR("{\"error\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\\x\"}"),
		STR("{\"error\":\"\\x\"}") },
	{ "NUL is replaced", STR("{\"error\":\"a\\u0000b\"}"), STR("{\"error\":\"a" FFFD "b\"}") },
	{ "a NUL byte is replaced", STR("{\"error\":\"a\0b\"}"),
		STR("{\"error\":\"a" FFFD "b\"}") },
	{ "half of a surrogate pair is replaced", STR("{\"error\":\"\\uD83D\\u0041\\uDE00\"}"),
		STR("{\"error\":\"" FFFD "A" FFFD "\"}") },
	{ "a surrogate pair is kept", STR("{\"error\":\"\\uD83D\\uDE00\\u0000\"}"),
		STR("{\"error\":\"\xF0\x9F\x98\x80" FFFD "\"}") },
	{ "bytes that are not UTF-8 are replaced",
		STR("{\"error\":\"\xFF"
		    "a\xC3\"}"),
		STR("{\"error\":\"" FFFD "a" FFFD "\"}") },
	{ "control characters are escaped", STR("{\"error\":\"a\nb\x1B\"}"),
		STR("{\"error\":\"a\\nb\\u001B\"}") },
	{ "blanks around a colon are allowed", STR("{ \"error\" \t: \n\"\\u0000\" }"),
		STR("{ \"error\" \t: \n\"" FFFD "\" }") },
	{ "a member of an object is replaced", STR("{\"fields\":{\"a\":1,\"log\":\"\\u0000\"}}"),
		STR("{\"fields\":{\"a\":1,\"log\":\"" FFFD "\"}}") },
	{ "several texts are replaced",
		STR("{\"error\":\"\\u0000\",\"b\":[],\"fields\":{\"log\":\"\\u0000\"},\"c\":2}"),
		STR("{\"error\":\"" FFFD "\",\"b\":[],\"fields\":{\"log\":\"" FFFD
		    "\"},\"c\":2}") },
	{ "a second member of the name is unchanged",
		STR("{\"error\":\"\\u0000\",\"error\":\"\\u0000\"}"),
		STR("{\"error\":\"" FFFD "\",\"error\":\"\\u0000\"}") },
	{ "texts within a structure are replaced",
		STR("{\"progress\":{\"a\":[\"\\u0000\",\"x\"],\"b\\u0000\":\"\\u0000\"}}"),
		STR("{\"progress\":{\"a\":[\"" FFFD "\",\"x\"],\"b\\u0000\":\"" FFFD "\"}}") },
	{ "a brace within a text has no meaning", STR("{\"a\":\"}{\\\"\",\"error\":\"\\u0000\"}"),
		STR("{\"a\":\"}{\\\"\",\"error\":\"" FFFD "\"}") },
};

static void texts_are_cleaned_in_their_places(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena arena = { 0 };
		struct worker_text texts[MEMBERS];
		struct str body = rows[i].body;
		struct err err;

		memcpy(texts, members, sizeof(texts));
		must(worker_text_shorten(&body, texts, MEMBERS, OTHERS, &arena, &err), &err);
		if (!str_eq(body, rows[i].expected.ptr ? rows[i].expected : rows[i].body))
			fail_msg("%s: %.*s", rows[i].name, STR_ARGS(body));
		arena_free(&arena);
	}
}

/* Shortens {"error":"xxx..."} with a text of len bytes; returns the length of its JSON text. */
static size_t shorten(size_t len, bool *cut)
{
	struct arena arena = { 0 };
	struct worker_text text = members[0];
	struct buf body = BUF_INIT;
	struct str changed;
	struct err err;
	size_t rest = strlen("{\"error\":}");

	buf_puts(&body, "{\"error\":\"");
	for (size_t i = 0; i < len; i++)
		buf_putc(&body, 'x');
	buf_puts(&body, "\"}");
	changed = buf_str(&body);
	must(worker_text_shorten(&changed, &text, 1, OTHERS, &arena, &err), &err);
	*cut = text.cut;
	rest = changed.len - rest;
	buf_free(&body);
	arena_free(&arena);
	return rest;
}

static void longest_text_is_kept(void **state)
{
	bool cut = true;

	(void)state;
	assert_int_equal(shorten(MAX - 2, &cut), MAX);
	assert_false(cut);
}

static void longer_text_is_cut(void **state)
{
	bool cut = false;

	(void)state;
	assert_in_range(shorten(MAX - 1, &cut), MAX / 2, MAX);
	assert_true(cut);
}

static void very_long_text_is_cut(void **state)
{
	bool cut = false;

	(void)state;
	assert_in_range(shorten(MAX * 1000, &cut), MAX / 2, MAX);
	assert_true(cut);
}

static void cut_text_begins_with_a_mark(void **state)
{
	struct arena arena = { 0 };
	struct str json,
		text = STR("0123456789012345678901234567890123456789012345678901234567890123"
			   "0123456789012345678901234567890123456789\"\n\xC3\xBC"
			   "end");

	(void)state;
	json = worker_text_quote_end(text, MAX, &arena);
	assert_str(json, "\"[the first 77 bytes were cut]\\n"
			 "345678901234567890123456789\\\"\\n\xC3\xBC"
			 "end\"");
	arena_free(&arena);
}

/* The number is that of the bytes that both cuts have taken away. */
static void second_cut_replaces_the_mark(void **state)
{
	static const char numbers[] = "0123456789012345678901234567890123456789";
	struct arena arena = { 0 };
	struct buf text = BUF_INIT;

	(void)state;
	for (int i = 0; i < 3; i++)
		buf_puts(&text, numbers);
	for (size_t max = 120; max >= 80; max -= 40) {
		struct str json = worker_text_quote_end(buf_str(&text), max, &arena);

		buf_reset(&text);
		buf_put_str(&text, json_unquote(json, &arena));
		assert_true(json.len <= max);
	}
	assert_str(buf_str(&text), "[the first 104 bytes were cut]\n4567890123456789");
	/* One that fits stays as it is. */
	assert_str(worker_text_quote_end(buf_str(&text), MAX, &arena),
		"\"[the first 104 bytes were cut]\\n4567890123456789\"");
	buf_free(&text);
	arena_free(&arena);
}

/* Whole characters, whatever the JSON text needs; nothing of the rest takes memory. */
static void start_of_a_text_is_kept(void **state)
{
	static const struct {
		struct str body, expected;
	} starts[] = {
		{ STR("{\"error\":\"12345678901\"}"), STR("{\"error\":\"1234567890\"}") },
		{ STR("{\"error\":\"123456789\xC3\xBC\"}"), STR("{\"error\":\"123456789\"}") },
		{ STR("{\"error\":\"\\n\\u0001\\u000045678901\"}"),
			STR("{\"error\":\"\\n\\u0001" FFFD "45678\"}") },
		{ STR("{\"error\":\"1234567890\"}"), STR("{\"error\":\"1234567890\"}") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		struct worker_text text = { .name = "error", .max = 10, .keeps_start = true };
		struct str body = starts[i].body;
		struct arena arena = { 0 };
		struct err err;

		must(worker_text_shorten(&body, &text, 1, OTHERS, &arena, &err), &err);
		assert_str(body, starts[i].expected.ptr);
		assert_int_equal(text.cut, i < 3);
		arena_free(&arena);
	}
}

/* Texts do not count, so a report of any size passes. */
static void put_item(struct buf *body, size_t len)
{
	buf_puts(body, "\"");
	for (size_t i = 0; i < len; i++)
		buf_putc(body, 'x');
	buf_puts(body, "\",");
}

/* Of an array the first items are cut and do not count as rest; all others do. */
static void items_are_cut(void **state)
{
	static const struct {
		size_t first, second, third;
		bool accepted;
	} sizes[] = {
		{ MAX - 2, MAX - 2, 10, true },
		{ 10000, 10000, 10, true },
		{ 1, 1, OTHERS, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct worker_text text = members[3];
		struct arena arena = { 0 };
		struct buf body = BUF_INIT;
		struct str changed;
		struct err err;
		bool ok;

		buf_puts(&body, "{\"lines\":[");
		put_item(&body, sizes[i].first);
		put_item(&body, sizes[i].second);
		put_item(&body, sizes[i].third);
		buf_puts(&body, "1]}");
		changed = buf_str(&body);
		ok = worker_text_shorten(&changed, &text, 1, OTHERS, &arena, &err);
		assert_int_equal(ok, sizes[i].accepted);
		if (ok)
			assert_true(changed.len <= 2 * MAX + 40);
		assert_int_equal(text.cut, sizes[i].first > MAX);
		buf_free(&body);
		arena_free(&arena);
	}
}

static void rest_of_the_body_is_limited(void **state)
{
	static const struct {
		size_t description, error;
		bool accepted;
	} sizes[] = {
		{ 100, 0, true },
		{ 100, 10000, true },
		{ OTHERS, 0, false },
		{ OTHERS, 10000, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct arena arena = { 0 };
		struct worker_text text = members[0];
		struct buf body = BUF_INIT;
		struct str changed;
		struct err err;

		buf_puts(&body, "{\"error\":\"");
		for (size_t j = 0; j < sizes[i].error; j++)
			buf_putc(&body, 'x');
		buf_puts(&body, "\",\"description\":\"");
		for (size_t j = 0; j < sizes[i].description; j++)
			buf_putc(&body, 'x');
		buf_puts(&body, "\"}");
		changed = buf_str(&body);
		assert_int_equal(worker_text_shorten(&changed, &text, 1, OTHERS, &arena, &err),
			sizes[i].accepted);
		if (!sizes[i].accepted)
			assert_err(&err, ERR_TOO_LARGE);
		buf_free(&body);
		arena_free(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(texts_are_cleaned_in_their_places),
		CHECK(longest_text_is_kept),
		CHECK(longer_text_is_cut),
		CHECK(very_long_text_is_cut),
		CHECK(cut_text_begins_with_a_mark),
		CHECK(second_cut_replaces_the_mark),
		CHECK(start_of_a_text_is_kept),
		CHECK(items_are_cut),
		CHECK(rest_of_the_body_is_limited),
	};

	return CHECK_RUN(tests);
}
