#include <stdio.h>

#include "auth/signature.h"
#include "lib/check.h"

/* The two computed vectors of virtshell.md. */
#define SECRET	   STR("0123456789abcdef0123456789abcdef")
#define DATE	   STR("Fri, 01 Jul 2011 19:37:58 +0000")
#define HOST	   STR("localhost:8080")
#define LIST_MADE  "T+TwZlD+qtxigiFzwOkg7qyUl24="
#define PUT_MADE   "x81yYTpprLzjXp/M5zTxaYTwhUg="
#define PUT_BODY   STR("{\"status\": \"sucess\", \"log\": \"done\"}")
#define PUT_DIGEST "7M0A4OBKUxRxxXC9BjjOgA=="

static struct signed_request list_request(void)
{
	return (struct signed_request){
		.method = STR("GET"),
		.host = HOST,
		.date = DATE,
		.resource = STR("/api/virtshell/v1/tasks/"),
	};
}

static struct signed_request put_request(void)
{
	return (struct signed_request){
		.method = STR("PUT"),
		.host = HOST,
		.content_md5 = STR(PUT_DIGEST),
		.content_type = STR("application/json"),
		.date = DATE,
		.resource = STR("/api/virtshell/v1/tasks/a62ad146-ccf4-11e5-9956-625662870761"),
	};
}

static void the_string_is_what_the_thesis_says(void **state)
{
	struct signed_request request = list_request();
	struct buf string = BUF_INIT;

	(void)state;
	signature_string_to_sign(&request, &string);
	assert_str(buf_str(&string), "GET\nlocalhost:8080\n\n\nFri, 01 Jul 2011 19:37:58 +0000\n"
				     "/api/virtshell/v1/tasks/");
	assert_int_equal(string.len, 77);
	buf_free(&string);
}

static void both_vectors_match(void **state)
{
	struct signed_request list = list_request(), put = put_request();
	char made[SIGNATURE_TEXT_MAX];

	(void)state;
	assert_true(signature_make(&list, SECRET, made));
	assert_string_equal(made, LIST_MADE);
	assert_true(signature_make(&put, SECRET, made));
	assert_string_equal(made, PUT_MADE);
}

static void the_digest_matches(void **state)
{
	char text[SIGNATURE_TEXT_MAX];

	(void)state;
	assert_true(content_md5(PUT_BODY, text));
	assert_string_equal(text, PUT_DIGEST);
	assert_true(content_md5(STR_NULL, text));
	assert_string_equal(text, "1B2M2Y8AsgTpgAmY7PhCfg==");
}

static void assert_other(const struct signed_request *request, struct str secret)
{
	char made[SIGNATURE_TEXT_MAX];

	assert_true(signature_make(request, secret, made));
	assert_false(signature_equal(STR(PUT_MADE), made));
}

/* Each byte of each element counts, and an element cannot be moved to its neighbour. */
static void every_element_counts(void **state)
{
	static const size_t offsets[] = {
		offsetof(struct signed_request, method),
		offsetof(struct signed_request, host),
		offsetof(struct signed_request, content_md5),
		offsetof(struct signed_request, content_type),
		offsetof(struct signed_request, date),
		offsetof(struct signed_request, resource),
	};
	size_t tried = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		struct signed_request request = put_request();
		struct str *part = (struct str *)(void *)((char *)&request + offsets[i]);
		struct str whole = *part;
		char changed[128];

		for (size_t at = 0; at < whole.len; at++, tried++) {
			memcpy(changed, whole.ptr, whole.len);
			changed[at] ^= 0x20;
			*part = (struct str){ changed, whole.len };
			assert_other(&request, SECRET);
		}
		*part = (struct str){ whole.ptr, whole.len - 1 };
		assert_other(&request, SECRET);
		*part = STR("");
		assert_other(&request, SECRET);
	}
	assert_true(tried > 100);
}

static void the_secret_counts(void **state)
{
	struct signed_request request = put_request();

	(void)state;
	assert_other(&request, STR("0123456789abcdef0123456789abcdee"));
	assert_other(&request, STR("0123456789abcdef0123456789abcde"));
	assert_other(&request, STR(""));
}

static void equal_means_every_byte_and_the_length(void **state)
{
	char text[] = LIST_MADE;

	(void)state;
	assert_true(signature_equal(STR(LIST_MADE), LIST_MADE));
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		text[i] ^= 1;
		assert_false(signature_equal(str_cstr(text), LIST_MADE));
		text[i] ^= 1;
		assert_false(signature_equal((struct str){ text, i }, LIST_MADE));
	}
	assert_false(signature_equal(STR(LIST_MADE "="), LIST_MADE));
	assert_false(signature_equal(STR(LIST_MADE "\0"), LIST_MADE));
	assert_false(signature_equal(STR(LIST_MADE LIST_MADE), LIST_MADE));
	assert_false(signature_equal(STR_NULL, LIST_MADE));
	assert_true(signature_equal(STR(""), ""));
}

static void split_is_at_the_last_colon(void **state)
{
	struct str user = STR("untouched"), signature = STR("untouched");
	static const char *const bad[] = { "", ":", "a:", ":b", "ab", "a:b:" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(signature_split(str_cstr(bad[i]), &user, &signature));
	assert_str(user, "untouched");
	assert_str(signature, "untouched");
	assert_true(signature_split(STR("a:b"), &user, &signature));
	assert_str(user, "a");
	assert_str(signature, "b");
	assert_true(signature_split(STR("a:b:c="), &user, &signature));
	assert_str(user, "a:b");
	assert_str(signature, "c=");
}

static void dates_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} good[] = {
		{ "Fri, 01 Jul 2011 19:37:58 +0000", 1309549078 },
		{ "Fri, 01 Jul 2011 19:37:58 GMT", 1309549078 },
		{ "Fri, 01 Jul 2011 19:37:58 UT", 1309549078 },
		{ "fri, 01 JUL 2011 19:37:58 gmt", 1309549078 },
		{ "Fri, 1 Jul 2011 19:37:58 -0000", 1309549078 },
		{ "01 Jul 2011 19:37:58 +0000", 1309549078 },
		{ "Fri,01 Jul 2011  19:37:58\t+0000", 1309549078 },
		{ "  Fri, 01 Jul 2011 19:37:58 +0000 ", 1309549078 },
		{ "Fri, 01 Jul 11 19:37:58 +0000", 1309549078 },
		{ "Fri, 01 Jul 2011 21:37:58 +0200", 1309549078 },
		{ "Sat, 02 Jul 2011 01:07:58 +0530", 1309549078 },
		{ "Fri, 01 Jul 2011 12:37:58 -0700", 1309549078 },
		{ "Fri, 01 Jul 2011 19:37 +0000", 1309549020 },
		{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
		{ "Wed, 31 Dec 1969 23:59:59 GMT", -1 },
		{ "01 Jan 50 00:00:00 GMT", -631152000 },
		{ "31 Dec 49 00:00:00 GMT", 2524521600 },
		{ "Tue, 29 Feb 2000 00:00:00 GMT", 951782400 },
		{ "Sat, 31 Dec 2016 23:59:60 GMT", 1483228800 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		int64_t ms = 0;

		if (!signature_date(str_cstr(good[i].text), &ms) || ms != good[i].seconds * 1000)
			fail_msg("%s is %lld", good[i].text, (long long)ms);
	}
}

static void other_dates_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"Fri",
		"Fri,",
		"Fri 01 Jul 2011 19:37:58 +0000",
		"Friday, 01 Jul 2011 19:37:58 +0000",
		"Thu, 01 Jul 2011 19:37:58 +0000",
		"Fri, 00 Jul 2011 19:37:58 +0000",
		"00 Jul 2011 19:37:58 +0000",
		"31 Jun 2011 19:37:58 +0000",
		"29 Feb 2011 19:37:58 +0000",
		"32 Jul 2011 19:37:58 +0000",
		"001 Jul 2011 19:37:58 +0000",
		"01 July 2011 19:37:58 +0000",
		"01 Jux 2011 19:37:58 +0000",
		"01 07 2011 19:37:58 +0000",
		"01 Jul 011 19:37:58 +0000",
		"01 Jul 1899 19:37:58 +0000",
		"01 Jul 20110 19:37:58 +0000",
		"01 Jul -011 19:37:58 +0000",
		"01 Jul 2011 24:00:00 +0000",
		"01 Jul 2011 19:60:58 +0000",
		"01 Jul 2011 19:37:61 +0000",
		"01 Jul 2011 9:37:58 +0000",
		"01 Jul 2011 19:37: +0000",
		"01 Jul 2011 19 +0000",
		"01 Jul 2011 19:37:58",
		"01 Jul 2011 19:37:58 ",
		"01 Jul 2011 19:37:58+0000",
		"01 Jul 2011 19:37:58 0000",
		"01 Jul 2011 19:37:58 +00000",
		"01 Jul 2011 19:37:58 +000",
		"01 Jul 2011 19:37:58 +2400",
		"01 Jul 2011 19:37:58 +0060",
		"01 Jul 2011 19:37:58 +-100",
		"01 Jul 2011 19:37:58 EST",
		"01 Jul 2011 19:37:58 Z",
		"01 Jul 2011 19:37:58 GMT+1",
		"01 Jul 2011 19:37:58 +0000 x",
		"2011-07-01T19:37:58Z",
		"1309549078",
		"Fri Jul  1 19:37:58 2011",
		"Friday, 01-Jul-11 19:37:58 GMT",
	};
	static const char nul[] = "01 Jul 2011 19:37:58 GMT\0";
	int64_t ms = 42;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (signature_date(str_cstr(bad[i]), &ms))
			fail_msg("\"%s\" was read", bad[i]);
	}
	assert_false(signature_date((struct str){ nul, sizeof(nul) - 1 }, &ms));
	assert_int_equal(ms, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(the_string_is_what_the_thesis_says),
		CHECK(both_vectors_match),
		CHECK(the_digest_matches),
		CHECK(every_element_counts),
		CHECK(the_secret_counts),
		CHECK(equal_means_every_byte_and_the_length),
		CHECK(split_is_at_the_last_colon),
		CHECK(dates_are_read),
		CHECK(other_dates_are_refused),
	};

	return CHECK_RUN(tests);
}
