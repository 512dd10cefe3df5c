/* Who tries next among parked requests, and when. */
#include "lib/check.h"
#include "serve/parked.h"

#define WAITERS 8
#define NOW	1000000

static struct parked parked;
static struct waiter waiters[WAITERS];
static _Atomic uint64_t counters[PARKED_SOURCES];
static size_t woken[WAITERS], woken_count;

static int open_parked(void **state)
{
	check_setup(state);
	memset(&parked, 0, sizeof(parked));
	memset(waiters, 0, sizeof(waiters));
	memset(counters, 0, sizeof(counters));
	parked_init(&parked, counters, NOW);
	return 0;
}

static int close_parked(void **state)
{
	for (size_t i = 0; i < WAITERS; i++)
		parked_leave(&parked, &waiters[i]);
	assert_int_equal(parked.count, 0);
	for (size_t i = 0; i < PARKED_SOURCES; i++)
		assert_null(parked.sources[i]);
	return check_teardown(state);
}

#define PARKED_TEST(function) cmocka_unit_test_setup_teardown(function, open_parked, close_parked)

/* Parks a waiter whose attempt began now, for `ms`. */
static void park_for(size_t i, uint64_t key, unsigned source, int64_t ms)
{
	waiters[i].owner = &waiters[i];
	waiters[i].until_ms = NOW + ms;
	assert_true(parked_add(&parked, &waiters[i], key, source, counters[source]));
}

static void park(size_t i, uint64_t key)
{
	park_for(i, key, 0, 10000);
}

static void note(struct waiter *waiter, void *data)
{
	(void)data;
	woken[woken_count++] = (size_t)(waiter - waiters);
}

/* The number of waiters that have to try. */
static size_t wake(void)
{
	woken_count = 0;
	parked_wake(&parked, note, NULL);
	return woken_count;
}

static int number_of(const struct waiter *waiter)
{
	return waiter ? (int)(waiter - waiters) : -1;
}

/* The attempt of a waiter found something. */
static int found(size_t i)
{
	return number_of(parked_leave(&parked, &waiters[i]));
}

static void nobody_tries_without_a_change(void **state)
{
	(void)state;
	park(0, 1);
	park(1, 2);
	assert_int_equal(wake(), 0);
	assert_int_equal(parked.count, 2);
}

static void one_of_each_line_tries(void **state)
{
	(void)state;
	park(0, 1);
	park(1, 1);
	park(2, 2);
	park(3, 2);
	counters[0]++;
	assert_int_equal(wake(), 2);
	assert_int_equal(woken[0] + woken[1], 0 + 2);
	assert_int_equal(parked.count, 2);
	assert_int_equal(wake(), 0);
}

static void next_tries_when_one_has_found_something(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		park(i, 1);
	counters[0]++;
	assert_int_equal(wake(), 1);
	assert_int_equal(woken[0], 0);
	assert_int_equal(found(0), 1);
	assert_int_equal(found(1), 2);
	assert_int_equal(found(2), -1);
	assert_int_equal(parked.count, 0);
}

static void one_that_finds_nothing_keeps_its_place(void **state)
{
	(void)state;
	park(0, 1);
	park(1, 1);
	counters[0]++;
	assert_int_equal(wake(), 1);
	park(0, 1);
	assert_int_equal(wake(), 0);
	counters[0]++;
	assert_int_equal(wake(), 1);
	assert_int_equal(woken[0], 0);
}

static void change_during_an_attempt_wakes_again(void **state)
{
	uint64_t before = counters[0];

	(void)state;
	counters[0]++;
	waiters[0].until_ms = NOW + 1000;
	assert_true(parked_add(&parked, &waiters[0], 1, 0, before));
	assert_int_equal(wake(), 1);
	before = counters[0];
	counters[0]++;
	assert_int_equal(wake(), 0);
	assert_true(parked_add(&parked, &waiters[0], 1, 0, before));
	assert_int_equal(wake(), 1);
}

/* A waiter that came later has seen the new value: there is nothing for the line. */
static void line_takes_the_newest_attempt(void **state)
{
	(void)state;
	park(0, 1);
	counters[0]++;
	park(1, 1);
	assert_int_equal(wake(), 0);
}

static void other_sources_do_not_wake(void **state)
{
	(void)state;
	park_for(0, 1, 3, 10000);
	park_for(1, 1, 4, 10000);
	counters[4]++;
	assert_int_equal(wake(), 1);
	assert_int_equal(woken[0], 1);
}

static void next_tries_when_the_client_of_one_leaves(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		park(i, 1);
	counters[0]++;
	assert_int_equal(wake(), 1);
	assert_int_equal(found(1), -1);
	assert_int_equal(found(0), 2);
}

/* One that can find nothing any more must not keep the others of its line from trying. */
static void waiter_may_change_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++)
		park(i, 1);
	counters[0]++;
	assert_int_equal(wake(), 1);
	assert_null(parked_change_line(&parked, &waiters[0], 1));
	assert_int_equal(number_of(parked_change_line(&parked, &waiters[0], 9)), 1);
	park(0, 9);
	assert_int_equal(found(1), -1);
	assert_int_equal(parked.count, 1);
	counters[0]++;
	assert_int_equal(wake(), 1);
	assert_int_equal(woken[0], 0);
	assert_int_equal(found(0), -1);
	assert_null(parked_change_line(&parked, &waiters[0], 1));
}

static void waiter_that_gives_up_leaves_the_line_to_the_next_change(void **state)
{
	(void)state;
	park(0, 1);
	park(1, 1);
	counters[0]++;
	assert_int_equal(wake(), 1);
	parked_give_up(&parked, &waiters[0]);
	assert_null(waiters[0].line);
	assert_int_equal(wake(), 1);
	assert_int_equal(woken[0], 1);
}

static int due(int64_t ms)
{
	return number_of(parked_take_due(&parked, NOW + ms));
}

static void waits_end_at_their_time(void **state)
{
	(void)state;
	park_for(0, 1, 0, 5000);
	park_for(1, 2, 0, 50);
	park_for(2, 1, 0, 50);
	park_for(3, 1, 0, 0);
	assert_int_equal(due(PARKED_SLOT_MS), 3);
	assert_int_equal(due(49), -1);
	assert_int_equal(due(50 + PARKED_SLOT_MS), 1);
	assert_int_equal(due(50 + PARKED_SLOT_MS), 2);
	assert_int_equal(due(4999), -1);
	assert_int_equal(due(5000 + PARKED_SLOT_MS), 0);
	assert_int_equal(parked.count, 0);
}

static void wait_may_be_longer_than_the_wheel(void **state)
{
	const int64_t turn = (int64_t)PARKED_SLOT_MS * PARKED_SLOTS;

	(void)state;
	park_for(0, 1, 0, turn + 100);
	park_for(1, 1, 0, 100);
	assert_int_equal(due(200), 1);
	assert_int_equal(due(turn), -1);
	assert_int_equal(due(turn + 200), 0);
}

static void oldest_is_the_one_that_was_parked_first(void **state)
{
	(void)state;
	park(0, 1);
	park(1, 2);
	park(2, 1);
	assert_int_equal(found(0), -1);
	assert_int_equal(number_of(parked_take_oldest(&parked)), 1);
	assert_int_equal(number_of(parked_take_oldest(&parked)), 2);
	assert_int_equal(number_of(parked_take_oldest(&parked)), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PARKED_TEST(nobody_tries_without_a_change),
		PARKED_TEST(one_of_each_line_tries),
		PARKED_TEST(next_tries_when_one_has_found_something),
		PARKED_TEST(one_that_finds_nothing_keeps_its_place),
		PARKED_TEST(change_during_an_attempt_wakes_again),
		PARKED_TEST(line_takes_the_newest_attempt),
		PARKED_TEST(other_sources_do_not_wake),
		PARKED_TEST(next_tries_when_the_client_of_one_leaves),
		PARKED_TEST(waiter_may_change_its_line),
		PARKED_TEST(waiter_that_gives_up_leaves_the_line_to_the_next_change),
		PARKED_TEST(waits_end_at_their_time),
		PARKED_TEST(wait_may_be_longer_than_the_wheel),
		PARKED_TEST(oldest_is_the_one_that_was_parked_first),
	};

	return CHECK_RUN(tests);
}
