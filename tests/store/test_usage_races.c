/* Several processes change the tasks of a tenant at the same time: every change is counted. */
#include <stdio.h>

#include "race.h"
#include "usage_fixture.h"

#define ROUNDS 200
#define MOST   (ROUNDS * RACERS / 2)

static void create_too_many(struct store *store, unsigned racer)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct op op = fixture_op(OP_CREATE, 1 + round * RACERS + racer);
		struct err err = { 0 };

		race_line_up(round);
		if (crowd_apply(store, &op, &err))
			track->made++;
		else if (err.code == ERR_STORAGE_QUOTA)
			track->given++;
		else
			track->wrong++;
	}
	race_leave(store);
}

static void concurrent_creators_do_not_exceed_the_quota(void **state)
{
	struct store *store = crowd_recover("usage");

	(void)state;
	usage_set_quota(store, MOST, 0);
	store_close(store);
	race_run(create_too_many);
	assert_int_equal(track->made, MOST);
	/* ERR_BUSY may happen, rarely */
	assert_int_equal(track->given + track->wrong, MOST);
	assert_true(track->wrong <= ROUNDS / 50);
	store = crowd_recover("usage");
	fixture_verify(store, MOST);
	assert_int_equal(usage_of(store, "acme").tasks, MOST);
	store_close(store);
}

static void work_on_own_tenant(struct store *store, unsigned racer)
{
	char tenant[8];

	snprintf(tenant, sizeof(tenant), "t%u", racer % 2);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct op op = fixture_op(OP_CREATE, 1 + round * RACERS + racer);
		struct op removal = fixture_op(OP_REMOVE, 1 + round * RACERS + racer);
		struct result result = { 0 };

		op.tenant = removal.tenant = str_cstr(tenant);
		op.assign_number = racer < 2;
		race_insist(store, &op, &result);
		store_result_free(&result);
		if (round % 3 == 0) {
			race_insist(store, &removal, &result);
			store_result_free(&result);
		}
	}
	race_leave(store);
}

static void concurrent_changes_are_all_counted(void **state)
{
	struct store *store = crowd_recover("changes");

	(void)state;
	store_close(store);
	race_run(work_on_own_tenant);
	store = crowd_recover("changes");
	fixture_verify(store, RACERS * (ROUNDS - (ROUNDS + 2) / 3));
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RACE(concurrent_creators_do_not_exceed_the_quota),
		RACE(concurrent_changes_are_all_counted),
	};

	check_use_disk();
	return CHECK_RUN(tests);
}
