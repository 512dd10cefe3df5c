/* Several processes change the same tasks: each change has its entry, in the order of revisions. */
#include "journal_fixture.h"
#include "race.h"

#define ROUNDS 100
#define TASKS  3

static void change_tasks(struct store *store, unsigned racer)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct op op = fixture_op(OP_UPDATE, 1 + (round + racer) % TASKS);
		struct result result = { 0 };

		op.change.set = CHANGE_PRIORITY;
		op.change.priority = (int32_t)(round * RACERS + racer);
		race_line_up(round);
		race_insist(store, &op, &result);
		store_result_free(&result);
	}
	race_leave(store);
}

static uint64_t check_chain(struct store *store, unsigned number)
{
	struct result result = journal_page(store, number, 0, OP_HISTORY_MAX);
	uint64_t revision = result.task.revision;

	assert_int_equal(result.history_count, revision);
	for (size_t i = 0; i < result.history_count; i++) {
		assert_int_equal(result.history[i].revision, revision - i);
		assert_true(i == 0 || result.history[i].previous < result.history[i - 1].previous);
	}
	assert_false(result.history_cut);
	store_result_free(&result);
	return revision;
}

static void chains_have_the_order_of_the_changes(void **state)
{
	struct store *store = crowd_recover("journal");
	uint64_t changes = 0;

	(void)state;
	for (unsigned n = 1; n <= TASKS; n++)
		fixture_create(store, n, "new", NULL);
	store_close(store);
	race_run(change_tasks);
	store = crowd_recover("journal");
	for (unsigned n = 1; n <= TASKS; n++)
		changes += check_chain(store, n) - 1;
	assert_int_equal(changes, ROUNDS * RACERS);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RACE(chains_have_the_order_of_the_changes),
	};

	check_use_disk();
	return CHECK_RUN(tests);
}
