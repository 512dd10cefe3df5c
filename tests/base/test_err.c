#include "base/err.h"
#include "lib/check.h"

static void default_text_is_that_of_the_code(void **state)
{
	struct err err;

	(void)state;
	assert_false(err_set(&err, ERR_MISSING, "name", NULL));
	assert_string_equal(err.field, "name");
	assert_string_equal(err_text(&err), "A required value is missing.");
	assert_int_equal(err_status(err.code), 400);
	assert_string_equal(err_name(err.code), "missing");
}

static void text_is_formatted(void **state)
{
	struct err err;

	(void)state;
	assert_false(err_set(&err, ERR_INVALID, NULL, "%s is %d", "x", 3));
	assert_string_equal(err.field, "");
	assert_string_equal(err_text(&err), "x is 3");
}

static void long_texts_are_cut(void **state)
{
	struct err err;
	char text[400];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	err_set(&err, ERR_INVALID, text, "%s", text);
	assert_int_equal(strlen(err.field), sizeof(err.field) - 1);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void every_code_has_a_status_and_a_text(void **state)
{
	(void)state;
	for (int code = ERR_NONE + 1; code < ERR_CODES; code++) {
		struct err err = { .code = (enum err_code)code };

		assert_in_range(err_status(err.code), 400, 599);
		assert_true(err_text(&err)[0]);
	}
}

static void unknown_code_is_an_internal_error(void **state)
{
	(void)state;
	assert_int_equal(err_status(ERR_CODES), 500);
	assert_string_equal(err_name(ERR_CODES), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(default_text_is_that_of_the_code),
		CHECK(text_is_formatted),
		CHECK(long_texts_are_cut),
		CHECK(every_code_has_a_status_and_a_text),
		CHECK(unknown_code_is_an_internal_error),
	};

	return CHECK_RUN(tests);
}
