#include <zlib.h>

#include "http/content_coding.h"
#include "lib/check.h"

#define LIMIT ((size_t)1024 * 1024)

/* Appends one gzip member with this text. */
static void put_gzip(struct buf *out, struct str text)
{
	z_stream stream = { .next_in = (Bytef *)(uintptr_t)text.ptr, .avail_in = (uInt)text.len };
	uInt room = (uInt)text.len + 1024;

	assert_int_equal(
		deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_true(buf_reserve(out, room));
	stream.next_out = (Bytef *)out->data + out->len;
	stream.avail_out = room;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	out->len += room - stream.avail_out;
	deflateEnd(&stream);
}

static enum err_code decode(const char *coding, struct str body, size_t limit, struct buf *out)
{
	struct err err = { 0 };

	buf_reset(out);
	return content_decode(out, str_cstr(coding), body, limit, &err) ? ERR_NONE : err.code;
}

static void identity_is_no_coding(void **state)
{
	(void)state;
	assert_true(content_coding_is_identity(STR_NULL));
	assert_true(content_coding_is_identity(STR(" ")));
	assert_true(content_coding_is_identity(STR("Identity")));
	assert_false(content_coding_is_identity(STR("gzip")));
	assert_false(content_coding_is_identity(STR("identity, gzip")));
}

static void gzip_body_is_decoded(void **state)
{
	static const char *const names[] = { "gzip", "x-gzip", " GZIP " };
	struct buf coded = BUF_INIT, out = BUF_INIT;

	(void)state;
	put_gzip(&coded, STR("{\"log\":"));
	put_gzip(&coded, STR(""));
	put_gzip(&coded, STR("\"x\"}"));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(decode(names[i], buf_str(&coded), LIMIT, &out), ERR_NONE);
		assert_str(buf_str(&out), "{\"log\":\"x\"}");
	}
	buf_free(&coded);
	buf_free(&out);
}

static void other_codings_are_refused(void **state)
{
	static const char *const names[] = { "br", "deflate", "zstd", "gzip, gzip", "gzip,identity",
		"compress", "gzip;q=1", "gz", "*" };
	struct buf coded = BUF_INIT, out = BUF_INIT;

	(void)state;
	put_gzip(&coded, STR("{}"));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(decode(names[i], buf_str(&coded), LIMIT, &out), ERR_CODING);
	buf_free(&coded);
	buf_free(&out);
}

static void damaged_gzip_is_malformed(void **state)
{
	struct buf coded = BUF_INIT, out = BUF_INIT;

	(void)state;
	put_gzip(&coded, STR("{\"description\":\"some text\"}"));
	for (size_t len = 0; len < coded.len; len++)
		assert_int_equal(decode("gzip", (struct str){ coded.data, len }, LIMIT, &out),
			ERR_MALFORMED);
	buf_putc(&coded, 'x');
	assert_int_equal(decode("gzip", buf_str(&coded), LIMIT, &out), ERR_MALFORMED);
	coded.len--;
	coded.data[coded.len - 5] ^= 1;
	assert_int_equal(decode("gzip", buf_str(&coded), LIMIT, &out), ERR_MALFORMED);
	assert_int_equal(decode("gzip", STR("{\"plain\":1}"), LIMIT, &out), ERR_MALFORMED);
	buf_free(&coded);
	buf_free(&out);
}

static void decoded_body_has_the_usual_limit(void **state)
{
	struct buf text = BUF_INIT, coded = BUF_INIT, out = BUF_INIT;
	uint32_t random = 1;

	(void)state;
	for (size_t i = 0; i < LIMIT; i++) {
		random = random * 1103515245 + 12345;
		buf_putc(&text, (char)(random >> 24));
	}
	put_gzip(&coded, buf_str(&text));
	assert_int_equal(decode("gzip", buf_str(&coded), LIMIT, &out), ERR_NONE);
	assert_int_equal(out.len, LIMIT);
	assert_int_equal(decode("gzip", buf_str(&coded), LIMIT - 1, &out), ERR_TOO_LARGE);
	buf_free(&text);
	buf_free(&coded);
	buf_free(&out);
}

static void body_of_an_extreme_ratio_is_too_large(void **state)
{
	struct buf text = BUF_INIT, coded = BUF_INIT, out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < LIMIT; i++)
		buf_putc(&text, 'x');
	put_gzip(&coded, buf_str(&text));
	assert_true(coded.len * CONTENT_RATIO_MAX < LIMIT);
	assert_int_equal(decode("gzip", buf_str(&coded), LIMIT, &out), ERR_TOO_LARGE);
	coded.len = 0;
	put_gzip(&coded, (struct str){ text.data, CONTENT_RATIO_FREE });
	assert_int_equal(decode("gzip", buf_str(&coded), LIMIT, &out), ERR_NONE);
	buf_free(&text);
	buf_free(&coded);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(identity_is_no_coding),
		CHECK(gzip_body_is_decoded),
		CHECK(other_codings_are_refused),
		CHECK(damaged_gzip_is_malformed),
		CHECK(decoded_body_has_the_usual_limit),
		CHECK(body_of_an_extreme_ratio_is_too_large),
	};

	return CHECK_RUN(tests);
}
