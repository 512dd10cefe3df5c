/* The delay before a request is repeated. */
#include "lib/check.h"
#include "worker/backoff.h"

#define DRAWS 1000

static void delay_grows_to_its_bound(void **state)
{
	static const int64_t most[] = { 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000 };

	(void)state;
	for (int draw = 0; draw < DRAWS; draw++) {
		struct backoff backoff = { 0 };

		for (size_t i = 0; i < sizeof(most) / sizeof(most[0]); i++)
			assert_in_range(backoff_next(&backoff, 0), BACKOFF_LEAST_MS, most[i]);
		assert_int_equal(backoff.failures, 8);
	}
}

static void delay_is_random(void **state)
{
	int64_t least = INT64_MAX, most = 0;

	(void)state;
	for (int draw = 0; draw < DRAWS; draw++) {
		struct backoff backoff = { .failures = 10 };
		int64_t delay = backoff_next(&backoff, 0);

		least = delay < least ? delay : least;
		most = delay > most ? delay : most;
	}
	assert_true(least < 5000);
	assert_true(most > 25000);
}

static void retry_after_is_the_least(void **state)
{
	struct backoff backoff = { 0 };

	(void)state;
	assert_int_equal(backoff_next(&backoff, 40), 40000);
	assert_int_equal(backoff_next(&backoff, UINT32_MAX), BACKOFF_RETRY_AFTER_S * 1000);
	backoff.failures = UINT32_MAX;
	assert_in_range(backoff_next(&backoff, 0), BACKOFF_LEAST_MS, BACKOFF_MOST_MS);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CHECK(delay_grows_to_its_bound),
		CHECK(delay_is_random),
		CHECK(retry_after_is_the_least),
	};

	return CHECK_RUN(tests);
}
