/* Which texts are names of users, and their stored form. */
#include "auth/user_name.h"
#include "lib/check.h"

static void e_mail_addresses_are_names(void **state)
{
	static const char *const names[] = { "a", "o'brien+x@example.com", "jane+label@example.com",
		"a!#$%&'*+-/=?^_`{|}~.b@example.com",
		"j\xC3\xBCrgen@m\xC3\xBCller.example",	     /* ü as one code point */
		"\xE5\xB1\xB1\xE7\x94\xB0@example.jp",	     /* Han */
		"\xE0\xA4\xB0\xE0\xA4\xBE\xE0\xA4\xAE@x.in", /* Devanagari with a vowel sign */
		"\xF0\x9F\x98\x80@example.com" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!user_name_is_valid(str_cstr(names[i])))
			fail_msg("%s is not a name", names[i]);
	}
}

static void separators_and_invisible_characters_are_rejected(void **state)
{
	static const char *const names[] = { "", " ", "a b", "a:b", "a,b", "a;b", "a\"b", "a\\b",
		"<a>", "(a)", "[a]", "a\n", "a\x7F", "\xC2\x85", "a\xC2\xA0", "a\xC2\xAD",
		"e\xCC\x81",	 /* e and a combining acute accent */
		"a\xE2\x80\x8B", /* zero-width space */
		"a\xE2\x80\xAE", /* right-to-left override */
		"\xE2\x81\xA6",	 /* isolate */
		"\xE3\x80\x80",	 /* ideographic space */
		"\xEF\xBB\xBF"
		"a", /* byte order mark */
		"\xEF\xBF\xBF", "\xF3\xA0\x80\xA1", "\xEE\x80\x80", "\xC3", "\xED\xA0\x80" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (user_name_is_valid(str_cstr(names[i])))
			fail_msg("name %zu is taken", i);
	}
	assert_false(user_name_is_valid(STR("a\0b")));
}

static void name_has_at_most_254_bytes(void **state)
{
	char name[USER_NAME_MAX];

	(void)state;
	memset(name, 'a', sizeof(name));
	assert_true(user_name_is_valid((struct str){ name, 254 }));
	assert_false(user_name_is_valid((struct str){ name, 255 }));
}

static void only_ascii_letters_are_folded(void **state)
{
	char folded[USER_NAME_MAX] = "as before";

	(void)state;
	assert_false(user_name_fold(STR("a b"), folded));
	assert_string_equal(folded, "as before");
	assert_true(user_name_fold(STR("J\xC3\x9C"
				       "RGEN@Example.COM"),
		folded));
	assert_string_equal(folded, "j\xC3\x9C"
				    "rgen@example.com");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(e_mail_addresses_are_names),
		CHECK(separators_and_invisible_characters_are_rejected),
		CHECK(name_has_at_most_254_bytes),
		CHECK(only_ascii_letters_are_folded),
	};

	return CHECK_RUN(tests);
}
