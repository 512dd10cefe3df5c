#include "base/encode.h"
#include "lib/check.h"

static void hex_is_lower_case(void **state)
{
	char text[HEX_SIZE(3)];

	(void)state;
	hex_encode(text, "\x00\xAB\xFF", 3);
	assert_string_equal(text, "00abff");
	hex_encode(text, "", 0);
	assert_string_equal(text, "");
}

static void hex_of_either_case_is_read(void **state)
{
	uint8_t bytes[3];

	(void)state;
	assert_true(hex_decode(bytes, sizeof(bytes), STR("00aBFf")));
	assert_memory_equal(bytes, "\x00\xAB\xFF", 3);
}

static void hex_must_have_the_exact_length_and_only_digits(void **state)
{
	static const char *const rows[] = { "", "00abf", "00abff0", "00abff00", "00abfg", "0 abff",
		"0xabff", "00:abf", "00abf\xFF" };
	uint8_t bytes[3];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (hex_decode(bytes, sizeof(bytes), str_cstr(rows[i])))
			fail_msg("%s is read", rows[i]);
	}
	assert_false(hex_decode(bytes, sizeof(bytes), STR("00ab\0f")));
	assert_false(hex_decode(bytes, sizeof(bytes), STR_NULL));
}

/* RFC 4648 §10, without the padding, and bytes that use the two digits of this alphabet. */
static const struct {
	struct str bytes;
	const char *text;
} base64url[] = {
	{ STR(""), "" },
	{ STR("f"), "Zg" },
	{ STR("fo"), "Zm8" },
	{ STR("foo"), "Zm9v" },
	{ STR("foob"), "Zm9vYg" },
	{ STR("fooba"), "Zm9vYmE" },
	{ STR("foobar"), "Zm9vYmFy" },
	{ STR("\xFB\xFF\x00"), "-_8A" },
};

static void base64url_reads_what_it_wrote(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(base64url) / sizeof(base64url[0]); i++) {
		char text[BASE64URL_SIZE(6)], bytes[6];
		size_t len = 99;

		base64url_encode(text, base64url[i].bytes.ptr, base64url[i].bytes.len);
		assert_string_equal(text, base64url[i].text);
		assert_int_equal(strlen(text) + 1, BASE64URL_SIZE(base64url[i].bytes.len));
		assert_true(base64url_decode(bytes, sizeof(bytes), &len, str_cstr(text)));
		assert_int_equal(len, base64url[i].bytes.len);
		assert_memory_equal(bytes, base64url[i].bytes.ptr, len);
	}
}

static void base64url_refuses_padding_other_digits_and_unused_bits(void **state)
{
	static const char *const rows[] = { "Zg==", "Zg=", "Z", "Zm9vY", "Zm+v", "Zm/v", "Zm 9v",
		"Zm9v\n", "Zh", "Zm9" };
	char bytes[16];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (base64url_decode(bytes, sizeof(bytes), &len, str_cstr(rows[i])))
			fail_msg("%s is read", rows[i]);
	}
	assert_false(base64url_decode(bytes, sizeof(bytes), &len, STR("Zm\0v")));
}

static void base64url_must_fit(void **state)
{
	char bytes[2];
	size_t len;

	(void)state;
	assert_false(base64url_decode(bytes, sizeof(bytes), &len, STR("Zm9v")));
	assert_true(base64url_decode(bytes, sizeof(bytes), &len, STR("Zm8")));
}

/* RFC 4648 §10. */
static void base64_reads_padded_text_only(void **state)
{
	static const char *const refused[] = { "Zg", "Zg=", "Zm9v=", "Zm9vYg",
		"Zm9v Yg==", "Zh==", "Zg==x", "=", "Z", "-_==" };
	char bytes[8];
	size_t len;

	(void)state;
	assert_true(base64_decode(bytes, sizeof(bytes), &len, STR("Zm9vYg==")));
	assert_int_equal(len, 4);
	assert_memory_equal(bytes, "foob", 4);
	assert_true(base64_decode(bytes, sizeof(bytes), &len, STR("")));
	assert_int_equal(len, 0);
	assert_false(base64_decode(bytes, 3, &len, STR("Zm9vYg==")));
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_false(base64_decode(bytes, sizeof(bytes), &len, str_cstr(refused[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(hex_is_lower_case),
		CHECK(hex_of_either_case_is_read),
		CHECK(hex_must_have_the_exact_length_and_only_digits),
		CHECK(base64url_reads_what_it_wrote),
		CHECK(base64url_refuses_padding_other_digits_and_unused_bits),
		CHECK(base64url_must_fit),
		CHECK(base64_reads_padded_text_only),
	};

	return CHECK_RUN(tests);
}
