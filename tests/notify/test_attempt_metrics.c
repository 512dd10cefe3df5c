/* What came of an attempt, for the metrics. */
#include "lib/check.h"
#include "notify/attempt_metrics.h"

static void status_decides_if_there_is_one(void **state)
{
	static const struct {
		unsigned status;
		enum transfer_fault fault;
		const char *outcome;
	} cases[] = {
		{ 200, TRANSFER_BROKEN, "accepted" },
		{ 299, TRANSFER_BROKEN, "accepted" },
		{ 301, TRANSFER_BROKEN, "redirected" },
		{ 404, TRANSFER_BROKEN, "refused" },
		{ 410, TRANSFER_TIMEOUT, "refused" },
		{ 503, TRANSFER_BROKEN, "failed" },
		{ 101, TRANSFER_BROKEN, "failed" },
		{ 999, TRANSFER_BROKEN, "failed" },
		{ 0, TRANSFER_NOT_BEGUN, "unsent" },
		{ 0, TRANSFER_UNREACHABLE, "unreachable" },
		{ 0, TRANSFER_TIMEOUT, "timeout" },
		{ 0, TRANSFER_BROKEN, "broken" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(
			attempt_outcome_name(attempt_outcome(cases[i].status, cases[i].fault)),
			cases[i].outcome);
}

static void durations_are_in_microseconds(void **state)
{
	struct attempt_metrics metrics = { 0 };

	(void)state;
	attempt_metrics_add(&metrics, ATTEMPT_TIMEOUT, 15000);
	attempt_metrics_add(NULL, ATTEMPT_TIMEOUT, 15000);
	assert_int_equal(metrics.durations[ATTEMPT_TIMEOUT].sum_us, 15000000);
	assert_int_equal(metrics.durations[ATTEMPT_ACCEPTED].sum_us, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(status_decides_if_there_is_one),
		CHECK(durations_are_in_microseconds),
	};

	return CHECK_RUN(tests);
}
