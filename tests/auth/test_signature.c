/* VirtShell's request signature (test_authorize.c: requests that carry one). */
#include <stdio.h>

#include "auth/signature.h"
#include "lib/check.h"

/* The two examples of src/dialect/virtshell/README.md. */
#define SECRET	   STR("0123456789abcdef0123456789abcdef")
#define DATE	   STR("Fri, 01 Jul 2011 19:37:58 +0000")
#define HOST	   STR("localhost:8080")
#define LIST_MADE  "T+TwZlD+qtxigiFzwOkg7qyUl24="
#define PUT_MADE   "x81yYTpprLzjXp/M5zTxaYTwhUg="
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

static void string_to_sign_joins_elements_by_lf(void **state)
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

static void signatures_of_the_examples_match(void **state)
{
	struct signed_request list = list_request(), put = put_request();
	char made[SIGNATURE_TEXT_MAX];

	(void)state;
	assert_true(signature_make(&list, SECRET, made));
	assert_string_equal(made, LIST_MADE);
	assert_true(signature_make(&put, SECRET, made));
	assert_string_equal(made, PUT_MADE);
}

static void assert_differs(const struct signed_request *request, struct str secret)
{
	char made[SIGNATURE_TEXT_MAX];

	assert_true(signature_make(request, secret, made));
	assert_false(signature_equal(STR(PUT_MADE), made));
}

/* Changing, shortening or emptying any element changes the signature. */
static void every_byte_of_every_element_is_signed(void **state)
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
			assert_differs(&request, SECRET);
		}
		*part = (struct str){ whole.ptr, whole.len - 1 };
		assert_differs(&request, SECRET);
		*part = STR("");
		assert_differs(&request, SECRET);
	}
	assert_true(tried > 100);
}

static void other_secrets_give_other_signatures(void **state)
{
	struct signed_request request = put_request();

	(void)state;
	assert_differs(&request, STR("0123456789abcdef0123456789abcdee"));
	assert_differs(&request, STR("0123456789abcdef0123456789abcde"));
	assert_differs(&request, STR(""));
}

static void comparison_covers_every_byte_and_the_length(void **state)
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(string_to_sign_joins_elements_by_lf),
		CHECK(signatures_of_the_examples_match),
		CHECK(every_byte_of_every_element_is_signed),
		CHECK(other_secrets_give_other_signatures),
		CHECK(comparison_covers_every_byte_and_the_length),
		CHECK(split_is_at_the_last_colon),
	};

	return CHECK_RUN(tests);
}
