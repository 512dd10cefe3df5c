/* The rows of the worker's counters. */
#include "lib/check.h"
#include "serve/counters.h"

static void each_member_has_one_row(void **state)
{
	bool seen[COUNTERS] = { false };

	(void)state;
	for (size_t i = 0; i < COUNTERS; i++) {
		size_t member = counters[i].offset / sizeof(_Atomic uint64_t);

		assert_in_range(member, 0, COUNTERS - 1);
		assert_false(seen[member]);
		seen[member] = true;
	}
}

static void manual_has_each_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNTERS; i++) {
		if (!counters[i].internal)
			check_manual_item(counters[i].name, counters[i].help);
	}
}

static void row_reads_its_member(void **state)
{
	struct worker_counters values = { .served = 7, .flushes = 9 };

	(void)state;
	for (size_t i = 0; i < COUNTERS; i++) {
		uint64_t expected = strcmp(counters[i].name, "served") == 0    ? 7
				    : strcmp(counters[i].name, "flushes") == 0 ? 9
									       : 0;

		assert_int_equal(counter_read(&counters[i], &values), expected);
	}
}

static void reset_clears_all_members(void **state)
{
	struct worker_counters values, zero = { 0 };

	(void)state;
	memset(&values, 0xFF, sizeof(values));
	counters_reset(&values);
	assert_memory_equal(&values, &zero, sizeof(zero));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(each_member_has_one_row),
		CHECK(manual_has_each_row),
		CHECK(row_reads_its_member),
		CHECK(reset_clears_all_members),
	};

	return CHECK_RUN(tests);
}
