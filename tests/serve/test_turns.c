/* Whose turn it is: accounts and their requests. */
#include "lib/check.h"
#include "serve/connection.h"

#define CONNECTIONS 16

static struct turns turns;
static struct connection connections[CONNECTIONS];

static int open_turns(void **state)
{
	check_setup(state);
	memset(&turns, 0, sizeof(turns));
	memset(connections, 0, sizeof(connections));
	turns_init(&turns);
	return 0;
}

static int close_turns(void **state)
{
	for (size_t i = 0; i < CONNECTIONS; i++) {
		if (!connections[i].account)
			continue;
		turns_cancel(&turns, &connections[i]);
		turns_hold(&turns, &connections[i], false, 0);
		turns_leave(&turns, connections[i].account);
	}
	assert_int_equal(turns.waiting, 0);
	assert_int_equal(turns.lists, 0);
	assert_int_equal(turns.held_bytes, 0);
	turns_free(&turns);
	return check_teardown(state);
}

#define TURNS_TEST(function) cmocka_unit_test_setup_teardown(function, open_turns, close_turns)

static void wait_in(size_t i, uint64_t tenant, uint64_t key, enum turn_queue queue)
{
	connections[i].account = turns_enter(&turns, key, tenant);
	assert_non_null(connections[i].account);
	turns_wait(&turns, &connections[i], queue);
}

/* Each account in a tenant of its own. */
static void wait_for(size_t i, uint64_t key, enum turn_queue queue)
{
	wait_in(i, key, key, queue);
}

/* The number of the connection that has the next turn; -1: none. */
static int next(enum turns_choice choice)
{
	enum turn_queue queue;
	struct connection *conn = turns_next(&turns, choice, &queue);

	return conn ? (int)(conn - connections) : -1;
}

/* Takes a turn of `us`; the connection waits again in a queue, or with TURN_NONE does not. */
static int take(int64_t us, enum turn_queue again)
{
	int i = next(TURNS_ANY);

	if (i < 0)
		return i;
	if (again != TURN_NONE)
		turns_wait(&turns, &connections[i], again);
	turns_spend(&turns, connections[i].account, us);
	return i;
}

static void short_request_waits_for_one_slice_of_another_account(void **state)
{
	(void)state;
	for (size_t i = 0; i < 8; i++)
		wait_for(i, 1, TURN_NEW_LIST);
	assert_int_equal(take(TURN_US, TURN_LIST), 0);
	wait_for(8, 2, TURN_SHORT);
	assert_int_equal(take(10, TURN_NONE), 8);
}

static void accounts_with_lists_alternate(void **state)
{
	(void)state;
	wait_for(0, 1, TURN_LIST);
	wait_for(1, 2, TURN_LIST);
	for (int i = 0; i < 6; i++)
		assert_int_equal(take(TURN_US, TURN_LIST), i % 2);
}

static void cheap_turns_of_an_account_follow_each_other(void **state)
{
	(void)state;
	wait_for(0, 1, TURN_SHORT);
	wait_for(1, 2, TURN_SHORT);
	wait_for(2, 1, TURN_SHORT);
	assert_int_equal(take(TURN_US / 4, TURN_NONE), 0);
	assert_int_equal(take(TURN_US / 4, TURN_NONE), 2);
	assert_int_equal(take(TURN_US / 4, TURN_NONE), 1);
	assert_int_equal(take(0, TURN_NONE), -1);
}

static void account_begins_few_lists_at_a_time(void **state)
{
	int begun = 0;

	(void)state;
	for (size_t i = 0; i < 8; i++)
		wait_for(i, 1, TURN_NEW_LIST);
	for (int i = 0; i < 40; i++) {
		int turn = take(TURN_US, TURN_LIST);

		begun = turn > begun ? turn : begun;
	}
	assert_int_equal(begun + 1, TURNS_LISTS_PER_ACCOUNT);
}

static void short_requests_and_lists_of_an_account_alternate(void **state)
{
	(void)state;
	wait_for(0, 1, TURN_LIST);
	wait_for(1, 1, TURN_SHORT);
	wait_for(2, 1, TURN_SHORT);
	assert_int_equal(take(10, TURN_NONE), 1);
	assert_int_equal(take(TURN_US, TURN_LIST), 0);
	assert_int_equal(take(10, TURN_NONE), 2);
}

static void only_short_requests_are_taken_if_asked_for(void **state)
{
	(void)state;
	wait_for(0, 1, TURN_LIST);
	assert_int_equal(next(TURNS_SHORT_ONLY), -1);
	wait_for(1, 1, TURN_SHORT);
	assert_int_equal(next(TURNS_SHORT_ONLY), 1);
}

static void cancelled_request_has_no_turn(void **state)
{
	(void)state;
	wait_for(0, 1, TURN_LIST);
	turns_cancel(&turns, &connections[0]);
	assert_int_equal(next(TURNS_ANY), -1);
}

static void held_responses_are_counted_by_account_and_in_all(void **state)
{
	(void)state;
	wait_for(0, 1, TURN_SHORT);
	wait_for(1, 1, TURN_SHORT);
	wait_for(2, 2, TURN_SHORT);
	turns_hold(&turns, &connections[0], true, 100);
	turns_hold(&turns, &connections[1], true, 10);
	turns_hold(&turns, &connections[2], true, 1);
	turns_hold(&turns, &connections[0], true, 50);
	assert_int_equal(connections[0].account->held_bytes, 60);
	assert_int_equal(turns.held_bytes, 61);
	assert_int_equal(turns.held, 3);
}

/* A list in slices has no response yet. */
static void memory_without_a_response_counts_as_held(void **state)
{
	(void)state;
	wait_for(0, 1, TURN_SHORT);
	turns_hold(&turns, &connections[0], false, 100);
	assert_int_equal(turns.held, 0);
	assert_int_equal(turns.held_bytes, 100);
	assert_true(turns_holds_share(&turns, connections[0].account, 1000, 199));
	turns_hold(&turns, &connections[0], false, 0);
	assert_int_equal(turns.holders, 0);
}

static void equal_holders_leave_a_share_for_a_newcomer(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		wait_for(i, i + 1, TURN_SHORT);
		turns_hold(&turns, &connections[i], true, 10);
	}
	assert_false(turns_holds_share(&turns, connections[0].account, 5, 40));
	assert_true(turns_holds_share(&turns, connections[0].account, 4, 40));
	assert_true(turns_holds_share(&turns, connections[0].account, 5, 39));
}

/* ---- tenants ---- */

static void users_of_a_tenant_share_its_turn(void **state)
{
	(void)state;
	for (size_t i = 0; i < 8; i++)
		wait_in(i, 1, 10 + i, TURN_SHORT);
	assert_int_equal(take(TURN_US / 2, TURN_NONE), 0);
	assert_int_equal(take(TURN_US / 2, TURN_NONE), 1);
	wait_in(8, 2, 20, TURN_SHORT);
	wait_in(9, 2, 20, TURN_SHORT);
	assert_int_equal(take(10, TURN_NONE), 8);
	assert_int_equal(take(10, TURN_NONE), 9);
	assert_int_equal(take(10, TURN_NONE), 2);
}

static void worker_is_contended_while_a_light_tenant_is_served_beside_another(void **state)
{
	(void)state;
	turns.now_us = 1;
	wait_for(0, 1, TURN_LIST);
	assert_int_equal(take(TURN_US, TURN_LIST), 0);
	assert_false(turns_are_contended(&turns));
	wait_for(1, 2, TURN_SHORT);
	assert_int_equal(take(10, TURN_NONE), 1);
	assert_true(turns_are_contended(&turns));
	turns.now_us += TURNS_CONTENDED_US;
	assert_false(turns_are_contended(&turns));
}

static void worker_is_shared_while_several_accounts_have_turns(void **state)
{
	(void)state;
	wait_in(0, 1, 10, TURN_SHORT);
	wait_in(1, 1, 10, TURN_SHORT);
	assert_int_equal(take(10, TURN_NONE) + take(10, TURN_NONE), 1);
	assert_false(turns_are_shared(&turns));
	wait_in(2, 1, 11, TURN_SHORT);
	take(10, TURN_NONE);
	assert_true(turns_are_shared(&turns));
	turns.now_us += TURNS_SHARED_US;
	assert_false(turns_are_shared(&turns));
}

static void clients_without_a_principal_do_not_make_it_contended(void **state)
{
	(void)state;
	turns.now_us = 1;
	wait_for(0, 1, TURN_LIST);
	assert_int_equal(take(TURN_US, TURN_LIST), 0);
	wait_in(1, 0, 2, TURN_SHORT);
	assert_int_equal(take(10, TURN_NONE), 1);
	assert_false(turns_are_contended(&turns));
}

static void only_light_tenants_are_taken_if_asked_for(void **state)
{
	(void)state;
	wait_for(0, 1, TURN_SHORT);
	wait_for(1, 1, TURN_SHORT);
	assert_int_equal(take(TURN_US, TURN_NONE), 0);
	assert_int_equal(next(TURNS_LIGHT_ONLY), -1);
	wait_for(2, 2, TURN_LIST);
	assert_int_equal(next(TURNS_LIGHT_ONLY), -1);
	wait_for(3, 3, TURN_SHORT);
	assert_int_equal(next(TURNS_LIGHT_ONLY), 3);
}

static void debt_outlives_the_requests_of_a_tenant(void **state)
{
	(void)state;
	wait_for(0, 1, TURN_SHORT);
	assert_int_equal(take(50 * TURN_US, TURN_NONE), 0);
	turns_leave(&turns, connections[0].account);
	wait_for(0, 1, TURN_SHORT);
	assert_int_equal(next(TURNS_LIGHT_ONLY), -1);
	assert_int_equal(next(TURNS_ANY), 0);
}

static void debt_outlives_the_requests_of_many_other_tenants(void **state)
{
	(void)state;
	wait_for(0, 1, TURN_SHORT);
	assert_int_equal(take(50 * TURN_US, TURN_NONE), 0);
	turns_leave(&turns, connections[0].account);
	for (uint64_t key = 2; key < 5000; key++) {
		wait_for(0, key, TURN_SHORT);
		assert_int_equal(take(TURN_US / 10, TURN_NONE), 0);
		turns_leave(&turns, connections[0].account);
	}
	wait_for(0, 1, TURN_SHORT);
	assert_int_equal(next(TURNS_LIGHT_ONLY), -1);
}

static void time_pays_a_debt(void **state)
{
	(void)state;
	wait_for(0, 1, TURN_SHORT);
	assert_int_equal(take(50 * TURN_US, TURN_NONE), 0);
	turns.now_us += 50 * TURN_US * SHARE_REFILL;
	wait_for(1, 1, TURN_SHORT);
	assert_int_equal(next(TURNS_LIGHT_ONLY), 1);
}

/* Light tenants may have a turn in every round. */
static void tenant_becomes_light_while_it_waits(void **state)
{
	(void)state;
	wait_for(0, 1, TURN_SHORT);
	wait_for(1, 1, TURN_SHORT);
	assert_int_equal(take(50 * TURN_US, TURN_NONE), 0);
	wait_for(2, 2, TURN_SHORT);
	turns.now_us += 50 * TURN_US * SHARE_REFILL;
	assert_int_equal(next(TURNS_LIGHT_ONLY), 2);
	assert_int_equal(next(TURNS_LIGHT_ONLY), 1);
}

/* ---- large bodies ---- */

static void one_large_body_is_read_at_a_time(void **state)
{
	(void)state;
	wait_for(0, 1, TURN_LARGE);
	wait_for(1, 2, TURN_LARGE);
	assert_int_equal(next(TURNS_ANY), 0);
	turns.large = &connections[0];
	assert_int_equal(next(TURNS_ANY), -1);
	turns_wait(&turns, &connections[0], TURN_BODY);
	assert_int_equal(next(TURNS_ANY), 0);
	turns.large = NULL;
	assert_int_equal(next(TURNS_ANY), 1);
}

static void long_request_waits_for_its_tenant_s_debt_while_contended(void **state)
{
	(void)state;
	turns.now_us = 1;
	wait_for(0, 1, TURN_LARGE);
	wait_for(1, 1, TURN_WHOLE);
	assert_int_equal(take(50 * TURN_US, TURN_NONE), 0);
	wait_for(2, 2, TURN_SHORT);
	assert_int_equal(take(10, TURN_NONE), 2);
	assert_int_equal(next(TURNS_ANY), -1);
	turns.now_us += 50 * TURN_US * SHARE_REFILL;
	turns.contended_until_us = turns.now_us + 1;
	assert_int_equal(next(TURNS_ANY), 1);
}

static void large_body_does_not_wait_for_long_for_the_debt_of_another_user(void **state)
{
	(void)state;
	turns.now_us = 1;
	wait_in(0, 1, 1, TURN_LARGE);
	wait_in(1, 1, 2, TURN_LARGE);
	assert_int_equal(take(10 * TURN_US, TURN_LARGE), 0);
	turns.now_us += TURNS_LARGE_WAIT_US - 1;
	turns_spend(&turns, connections[0].account, 10 * TURN_US);
	wait_for(2, 3, TURN_SHORT);
	assert_int_equal(take(10, TURN_NONE), 2);
	assert_int_equal(next(TURNS_ANY), -1);
	turns.now_us++;
	assert_int_equal(next(TURNS_ANY), 1);
}

/* Many may be woken at once. */
static void woken_request_and_another_one_alternate(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		wait_for(i, 1, TURN_WOKEN);
	assert_int_equal(take(10, TURN_NONE), 0);
	wait_for(3, 1, TURN_SHORT);
	assert_int_equal(take(10, TURN_NONE), 3);
	wait_for(4, 1, TURN_SHORT);
	wait_for(5, 1, TURN_SHORT);
	assert_int_equal(take(10, TURN_NONE), 1);
	assert_int_equal(next(TURNS_NOT_WOKEN), 4);
	assert_int_equal(next(TURNS_SHORT_ONLY), 5);
	assert_int_equal(next(TURNS_NOT_WOKEN), -1);
	wait_for(6, 1, TURN_LIST);
	assert_int_equal(next(TURNS_SHORT_OR_WOKEN), 2);
	assert_int_equal(next(TURNS_SHORT_OR_WOKEN), -1);
	assert_int_equal(next(TURNS_ANY), 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TURNS_TEST(short_request_waits_for_one_slice_of_another_account),
		TURNS_TEST(accounts_with_lists_alternate),
		TURNS_TEST(cheap_turns_of_an_account_follow_each_other),
		TURNS_TEST(account_begins_few_lists_at_a_time),
		TURNS_TEST(short_requests_and_lists_of_an_account_alternate),
		TURNS_TEST(only_short_requests_are_taken_if_asked_for),
		TURNS_TEST(cancelled_request_has_no_turn),
		TURNS_TEST(held_responses_are_counted_by_account_and_in_all),
		TURNS_TEST(memory_without_a_response_counts_as_held),
		TURNS_TEST(equal_holders_leave_a_share_for_a_newcomer),
		TURNS_TEST(users_of_a_tenant_share_its_turn),
		TURNS_TEST(worker_is_contended_while_a_light_tenant_is_served_beside_another),
		TURNS_TEST(worker_is_shared_while_several_accounts_have_turns),
		TURNS_TEST(clients_without_a_principal_do_not_make_it_contended),
		TURNS_TEST(only_light_tenants_are_taken_if_asked_for),
		TURNS_TEST(debt_outlives_the_requests_of_a_tenant),
		TURNS_TEST(debt_outlives_the_requests_of_many_other_tenants),
		TURNS_TEST(time_pays_a_debt),
		TURNS_TEST(tenant_becomes_light_while_it_waits),
		TURNS_TEST(one_large_body_is_read_at_a_time),
		TURNS_TEST(long_request_waits_for_its_tenant_s_debt_while_contended),
		TURNS_TEST(large_body_does_not_wait_for_long_for_the_debt_of_another_user),
		TURNS_TEST(woken_request_and_another_one_alternate),
	};

	return CHECK_RUN(tests);
}
