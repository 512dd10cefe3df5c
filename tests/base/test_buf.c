#include <jansson.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "lib/check.h"

static void test_grows(void **state)
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

/* The first size is 256 bytes: printf must fit exactly, one less and one more. */
static void test_printf_at_capacity(void **state)
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

static void test_failure_is_sticky(void **state)
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

static void test_consume(void **state)
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

static void test_json(void **state)
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

/* Whatever the bytes are, what is written is one JSON string; what was UTF-8 comes back as it was.
 */
static void test_json_always_parses(void **state)
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

static void test_arena(void **state)
{
	struct arena arena = { 0 };
	struct str copy;
	char *first, *second;
	(void)state;

	first = arena_alloc(&arena, 1);
	second = arena_alloc(&arena, 1);
	assert_non_null(first);
	assert_int_equal((uintptr_t)second % _Alignof(max_align_t), 0);
	assert_true(second - first >= (ptrdiff_t) _Alignof(max_align_t));
	assert_non_null(arena_alloc(&arena, 0));
	copy = arena_copy(&arena, STR("a\0b"));
	assert_int_equal(copy.len, 3);
	assert_memory_equal(copy.ptr, "a\0b", 4);
	assert_non_null(arena_copy(&arena, STR_NULL).ptr);
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_alloc(&arena, SIZE_MAX / 2 + 1));
	arena_free(&arena);
	assert_null(arena.blocks);
}

/* Every byte of what was taken may be written, and none is shared. */
static void test_arena_blocks(void **state)
{
	struct arena arena = { 0 };
	char *parts[100];
	(void)state;

	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < 100; i++) {
			parts[i] = arena_alloc(&arena, i * 97);
			assert_non_null(parts[i]);
			memset(parts[i], (int)i, i * 97);
		}
		for (size_t i = 0; i < 100; i++) {
			for (size_t k = 0; k < i * 97; k++)
				assert_int_equal(parts[i][k], (char)i);
		}
		arena_reset(&arena);
		assert_non_null(arena.blocks);
	}
	arena_free(&arena);
}

/* One large request must not keep its memory for all that follow. */
static void test_arena_frees_large_blocks(void **state)
{
	struct arena arena = { 0 };
	(void)state;

	assert_non_null(arena_alloc(&arena, (size_t)1024 * 1024));
	arena_reset(&arena);
	assert_null(arena.blocks);
	arena_reset(&arena);
	arena_free(&arena);
}

static void test_numbers(void **state)
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

/* Room is there for a short text; a long one is written again into more. */
static void test_printf_of_any_length(void **state)
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
		CHECK(test_numbers),
		CHECK(test_printf_of_any_length),
		CHECK(test_grows),
		CHECK(test_printf_at_capacity),
		CHECK(test_failure_is_sticky),
		CHECK(test_consume),
		CHECK(test_json),
		CHECK(test_json_always_parses),
		CHECK(test_arena),
		CHECK(test_arena_blocks),
		CHECK(test_arena_frees_large_blocks),
	};

	return CHECK_RUN(tests);
}
