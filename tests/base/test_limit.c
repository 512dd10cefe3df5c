#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limit.h"
#include "lib/check.h"

#define NOW ((int64_t)1000000000)

enum { DOMAIN, OTHER_DOMAIN };

static struct limit *limit;
static const struct limit_rule rule = { .interval_us = 1000, .burst = 5 };

static int setup_limit(void **state)
{
	struct err err;

	limit = mmap(
		NULL, sizeof(*limit), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(limit, MAP_FAILED);
	must(limit_init(limit, &err), &err);
	return check_setup(state);
}

static int teardown_limit(void **state)
{
	munmap(limit, sizeof(*limit));
	return check_teardown(state);
}

static uint64_t key_of(const char *name)
{
	return limit_key(limit, DOMAIN, STR("demo"), str_cstr(name));
}

static bool take(const char *name, int64_t now)
{
	return limit_take(limit, &rule, key_of(name), now, NULL);
}

static unsigned take_all(const char *name, int64_t now)
{
	unsigned taken = 0;

	while (take(name, now))
		taken++;
	return taken;
}

static void burst_then_rate(void **state)
{
	struct limit_status left;

	(void)state;
	assert_int_equal(take_all("ann", NOW), 5);
	assert_false(limit_take(limit, &rule, key_of("ann"), NOW + 400, &left));
	assert_int_equal(left.retry_us, 600);
	assert_int_equal(left.reset_us, 4600);
	assert_int_equal(left.remaining, 0);
	assert_false(take("ann", NOW + 999));
	assert_true(take("ann", NOW + 1000));
	assert_false(take("ann", NOW + 1000));
	/* Refused attempts cost nothing. */
	assert_int_equal(take_all("ann", NOW + 3500), 2);
	assert_int_equal(take_all("ann", NOW + 1000000), 5);
}

static void take_reports_remaining(void **state)
{
	struct limit_status left;

	(void)state;
	for (uint64_t i = 1; i <= 5; i++) {
		assert_true(limit_take(limit, &rule, key_of("ann"), NOW, &left));
		assert_int_equal(left.remaining, 5 - i);
		assert_int_equal(left.reset_us, 1000 * i);
		assert_int_equal(left.retry_us, i < 5 ? 0 : 1000);
	}
	assert_int_equal(limit_us_to_seconds(0), 0);
	assert_int_equal(limit_us_to_seconds(1), 1);
	assert_int_equal(limit_us_to_seconds(1000000), 1);
	assert_int_equal(limit_us_to_seconds(1000001), 2);
	assert_int_equal(limit_us_to_seconds(UINT64_MAX), UINT32_MAX);
}

static void rate_becomes_interval(void **state)
{
	const struct limit_rule none = limit_per_second(0, 1);

	(void)state;
	assert_int_equal(limit_per_second(1, 1).interval_us, 1000000);
	assert_int_equal(limit_per_second(1000, 1).interval_us, 1000);
	assert_int_equal(limit_per_second(UINT64_MAX, 1).interval_us, 1);
	for (int i = 0; i < 100; i++)
		assert_true(limit_take(limit, &none, key_of("ann"), NOW, NULL));
}

static void keys_are_independent(void **state)
{
	(void)state;
	assert_int_equal(take_all("ann", NOW), 5);
	assert_int_equal(take_all("bob", NOW), 5);
	assert_true(limit_key(limit, DOMAIN, STR("a"), STR("b")) !=
		    limit_key(limit, OTHER_DOMAIN, STR("a"), STR("b")));
	assert_true(limit_key(limit, DOMAIN, STR("ab"), STR("c")) !=
		    limit_key(limit, DOMAIN, STR("a"), STR("bc")));
	assert_true(limit_key(limit, DOMAIN, STR_NULL, STR("a")) !=
		    limit_key(limit, DOMAIN, STR("a"), STR_NULL));
}

/* Clients cannot predict which names share a set. */
static void secret_changes_keys(void **state)
{
	uint64_t before = key_of("ann");
	struct err err;

	(void)state;
	must(limit_init(limit, &err), &err);
	assert_true(key_of("ann") != before);
}

static void refund_restores_allowance(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_true(take("ann", NOW));
		limit_refund(limit, &rule, key_of("ann"));
	}
	/* The allowance is at most the burst. */
	limit_refund(limit, &rule, key_of("ann"));
	assert_int_equal(take_all("ann", NOW), 5);
}

static void cost_is_charged_beyond_the_burst(void **state)
{
	const struct limit_rule costly = { .interval_us = 1000, .burst = 5, .overdraft_us = 20000 };
	struct limit_status left;

	(void)state;
	assert_true(limit_take(limit, &costly, key_of("ann"), NOW, NULL));
	limit_charge(limit, &costly, key_of("ann"), 10, NOW);
	assert_false(limit_take(limit, &costly, key_of("ann"), NOW, &left));
	assert_int_equal(left.remaining, 0);
	assert_int_equal(left.retry_us, 7000);
	assert_false(limit_take(limit, &costly, key_of("ann"), NOW + 6999, NULL));
	assert_true(limit_take(limit, &costly, key_of("ann"), NOW + 7000, NULL));
}

static void debt_of_costs_ends_after_the_overdraft(void **state)
{
	const struct limit_rule costly = { .interval_us = 1000, .burst = 5, .overdraft_us = 20000 };
	struct limit_status left;

	(void)state;
	limit_charge(limit, &costly, key_of("ann"), UINT64_MAX, NOW);
	assert_false(limit_take(limit, &costly, key_of("ann"), NOW, &left));
	assert_int_equal(left.retry_us, 21000);
}

/* Processes are not always counted in the order in which they read the clock. */
static void clock_skew_counts_as_exhausted(void **state)
{
	struct limit_status left;

	(void)state;
	assert_int_equal(take_all("ann", NOW + 50), 5);
	assert_false(limit_take(limit, &rule, key_of("ann"), NOW, &left));
	assert_int_equal(left.retry_us, 1000);
	assert_false(take("ann", NOW + 50 - LIMIT_CLOCK_SKEW_US));
	assert_false(take("ann", NOW + 999));
}

/* Checking a password takes time, in which other attempts may fail. */
static void late_refund_restores_one(void **state)
{
	(void)state;
	assert_true(take("ann", NOW));
	assert_int_equal(take_all("ann", NOW + 1500), 5);
	limit_refund(limit, &rule, key_of("ann"));
	assert_int_equal(take_all("ann", NOW + 1500), 1);
}

/* The key with the lowest debt is evicted first and then has its full allowance. */
static void full_set_evicts_lowest_debt(void **state)
{
	const uint64_t first = 7;

	(void)state;
	while (limit_take(limit, &rule, first, NOW, NULL))
		;
	for (uint64_t i = 1; i < 100; i++)
		assert_true(limit_take(limit, &rule, first + i * LIMIT_SETS, NOW, NULL));
	assert_false(limit_take(limit, &rule, first, NOW, NULL));
	for (uint64_t i = 1; i <= LIMIT_WAYS; i++) {
		while (limit_take(limit, &rule, first + i * LIMIT_SETS, NOW + 100, NULL))
			;
	}
	/* All others of the set have more debt: it was evicted. */
	assert_true(limit_take(limit, &rule, first, NOW, NULL));
}

/* No number in a slot makes the table refuse a key, at any time. */
static void corrupt_slot_never_blocks(void **state)
{
	static const uint64_t rubbish[] = { UINT64_MAX, UINT64_MAX - 1000, 1ULL << 63,
		NOW + 5001 + LIMIT_CLOCK_SKEW_US, 0 };
	static const int64_t times[] = { INT64_MIN, -1, 0, 1, NOW, INT64_MAX - 10000000 };

	(void)state;
	for (size_t i = 0; i < sizeof(rubbish) / sizeof(rubbish[0]); i++) {
		for (size_t j = 0; j < sizeof(times) / sizeof(times[0]); j++) {
			uint64_t key = 1 + i * 100 + j;

			assert_true(limit_take(limit, &rule, key, times[j], NULL));
			limit->sets[key][0].tat = rubbish[i];
			if (rubbish[i] != (uint64_t)times[j])
				assert_true(limit_take(limit, &rule, key, times[j], NULL));
		}
	}
}

/* After a reload with a smaller burst, earlier use does not count. */
static void rule_change_resets_debt(void **state)
{
	const struct limit_rule much = { .interval_us = 1000, .burst = 2000 };
	const struct limit_rule less = { .interval_us = 10, .burst = 2 };

	(void)state;
	while (limit_take(limit, &much, key_of("ann"), NOW, NULL))
		;
	assert_true(limit_take(limit, &less, key_of("ann"), NOW, NULL));
	assert_true(limit_take(limit, &less, key_of("ann"), NOW, NULL));
	assert_false(limit_take(limit, &less, key_of("ann"), NOW, NULL));
}

static void address_maps_to_network(void **state)
{
	uint8_t a[16], b[16];

	(void)state;
	assert_str(limit_network(STR("192.0.2.1"), a), "192.0.2.1");
	assert_str(limit_network(STR("unix:"), a), "unix:");
	assert_str(limit_network(STR_NULL, a), "");
	assert_true(str_eq(limit_network(STR("2001:db8:0:1::1"), a),
		limit_network(STR("2001:db8:0:1:ffff::2"), b)));
	assert_false(str_eq(limit_network(STR("2001:db8:0:1::1"), a),
		limit_network(STR("2001:db8:0:2::1"), b)));
	assert_false(str_eq(limit_network(STR("::ffff:192.0.2.1"), a),
		limit_network(STR("::ffff:192.0.2.2"), b)));
	assert_true(str_eq(limit_network(STR("::1"), a), limit_network(STR("::2"), b)));
}

#define CHILDREN 4
#define TRIES	 20000

/* Many processes with clocks of their own together take exactly the burst. */
static void processes_share_count(void **state)
{
	const struct limit_rule many = { .interval_us = 1000000, .burst = 10000 };
	unsigned taken = 0;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	for (int i = 0; i < CHILDREN; i++) {
		if (fork() == 0) {
			unsigned mine = 0;

			for (int j = 0; j < TRIES; j++)
				mine += limit_take(
					limit, &many, key_of("ann"), NOW + (i * 3 + j) % 10, NULL);
			_exit(write(ends[1], &mine, sizeof(mine)) != sizeof(mine));
		}
	}
	for (int i = 0; i < CHILDREN; i++) {
		unsigned theirs;
		int status;

		assert_int_equal(read(ends[0], &theirs, sizeof(theirs)), sizeof(theirs));
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
		taken += theirs;
	}
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(taken, 10000);
}

#define LIMIT_TEST(function) cmocka_unit_test_setup_teardown(function, setup_limit, teardown_limit)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIMIT_TEST(burst_then_rate),
		LIMIT_TEST(take_reports_remaining),
		LIMIT_TEST(rate_becomes_interval),
		LIMIT_TEST(keys_are_independent),
		LIMIT_TEST(cost_is_charged_beyond_the_burst),
		LIMIT_TEST(debt_of_costs_ends_after_the_overdraft),
		LIMIT_TEST(secret_changes_keys),
		LIMIT_TEST(refund_restores_allowance),
		LIMIT_TEST(clock_skew_counts_as_exhausted),
		LIMIT_TEST(late_refund_restores_one),
		LIMIT_TEST(full_set_evicts_lowest_debt),
		LIMIT_TEST(corrupt_slot_never_blocks),
		LIMIT_TEST(rule_change_resets_debt),
		LIMIT_TEST(address_maps_to_network),
		LIMIT_TEST(processes_share_count),
	};

	return CHECK_RUN(tests);
}
