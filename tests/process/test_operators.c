/* The limits on operators: working ones, idle ones, and users. */
#include "lib/check.h"
#include "process/operators.h"

#define NOW   1000000
#define ROOT  0
#define OWNER 999

static struct operator_place places[OPERATORS_ALL];
static size_t count;

static int clear(void **state)
{
	count = 0;
	memset(places, 0, sizeof(places));
	return check_setup(state);
}

static void add(size_t number, uid_t uid, int64_t waiting_since)
{
	while (number-- > 0)
		places[count++] = (struct operator_place){ .uid = uid,
			.waiting_since = waiting_since };
}

static enum operators_answer decide(uid_t uid, size_t *displaced)
{
	*displaced = SIZE_MAX;
	return operators_decide(places, count, uid, NOW, displaced);
}

static void expect(uid_t uid, enum operators_answer answer)
{
	size_t displaced;

	assert_int_equal(decide(uid, &displaced), answer);
	assert_int_equal(displaced, SIZE_MAX);
}

static void expect_displaced(uid_t uid, size_t index)
{
	size_t displaced;

	assert_int_equal(decide(uid, &displaced), OPERATORS_DISPLACE);
	assert_int_equal(displaced, index);
}

static void first_operator_starts(void **state)
{
	(void)state;
	expect(ROOT, OPERATORS_START);
}

static void working_operators_of_a_user_are_limited(void **state)
{
	(void)state;
	add(OPERATORS_USER_WORKING - 1, OWNER, 0);
	expect(OWNER, OPERATORS_START);
	add(1, OWNER, 0);
	expect(OWNER, OPERATORS_FULL);
	expect(ROOT, OPERATORS_START);
}

static void working_operators_of_all_users_are_limited(void **state)
{
	(void)state;
	add(OPERATORS_USER_WORKING, OWNER, 0);
	add(OPERATORS_WORKING - OPERATORS_USER_WORKING, ROOT, 0);
	expect(ROOT, OPERATORS_FULL);
}

static void short_wait_counts_as_work(void **state)
{
	(void)state;
	add(OPERATORS_USER_WORKING, OWNER, NOW - OPERATORS_WAITING_MS + 1);
	expect(OWNER, OPERATORS_FULL);
}

static void idle_operators_do_not_count_as_working(void **state)
{
	(void)state;
	add(OPERATORS_USER_ALL - 1, OWNER, NOW - OPERATORS_WAITING_MS);
	expect(OWNER, OPERATORS_START);
}

static void operator_that_waited_longest_is_displaced(void **state)
{
	(void)state;
	add(OPERATORS_USER_ALL - 2, OWNER, NOW - 5000);
	add(1, OWNER, NOW - 7000);
	add(1, OWNER, 0);
	expect_displaced(OWNER, OPERATORS_USER_ALL - 2);
}

static void user_at_the_limit_displaces_only_its_own_operator(void **state)
{
	(void)state;
	add(1, ROOT, NOW - 9000);
	add(OPERATORS_USER_ALL, OWNER, NOW - 5000);
	expect_displaced(OWNER, 1);
	expect(ROOT, OPERATORS_START);
}

static void user_with_most_operators_makes_room_for_another(void **state)
{
	(void)state;
	add(OPERATORS_ALL - OPERATORS_USER_ALL, ROOT, NOW - 9000);
	add(OPERATORS_USER_ALL, OWNER, NOW - 5000);
	expect_displaced(ROOT, OPERATORS_ALL - OPERATORS_USER_ALL);
}

static void one_operator_is_displaced_at_a_time(void **state)
{
	(void)state;
	add(OPERATORS_USER_ALL, OWNER, NOW - 5000);
	places[3].leaving = true;
	expect(OWNER, OPERATORS_LATER);
	expect(ROOT, OPERATORS_START);
}

static void working_operators_are_not_displaced(void **state)
{
	(void)state;
	add(OPERATORS_USER_WORKING - 1, OWNER, 0);
	add(OPERATORS_USER_ALL - OPERATORS_USER_WORKING + 1, OWNER, NOW - 5000);
	expect_displaced(OWNER, OPERATORS_USER_WORKING - 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, clear, check_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(first_operator_starts),
		TEST(working_operators_of_a_user_are_limited),
		TEST(working_operators_of_all_users_are_limited),
		TEST(short_wait_counts_as_work),
		TEST(idle_operators_do_not_count_as_working),
		TEST(operator_that_waited_longest_is_displaced),
		TEST(user_at_the_limit_displaces_only_its_own_operator),
		TEST(user_with_most_operators_makes_room_for_another),
		TEST(one_operator_is_displaced_at_a_time),
		TEST(working_operators_are_not_displaced),
	};

	return CHECK_RUN(tests);
}
