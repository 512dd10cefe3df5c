/* Reserved words in the tasks of a simulated worker. */
#include "lib/check.h"
#include "worker/sandbox.h"

static enum sandbox_word find(const char *text)
{
	json_t *task = json_loads(text, 0, NULL);
	enum sandbox_word word;

	assert_non_null(task);
	word = sandbox_find(task);
	json_decref(task);
	return word;
}

static void words_are_found_in_strings(void **state)
{
	(void)state;
	assert_int_equal(find("{\"fields\":{\"a\":\"sandbox-fail\"}}"), SANDBOX_FAIL);
	assert_int_equal(
		find("{\"fields\":{\"a\":[{\"b\":[1,\"x sandbox-retry y\"]}]}}"), SANDBOX_RETRY);
	assert_int_equal(find("{\"id\":\"1-sandbox-stall\",\"fields\":{}}"), SANDBOX_STALL);
	assert_int_equal(find("{\"fields\":{\"a\":\"/sandbox-cancel/\"}}"), SANDBOX_CANCEL);
	assert_int_equal(find("{\"fields\":{\"a\":\"sandbox-crash\"}}"), SANDBOX_CRASH);
}

static void other_texts_are_not_words(void **state)
{
	(void)state;
	assert_int_equal(find("{}"), SANDBOX_NONE);
	assert_int_equal(find("{\"fields\":null,\"id\":null}"), SANDBOX_NONE);
	assert_int_equal(
		find("{\"fields\":{\"a\":\"sandbox\"},\"kind\":\"sandbox-fail\"}"), SANDBOX_NONE);
	assert_int_equal(find("{\"fields\":{\"sandbox-fail\":1}}"), SANDBOX_NONE);
	assert_int_equal(find("{\"fields\":{\"a\":\"SANDBOX-FAIL\"}}"), SANDBOX_NONE);
}

static void first_word_of_the_table_counts(void **state)
{
	(void)state;
	assert_int_equal(find("{\"fields\":{\"a\":\"sandbox-crash\",\"b\":\"sandbox-fail\"}}"),
		SANDBOX_FAIL);
	for (int word = SANDBOX_NONE + 1; word < SANDBOX_WORDS; word++)
		assert_non_null(sandbox_text((enum sandbox_word)word));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CHECK(words_are_found_in_strings),
		CHECK(other_texts_are_not_words),
		CHECK(first_word_of_the_table_counts),
	};

	return CHECK_RUN(tests);
}
