#include "http/query.h"
#include "lib/check.h"

static struct arena arena;

static const struct {
	struct str in;
	enum query_plus plus;
	const char *out; /* NULL: rejected */
} escapes[] = {
	{ STR(""), QUERY_PLUS_IS_PLUS, "" },
	{ STR("abc"), QUERY_PLUS_IS_PLUS, "abc" },
	{ STR("a+b"), QUERY_PLUS_IS_PLUS, "a+b" },
	{ STR("a+b"), QUERY_PLUS_IS_SPACE, "a b" },
	{ STR("a%2Bb"), QUERY_PLUS_IS_SPACE, "a+b" },
	{ STR("in%20progress"), QUERY_PLUS_IS_PLUS, "in progress" },
	{ STR("%2f%2F"), QUERY_PLUS_IS_PLUS, "//" },
	{ STR("%252F"), QUERY_PLUS_IS_PLUS, "%2F" },
	{ STR("%c3%A4"), QUERY_PLUS_IS_PLUS, "\xC3\xA4" },
	{ STR("\xC3\xA4"), QUERY_PLUS_IS_PLUS, "\xC3\xA4" },
	{ STR("\xC3%A4"), QUERY_PLUS_IS_PLUS, "\xC3\xA4" },
	{ STR("%0d%0a"), QUERY_PLUS_IS_PLUS, "\r\n" },
	{ STR("%"), QUERY_PLUS_IS_PLUS, NULL },
	{ STR("%4"), QUERY_PLUS_IS_PLUS, NULL },
	{ STR("a%4g"), QUERY_PLUS_IS_PLUS, NULL },
	{ STR("%g4"), QUERY_PLUS_IS_PLUS, NULL },
	{ STR("% 41"), QUERY_PLUS_IS_PLUS, NULL },
	{ STR("%+4"), QUERY_PLUS_IS_SPACE, NULL },
	{ STR("%00"), QUERY_PLUS_IS_PLUS, NULL },
	{ STR("a\0b"), QUERY_PLUS_IS_PLUS, NULL },
	{ STR("%C3"), QUERY_PLUS_IS_PLUS, NULL },
	{ STR("%C0%AF"), QUERY_PLUS_IS_PLUS, NULL },
	{ STR("%ED%A0%80"), QUERY_PLUS_IS_PLUS, NULL },
	{ STR("\xFF"), QUERY_PLUS_IS_PLUS, NULL },
};

static void escapes_are_decoded(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
		struct str out = STR_NULL;
		struct err err;
		bool ok = query_decode(&out, escapes[i].in, escapes[i].plus, &arena, &err);

		if (escapes[i].out) {
			must(ok, &err);
			assert_str(out, escapes[i].out);
		} else {
			if (ok)
				fail_msg("row %zu is accepted", i);
			assert_err(&err, ERR_MALFORMED);
			assert_null(out.ptr);
		}
	}
	arena_free(&arena);
}

static void pairs_are_split(void **state)
{
	static const struct {
		const char *in;
		size_t count;
		const char *pairs[3][2];
	} rows[] = {
		{ "", 0, { { NULL } } },
		{ "&&&", 0, { { NULL } } },
		{ "a=1", 1, { { "a", "1" } } },
		{ "a", 1, { { "a", "" } } },
		{ "a=", 1, { { "a", "" } } },
		{ "=1", 1, { { "", "1" } } },
		{ "=", 1, { { "", "" } } },
		{ "a=b=c", 1, { { "a", "b=c" } } },
		{ "a=1&a=2&a=1", 3, { { "a", "1" }, { "a", "2" }, { "a", "1" } } },
		{ "&a=1&&b=2&", 2, { { "a", "1" }, { "b", "2" } } },
		{ "a%3Db=c%26d", 1, { { "a=b", "c&d" } } },
		{ "filter%5Bname%5D=x+y", 1, { { "filter[name]", "x y" } } },
		{ "a;b=1", 1, { { "a;b", "1" } } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pair pairs[3];
		size_t count = 99;
		struct err err;

		must(query_split(pairs, 3, &count, str_cstr(rows[i].in), &arena, &err), &err);
		assert_int_equal(count, rows[i].count);
		for (size_t k = 0; k < count; k++) {
			assert_str(pairs[k].name, rows[i].pairs[k][0]);
			assert_str(pairs[k].value, rows[i].pairs[k][1]);
		}
	}
	arena_free(&arena);
}

static void invalid_pairs_are_rejected(void **state)
{
	static const struct {
		const char *in;
		enum err_code code;
	} rows[] = {
		{ "a=%", ERR_MALFORMED },
		{ "%zz=1", ERR_MALFORMED },
		{ "a=%00", ERR_MALFORMED },
		{ "a=1&b=%FF", ERR_MALFORMED },
		{ "a&b&c", ERR_TOO_LARGE },
		{ "a&b&=", ERR_TOO_LARGE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pair pairs[2];
		size_t count = 99;
		struct err err;

		assert_false(query_split(pairs, 2, &count, str_cstr(rows[i].in), &arena, &err));
		assert_err(&err, rows[i].code);
		assert_int_equal(count, 99);
	}
	arena_free(&arena);
}

static void reserved_bytes_are_escaped(void **state)
{
	static const struct {
		const char *in, *plus, *space;
	} rows[] = {
		{ "", "", "" },
		{ "azAZ09-._~", "azAZ09-._~", "azAZ09-._~" },
		{ "a b+c", "a%20b%2Bc", "a+b%2Bc" },
		{ "/?#[]@!$&'()*,;=%", "%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2C%3B%3D%25",
			"%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2C%3B%3D%25" },
		{ "\x01\x7F\xC3\xA9", "%01%7F%C3%A9", "%01%7F%C3%A9" },
	};
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_reset(&out);
		query_encode(&out, str_cstr(rows[i].in), QUERY_PLUS_IS_PLUS);
		assert_str(buf_str(&out), rows[i].plus);
		buf_reset(&out);
		query_encode(&out, str_cstr(rows[i].in), QUERY_PLUS_IS_SPACE);
		assert_str(buf_str(&out), rows[i].space);
	}
	buf_reset(&out);
	query_encode(&out, (struct str){ "\0", 1 }, QUERY_PLUS_IS_PLUS);
	assert_str(buf_str(&out), "%00");
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(escapes_are_decoded),
		CHECK(pairs_are_split),
		CHECK(invalid_pairs_are_rejected),
		CHECK(reserved_bytes_are_escaped),
	};

	return CHECK_RUN(tests);
}
