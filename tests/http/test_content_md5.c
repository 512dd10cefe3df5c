#include "http/content_md5.h"
#include "lib/check.h"

static void the_digest_is_base64_of_md5(void **state)
{
	char text[CONTENT_MD5_SIZE];

	(void)state;
	assert_true(content_md5(STR("{\"status\": \"sucess\", \"log\": \"done\"}"), text));
	assert_string_equal(text, "7M0A4OBKUxRxxXC9BjjOgA==");
}

static void an_empty_body_has_a_digest(void **state)
{
	char text[CONTENT_MD5_SIZE];

	(void)state;
	assert_true(content_md5(STR_NULL, text));
	assert_string_equal(text, "1B2M2Y8AsgTpgAmY7PhCfg==");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(the_digest_is_base64_of_md5),
		CHECK(an_empty_body_has_a_digest),
	};

	return CHECK_RUN(tests);
}
