#include "base/str.h"
#include "lib/check.h"

static const struct {
	struct str bytes;
	bool valid;
} utf8_texts[] = {
	{ STR(""), true },
	{ STR("a"), true },
	{ STR("\x7F"), true },
	{ STR("\xC2\x80"), true },
	{ STR("\xDF\xBF"), true },
	{ STR("\xE0\xA0\x80"), true },
	{ STR("\xED\x9F\xBF"), true },
	{ STR("\xEE\x80\x80"), true },
	{ STR("\xEF\xBF\xBF"), true },
	{ STR("\xF0\x90\x80\x80"), true },
	{ STR("\xF4\x8F\xBF\xBF"), true },
	{ STR("a\xC3\xA4z"), true },
	{ STR("\0"), false },
	{ STR("a\0b"), false },
	{ STR("\x80"), false },
	{ STR("\xBF"), false },
	{ STR("\xC0\x80"), false }, /* overlong, two bytes to four */
	{ STR("\xC1\xBF"), false },
	{ STR("\xE0\x80\x80"), false },
	{ STR("\xE0\x9F\xBF"), false },
	{ STR("\xF0\x80\x80\x80"), false },
	{ STR("\xF0\x8F\xBF\xBF"), false },
	{ STR("\xED\xA0\x80"), false }, /* surrogates */
	{ STR("\xED\xBF\xBF"), false },
	{ STR("\xF4\x90\x80\x80"), false }, /* past U+10FFFF */
	{ STR("\xF5\x80\x80\x80"), false },
	{ STR("\xF8\x88\x80\x80\x80"), false },
	{ STR("\xFE"), false },
	{ STR("\xFF"), false },
	{ STR("\xC3"), false }, /* cut */
	{ STR("\xE2\x82"), false },
	{ STR("\xF0\x9F\x98"), false },
	{ STR("\xC3z"), false },
	{ STR("\xE2\x82z"), false },
	{ STR("\xF0\x9F\xC3\xA4"), false },
	{ STR("\xC3\xA4\xA4"), false },
};

static void utf8_is_checked(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(utf8_texts) / sizeof(utf8_texts[0]); i++) {
		if (str_is_utf8(utf8_texts[i].bytes) != utf8_texts[i].valid)
			fail_msg("row %zu", i);
	}
}

static void numbers_are_digits_that_fit(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		uint64_t value;
	} rows[] = {
		{ "0", true, 0 },
		{ "007", true, 7 },
		{ "18446744073709551615", true, UINT64_MAX },
		{ "18446744073709551616", false, 0 },
		{ "18446744073709551620", false, 0 },
		{ "99999999999999999999", false, 0 },
		{ "", false, 0 },
		{ " 1", false, 0 },
		{ "1 ", false, 0 },
		{ "+1", false, 0 },
		{ "-1", false, 0 },
		{ "1a", false, 0 },
		{ "0x1", false, 0 },
		{ "1.0", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t value = 42;

		assert_int_equal(str_to_u64(str_cstr(rows[i].text), &value), rows[i].ok);
		assert_int_equal(value, rows[i].ok ? rows[i].value : 42);
	}
}

static void texts_are_compared(void **state)
{
	(void)state;
	assert_true(str_eq(STR_NULL, STR("")));
	assert_true(str_eq(STR("a\0b"), STR("a\0b")));
	assert_false(str_eq(STR("a\0b"), STR("a\0c")));
	assert_false(str_eq(STR("ab"), STR("a")));
	assert_false(str_eq(STR("a"), STR("A")));
	assert_true(str_eq_nocase(STR("aZ-1"), STR("Az-1")));
	assert_false(str_eq_nocase(STR("aZ"), STR("aZz")));
	assert_true(str_starts(STR("abc"), STR("ab")));
	assert_true(str_starts(STR("abc"), STR_NULL));
	assert_false(str_starts(STR("ab"), STR("abc")));
	assert_false(str_starts(STR("abc"), STR("b")));
}

static void skip_and_trim_stay_inside(void **state)
{
	(void)state;
	assert_str(str_skip(STR("abc"), 1), "bc");
	assert_str(str_skip(STR("abc"), 3), "");
	assert_str(str_skip(STR("abc"), 99), "");
	assert_null(str_skip(STR_NULL, 1).ptr);
	assert_str(str_trim(STR(" \ta b\t ")), "a b");
	assert_str(str_trim(STR(" \t ")), "");
	assert_str(str_trim(STR("")), "");
	assert_str(str_trim(STR("a\n")), "a\n");
	assert_int_equal(str_cstr(NULL).len, 0);
}

static void split_next_returns_each_part(void **state)
{
	struct str rest = STR("a,,b");

	(void)state;
	assert_str(str_split_next(&rest, ','), "a");
	assert_str(str_split_next(&rest, ','), "");
	assert_str(rest, "b");
	assert_str(str_split_next(&rest, ','), "b");
	assert_null(rest.ptr);
	assert_int_equal(rest.len, 0);
	assert_int_equal(str_split_next(&rest, ',').len, 0);
	assert_null(rest.ptr);
}

static void split_next_tells_an_empty_rest_from_none(void **state)
{
	struct str rest = STR("a,");

	(void)state;
	assert_str(str_split_next(&rest, ','), "a");
	assert_non_null(rest.ptr);
	assert_int_equal(rest.len, 0);
	assert_int_equal(str_split_next(&rest, ',').len, 0);
	assert_null(rest.ptr);
}

static void compare_orders_by_unsigned_bytes_and_then_by_length(void **state)
{
	/* In ascending order. */
	static const struct str rows[] = { STR(""), STR("\0"), STR("A"), STR("a"), STR("a\0"),
		STR("aa"), STR("b"), STR("\x80") };
	const size_t count = sizeof(rows) / sizeof(rows[0]);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < count; j++) {
			int order = str_compare(rows[i], rows[j]);

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
	}
	assert_int_equal(str_compare(STR_NULL, STR("")), 0);
	assert_true(str_compare(STR_NULL, STR("a")) < 0);
}

static void utf8_length_counts_characters(void **state)
{
	(void)state;

	assert_int_equal(str_utf8_length(STR_NULL), 0);
	assert_int_equal(str_utf8_length(STR("a\u00e9\u20ac\U0001F600")), 4);
}

static void leading_number_is_clamped(void **state)
{
	static const struct {
		const char *text;
		int64_t number;
	} rows[] = {
		{ "", 0 },
		{ "x5", 0 },
		{ "-", 0 },
		{ " 25x", 25 },
		{ "+7", 7 },
		{ "-3 ", -3 },
		{ "- 3", 0 },
		{ "999", 999 },
		{ "1000", 999 },
		{ "-1000", -999 },
		{ "99999999999999999999999999", 999 },
		{ "100000000000000000000000000", 999 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(str_leading_number(str_cstr(rows[i].text), 999), rows[i].number);
	assert_true(str_leading_number(STR("9223372036854775807"), INT64_MAX) == INT64_MAX);
	assert_true(str_leading_number(STR("9223372036854775808"), INT64_MAX) == INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(utf8_is_checked),
		CHECK(numbers_are_digits_that_fit),
		CHECK(texts_are_compared),
		CHECK(skip_and_trim_stay_inside),
		CHECK(split_next_returns_each_part),
		CHECK(split_next_tells_an_empty_rest_from_none),
		CHECK(compare_orders_by_unsigned_bytes_and_then_by_length),
		CHECK(utf8_length_counts_characters),
		CHECK(leading_number_is_clamped),
	};

	return CHECK_RUN(tests);
}
