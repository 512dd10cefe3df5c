#include <jansson.h>
#include <stdio.h>

#include "base/buf.h"
#include "lib/check.h"

static void buffer_grows(void **state)
{
	struct buf buf = BUF_INIT;

	(void)state;
	assert_str(buf_str(&buf), "");
	assert_non_null(buf_str(&buf).ptr);
	buf_put(&buf, NULL, 0);
	buf_puts(&buf, "ab");
	buf_putc(&buf, 'c');
	buf_put_str(&buf, STR("de"));
	buf_printf(&buf, "%d-%s", 7, "x");
	assert_str(buf_str(&buf), "abcde7-x");
	for (int i = 0; i < 10000; i++)
		buf_puts(&buf, "0123456789");
	assert_true(buf_ok(&buf));
	assert_int_equal(buf.len, 100008);
	assert_memory_equal(buf.data + 99998, "0123456789", 10);
	buf_free(&buf);
	assert_null(buf.data);
}

/* The first size is 256 bytes. */
static void printf_fits_at_the_capacity(void **state)
{
	(void)state;
	for (int len = 254; len <= 257; len++) {
		struct buf buf = BUF_INIT;

		buf_printf(&buf, "%*s", len, "x");
		assert_true(buf_ok(&buf));
		assert_int_equal(buf.len, len);
		assert_int_equal(buf.data[len - 1], 'x');
		buf_free(&buf);
	}
}

static void failure_is_sticky(void **state)
{
	struct buf buf = BUF_INIT;

	(void)state;
	buf_puts(&buf, "ab");
	assert_false(buf_reserve(&buf, SIZE_MAX - 1));
	assert_false(buf_ok(&buf));
	buf_puts(&buf, "c");
	buf_putc(&buf, 'c');
	buf_printf(&buf, "%s", "c");
	buf_put_json_string(&buf, STR("c"));
	buf_put_json_string(&buf, STR("\n"));
	assert_false(buf_reserve(&buf, 1));
	assert_false(buf_ok(&buf));
	assert_str(buf_str(&buf), "ab");
	buf_reset(&buf);
	assert_true(buf_ok(&buf));
	assert_non_null(buf.data);
	buf_puts(&buf, "d");
	assert_str(buf_str(&buf), "d");
	buf_free(&buf);
}

static void consume_drops_the_first_bytes(void **state)
{
	struct buf buf = BUF_INIT;

	(void)state;
	buf_puts(&buf, "abcdef");
	buf_consume(&buf, 0);
	assert_str(buf_str(&buf), "abcdef");
	buf_consume(&buf, 2);
	assert_str(buf_str(&buf), "cdef");
	buf_consume(&buf, 4);
	assert_str(buf_str(&buf), "");
	buf_puts(&buf, "g");
	buf_consume(&buf, 99);
	assert_str(buf_str(&buf), "");
	buf_free(&buf);
}

static void json_strings_are_escaped(void **state)
{
	static const struct {
		struct str in;
		const char *out;
	} rows[] = {
		{ STR(""), "\"\"" },
		{ STR("plain"), "\"plain\"" },
		{ STR("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"" },
		{ STR("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"" },
		{ STR("\x01\x1F\x7F"), "\"\\u0001\\u001F\x7F\"" },
		{ STR("\xC3\xA4\xF0\x9F\x98\x80"), "\"\xC3\xA4\xF0\x9F\x98\x80\"" },
		{ STR("a\xFF\xFEz"), "\"a\xEF\xBF\xBD\xEF\xBF\xBDz\"" },
		{ STR("a\0z"), "\"a\xEF\xBF\xBDz\"" },
		{ STR("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf buf = BUF_INIT;

		buf_put_json_string(&buf, rows[i].in);
		assert_str(buf_str(&buf), rows[i].out);
		buf_free(&buf);
	}
}

/* Random bytes. UTF-8 reads back unchanged. */
static void any_bytes_become_a_json_string(void **state)
{
	uint32_t random = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct buf buf = BUF_INIT;
		char bytes[8];
		struct str in = { bytes, (size_t)round % sizeof(bytes) };
		json_t *json;

		for (size_t i = 0; i < in.len; i++) {
			random = random * 1664525 + 1013904223;
			bytes[i] = (char)(random >> 24);
		}
		buf_put_json_string(&buf, in);
		assert_true(buf_ok(&buf));
		json = json_loadb(buf.data, buf.len, JSON_DECODE_ANY, NULL);
		assert_true(json_is_string(json));
		if (str_is_utf8(in)) {
			assert_int_equal(json_string_length(json), in.len);
			assert_memory_equal(json_string_value(json), in.ptr, in.len);
		}
		json_decref(json);
		buf_free(&buf);
	}
}

static void numbers_are_written_in_decimal(void **state)
{
	static const int64_t numbers[] = { 0, 7, 10, -1, 1454433171, INT64_MAX, INT64_MIN };

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct buf buf = BUF_INIT;
		char text[32];

		snprintf(text, sizeof(text), "%lld", (long long)numbers[i]);
		buf_put_number(&buf, numbers[i]);
		assert_str(buf_str(&buf), text);
		buf_free(&buf);
	}
}

/* A text longer than the room left is formatted twice. */
static void printf_writes_any_length(void **state)
{
	char text[1001];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[1000] = '\0';
	for (int len = 0; len <= 1000; len++) {
		struct buf buf = BUF_INIT;

		buf_printf(&buf, "%.*s", len, text);
		assert_true(buf_ok(&buf));
		assert_int_equal(buf.len, len);
		assert_true(str_eq(buf_str(&buf), (struct str){ text, (size_t)len }));
		buf_free(&buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(numbers_are_written_in_decimal),
		CHECK(printf_writes_any_length),
		CHECK(buffer_grows),
		CHECK(printf_fits_at_the_capacity),
		CHECK(failure_is_sticky),
		CHECK(consume_drops_the_first_bytes),
		CHECK(json_strings_are_escaped),
		CHECK(any_bytes_become_a_json_string),
	};

	return CHECK_RUN(tests);
}
