/* Which word is meant by one with a typing error. */
#include "ctl/suggest.h"
#include "lib/check.h"

static const char *suggest(const char *typed, const char *const *candidates)
{
	static struct suggestion suggestion;

	suggestion = (struct suggestion){ 0 };
	for (; *candidates; candidates++)
		suggestion_try(&suggestion, typed, *candidates);
	return suggestion.best;
}

static const char *const words[] = { "user", "status", "stop", "task", "token", "verify", "export",
	"webhook", "key", NULL };

static void one_error_is_found(void **state)
{
	(void)state;
	assert_string_equal(suggest("uesr", words), "user");   /* exchanged */
	assert_string_equal(suggest("usr", words), "user");    /* removed */
	assert_string_equal(suggest("taask", words), "task");  /* inserted */
	assert_string_equal(suggest("yoken", words), "token"); /* replaced */
	assert_string_equal(suggest("keys", words), "key");
}

static void more_errors_need_a_longer_word(void **state)
{
	(void)state;
	assert_string_equal(suggest("wbehok", words), "webhook");
	assert_string_equal(suggest("tko", words), "");
	assert_string_equal(suggest("fly", words), "");
	assert_string_equal(suggest("x", words), "");
	assert_string_equal(suggest("", words), "");
}

static void the_beginning_of_a_word_is_near(void **state)
{
	(void)state;
	assert_string_equal(suggest("ver", words), "verify");
	assert_string_equal(suggest("st", words), "");
}

static void the_nearest_is_best(void **state)
{
	static const char *const near[] = { "reload", "repeat", "repair", NULL };

	(void)state;
	assert_string_equal(suggest("repaor", near), "repair");
	/* The first of two that are equally near. */
	assert_string_equal(suggest("st0p", (const char *const[]){ "step", "stop", NULL }), "step");
}

static void long_words_are_not_compared(void **state)
{
	char long_word[SUGGESTION_MAX + 2];

	(void)state;
	memset(long_word, 'a', sizeof(long_word) - 1);
	long_word[sizeof(long_word) - 1] = '\0';
	assert_string_equal(suggest(long_word, (const char *const[]){ long_word, NULL }), "");
	assert_string_equal(suggest(long_word + 1, (const char *const[]){ long_word + 1, NULL }),
		long_word + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(one_error_is_found),
		CHECK(more_errors_need_a_longer_word),
		CHECK(the_beginning_of_a_word_is_near),
		CHECK(the_nearest_is_best),
		CHECK(long_words_are_not_compared),
	};

	return CHECK_RUN(tests);
}
