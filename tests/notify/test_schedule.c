/* When deliveries are tried again, and when a receiver is left alone. */
#include "base/date.h"
#include "lib/check.h"
#include "notify/schedule.h"

#define HOUR (INT64_C(3600) * 1000)

static struct schedule_verdict decide(
	unsigned status, uint32_t retry_after, unsigned attempts, uint32_t random)
{
	const struct schedule_answer answer = { status, retry_after };
	struct schedule_verdict verdict;

	schedule_decide(&answer, attempts, false, random, &verdict);
	return verdict;
}

/* ---- a delivery ---- */

static void every_2xx_is_a_success(void **state)
{
	static const struct {
		unsigned status;
		enum delivery_state state;
	} cases[] = {
		{ 0, DELIVERY_PENDING },
		{ 199, DELIVERY_PENDING },
		{ 200, DELIVERY_DELIVERED },
		{ 204, DELIVERY_DELIVERED },
		{ 299, DELIVERY_DELIVERED },
		{ 300, DELIVERY_PENDING },
		{ 302, DELIVERY_PENDING },
		{ 400, DELIVERY_PENDING },
		{ 404, DELIVERY_PENDING },
		{ 410, DELIVERY_FAILED },
		{ 500, DELIVERY_PENDING },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct schedule_verdict verdict = decide(cases[i].status, 0, 1, 0);

		assert_int_equal(verdict.state, cases[i].state);
		assert_int_equal(verdict.gone, cases[i].status == 410);
	}
}

static void waits_grow_to_more_than_three_days(void **state)
{
	static const int64_t seconds[] = { 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400 };
	int64_t least = 0;

	(void)state;
	for (unsigned attempts = 1; attempts < SCHEDULE_ATTEMPTS; attempts++) {
		int64_t ms = seconds[attempts - 1] * 1000;

		assert_int_equal(decide(500, 0, attempts, 0).wait_ms, ms * 8 / 10);
		assert_int_equal(decide(500, 0, attempts, 500).wait_ms, ms);
		assert_int_equal(decide(500, 0, attempts, 1000).wait_ms, ms * 12 / 10);
		least += ms;
	}
	assert_true(least > 72 * HOUR);
	assert_int_equal(decide(500, 0, SCHEDULE_ATTEMPTS, 0).state, DELIVERY_FAILED);
	assert_int_equal(decide(200, 0, SCHEDULE_ATTEMPTS, 0).state, DELIVERY_DELIVERED);
}

static void a_test_is_tried_once(void **state)
{
	const struct schedule_answer answer = { .status = 500 };
	struct schedule_verdict verdict;

	(void)state;
	schedule_decide(&answer, 1, true, 0, &verdict);
	assert_int_equal(verdict.state, DELIVERY_FAILED);
}

static void retry_after_is_kept(void **state)
{
	(void)state;
	assert_int_equal(decide(503, 60, 1, 0).wait_ms, 60000);
	assert_int_equal(decide(429, 60, 1, 0).wait_ms, 60000);
	assert_int_equal(decide(500, 60, 1, 0).wait_ms, 4000);
	assert_int_equal(decide(429, 1, 2, 0).wait_ms, 240000);
}

static void retry_after_is_read(void **state)
{
	static const struct {
		const char *value;
		uint32_t seconds;
	} cases[] = {
		{ "120", 120 },
		{ " 7\t", 7 },
		{ "0", 0 },
		{ "-5", 0 },
		{ "soon", 0 },
		{ "", 0 },
		{ "99999999999999999999", 0 },
		{ "18446744073709551615", SCHEDULE_RETRY_AFTER_MAX },
		{ "3601", SCHEDULE_RETRY_AFTER_MAX },
		{ "Fri, 01 Jul 2011 19:38:58 GMT", 60 },
		{ "Fri, 01 Jul 2011 19:36:58 GMT", 0 },
		{ "Fri, 01 Jul 2031 19:37:58 GMT", 0 },
		{ "Tue, 01 Jul 2031 19:37:58 GMT", SCHEDULE_RETRY_AFTER_MAX },
	};
	int64_t now = 0;

	(void)state;
	assert_true(date_parse(&now, STR("2011-07-01T19:37:58Z")));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
			schedule_retry_after(str_cstr(cases[i].value), now), cases[i].seconds);
}

/* ---- a receiver ---- */

static void a_receiver_that_fails_is_left_alone(void **state)
{
	const struct schedule_answer bad = { .status = 500 }, good = { .status = 200 };
	struct schedule_health health = { 0 };
	int64_t now = 1000, pause = SCHEDULE_PAUSE_MIN;

	(void)state;
	assert_int_equal(schedule_slots(&health, 4, now), 4);
	for (int i = 0; i < 5; i++)
		assert_false(schedule_note(&health, &bad, 1, now));
	assert_false(schedule_note(&health, &bad, 2, now));
	assert_int_equal(schedule_slots(&health, 4, now), 4);
	assert_true(schedule_note(&health, &bad, 3, now));
	for (int i = 0; i < 12; i++) {
		assert_int_equal(schedule_slots(&health, 4, now + pause - 1), 0);
		assert_int_equal(schedule_slots(&health, 4, now + pause), 1);
		now += pause;
		assert_false(schedule_note(&health, &bad, 3, now));
		pause = pause * 2 < SCHEDULE_PAUSE_MAX ? pause * 2 : SCHEDULE_PAUSE_MAX;
	}
	assert_int_equal(pause, SCHEDULE_PAUSE_MAX);
	assert_true(schedule_note(&health, &good, 4, now + pause));
	assert_int_equal(schedule_slots(&health, 4, now + pause), 4);
}

static void a_delivery_that_is_refused_makes_no_pause(void **state)
{
	static const struct {
		unsigned status;
		bool works;
	} cases[] = {
		{ 0, false },
		{ 302, false },
		{ 399, false },
		{ 400, true },
		{ 401, true },
		{ 404, true },
		{ 408, false },
		{ 409, true },
		{ 410, false },
		{ 422, true },
		{ 425, false },
		{ 429, false },
		{ 499, true },
		{ 500, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct schedule_answer answer = { .status = cases[i].status };
		const struct schedule_answer bad = { .status = 500 };
		struct schedule_health health = { 0 };

		for (uint64_t number = 1; number <= 9; number++)
			schedule_note(&health, &answer, number, 1000);
		assert_int_equal(schedule_is_failing(&health), !cases[i].works);
		health = (struct schedule_health){ 0 };
		for (uint64_t number = 1; number <= SCHEDULE_FAILURES; number++)
			schedule_note(&health, &bad, number, 1000);
		assert_int_equal(schedule_note(&health, &answer, 9, 1000 + SCHEDULE_PAUSE_MIN),
			cases[i].works);
		assert_int_equal(schedule_is_failing(&health), !cases[i].works);
	}
}

static void requests_under_way_do_not_extend_the_pause(void **state)
{
	const struct schedule_answer bad = { 0 };
	struct schedule_health health = { 0 };

	(void)state;
	for (uint64_t i = 1; i <= 16; i++)
		schedule_note(&health, &bad, i, 1000);
	assert_int_equal(schedule_slots(&health, 4, 1000 + SCHEDULE_PAUSE_MIN), 1);
}

static void retry_after_holds_for_all_deliveries(void **state)
{
	const struct schedule_answer busy = { .status = 503, .retry_after = 30 };
	struct schedule_health health = { 0 };

	(void)state;
	schedule_note(&health, &busy, 1, 1000);
	assert_int_equal(schedule_slots(&health, 4, 30999), 0);
	assert_int_equal(schedule_slots(&health, 4, 31000), 4);
}

static void a_webhook_is_disabled_after_three_days(void **state)
{
	(void)state;
	assert_false(schedule_must_disable(OPTIONAL_TIME_NONE, 1000 * HOUR));
	assert_false(schedule_must_disable(optional_time(HOUR), 73 * HOUR - 1));
	assert_true(schedule_must_disable(optional_time(HOUR), 73 * HOUR));
}

int main(void)
{
	const struct CMUnitTest schedule[] = {
		CHECK(every_2xx_is_a_success),
		CHECK(waits_grow_to_more_than_three_days),
		CHECK(a_test_is_tried_once),
		CHECK(retry_after_is_kept),
		CHECK(retry_after_is_read),
		CHECK(a_receiver_that_fails_is_left_alone),
		CHECK(a_delivery_that_is_refused_makes_no_pause),
		CHECK(requests_under_way_do_not_extend_the_pause),
		CHECK(retry_after_holds_for_all_deliveries),
		CHECK(a_webhook_is_disabled_after_three_days),
	};

	return CHECK_RUN(schedule);
}
