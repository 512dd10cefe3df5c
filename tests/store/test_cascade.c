/*
 * Removal of a task with its dependents in pieces, with other operations, a lost client or the end
 * of the process in between.
 */
#include "cascade_fixture.h"
#include "feed_fixture.h"
#include "store/tasks/path.h"

#define MANY 1500

static struct op removal(unsigned steps)
{
	return cascade_op(OP_REMOVE, 1, "\"t1\"", steps);
}

/* ---- any number ---- */

static void many_dependents_are_removed(void **state)
{
	struct store *store = *state;
	struct op op = removal(0);

	cascade_create_tree(store, MANY, MANY);
	cascade_create(store, MANY + 1, MANY + 7);
	apply_only(store, &op);
	assert_int_equal(count_all(store, CODE_A), 1);
	fixture_verify(store, 1);
}

static void each_removed_task_is_an_event(void **state)
{
	const struct op_feed query = {
		.start = FEED_FROM_FIRST, .limit = 100, .filter.types = 1U << FEED_REMOVED
	};
	struct store *store = *state;
	struct op op = removal(2);
	struct result result;

	cascade_create_tree(store, 9, 2);
	result = apply(store, &op);
	cascade_finish(&result, 2);
	store_result_free(&result);
	result = feed_read(store, "acme", &query);
	assert_int_equal(result.feed->count, 9);
	store_result_free(&result);
}

static void long_chain_is_removed(void **state)
{
	struct store *store = *state;
	struct op op = removal(0);

	cascade_create_tree(store, MANY, 1);
	apply_only(store, &op);
	fixture_verify(store, 0);
}

static void refusal_lists_many_dependents(void **state)
{
	struct store *store = *state;
	struct op op = removal(50);
	struct result result;
	struct err err = { 0 };
	struct task row;
	unsigned rows = 0;
	bool end = false;

	cascade_create_tree(store, MANY, 3);
	op.dependents.cascade = false;
	result = apply(store, &op);
	cascade_finish(&result, 50);
	assert_true(result.has_dependents && !result.more_dependents);
	for (;; rows++) {
		must(store_list_next(&result, &row, &end, &err), &err);
		if (end)
			break;
	}
	assert_int_equal(rows, MANY - 1);
	store_result_free(&result);
	fixture_verify(store, MANY);
}

static void few_dependents_take_one_transaction(void **state)
{
	struct store *store = *state;
	struct op op = removal(LIST_SLICE_STEPS);
	struct result result;

	cascade_create_tree(store, 26, 3);
	result = apply(store, &op);
	assert_false(result.unfinished);
	assert_int_equal(result.written, fixture_needs_flush(store));
	store_result_free(&result);
	fixture_verify(store, 0);
}

static void levels_count_as_memory(void **state)
{
	struct store *store = *state;
	struct op op = removal(MANY);
	struct result result;

	cascade_create_tree(store, MANY, 1);
	result = apply(store, &op);
	assert_true(result.unfinished);
	assert_in_range(store_result_memory(&result), MANY / 2 * sizeof(struct path_task),
		8 * MANY * sizeof(struct path_task));
	store_result_free(&result);
}

/* ---- between two pieces ---- */

static void no_piece_leaves_an_orphan(void **state)
{
	static const unsigned widths[] = { 1, 2, 30 };
	struct store *store = *state;
	unsigned pieces = 0;

	for (size_t i = 0; i < 3; i++) {
		struct op op = removal(7);
		struct result result;

		cascade_create_tree(store, 60, widths[i]);
		result = apply(store, &op);
		for (; result.unfinished; pieces++) {
			cascade_expect_no_orphan(store, 60, widths[i]);
			cascade_go_on_once(&result, 7);
		}
		store_result_free(&result);
		fixture_verify(store, 0);
	}
	assert_true(pieces > 50);
}

/* A worker draws some between two pieces: for other requests, and to back off. */
static void random_numbers_do_not_disturb_a_removal(void **state)
{
	static const unsigned widths[] = { 1, 3 };
	struct store *store = *state;
	struct op op = removal(7);

	for (size_t i = 0; i < 2; i++) {
		struct result result;

		cascade_create_tree(store, 300, widths[i]);
		result = apply(store, &op);
		while (result.unfinished) {
			store_random(store);
			cascade_go_on_once(&result, 7);
		}
		store_result_free(&result);
		assert_int_equal(count_all(store, CODE_A), 0);
	}
}

static void dropped_removal_can_be_repeated(void **state)
{
	struct store *store = *state;
	struct op op = removal(20);
	struct result result;

	cascade_create_tree(store, 200, 4);
	for (unsigned i = 0; i < 5; i++) {
		result = apply(store, &op);
		cascade_go_on_once(&result, 20);
		assert_true(result.unfinished);
		store_result_free(&result);
		cascade_expect_no_orphan(store, 200, 4);
	}
	assert_in_range(count_all(store, CODE_A), 1, 180);
	result = apply(store, &op);
	cascade_finish(&result, 20);
	store_result_free(&result);
	fixture_verify(store, 0);
}

static void new_dependents_are_found(void **state)
{
	struct store *store = *state;
	struct op op = removal(5);
	struct result result;

	cascade_create_tree(store, 50, 3);
	result = apply(store, &op);
	for (unsigned n = 0; result.unfinished; n++) {
		bool archived;

		if (n < 40 && cascade_exists(store, n % 20 + 1, &archived))
			cascade_create(store, 100 + n, n % 20 + 1);
		cascade_go_on_once(&result, 5);
	}
	store_result_free(&result);
	fixture_verify(store, 0);
}

/* Task 2 leaves the tree with its own dependents while the path leads through it. */
static void tasks_that_have_left_are_kept(void **state)
{
	struct store *store = *state;
	struct op op = removal(4);
	struct result result;
	bool archived;

	cascade_create_tree(store, 60, 1);
	result = apply(store, &op);
	for (unsigned i = 0; i < 8; i++)
		cascade_go_on_once(&result, 4);
	cascade_move(store, 2, "\"elsewhere\"");
	cascade_finish(&result, 4);
	store_result_free(&result);
	assert_false(cascade_exists(store, 1, &archived));
	assert_true(cascade_exists(store, 60, &archived));
	fixture_verify(store, 59);
}

static void circle_that_arises_meanwhile_is_kept(void **state)
{
	struct store *store = *state;
	struct op op = removal(2);
	struct result result;

	cascade_create_tree(store, 9, 1);
	result = apply(store, &op);
	for (unsigned i = 0; i < 2; i++)
		cascade_go_on_once(&result, 2);
	cascade_move(store, 3, "\"t5\"");
	cascade_finish(&result, 2);
	store_result_free(&result);
	fixture_verify(store, 7);
}

static void ring_longer_than_a_piece_is_removed(void **state)
{
	struct store *store = *state;
	struct op op = removal(3);
	struct result result;

	cascade_create_tree(store, 40, 1);
	cascade_move(store, 1, "\"t40\"");
	result = apply(store, &op);
	cascade_finish(&result, 3);
	store_result_free(&result);
	fixture_verify(store, 0);
}

/* ---- conditions ---- */

static void task_that_changes_meanwhile_is_kept(void **state)
{
	struct store *store = *state;
	struct op op = removal(5);
	struct result result;
	struct err err = { 0 };
	bool archived;

	cascade_create_tree(store, 50, 3);
	op.if_match[op.if_match_count++] = 1;
	result = apply(store, &op);
	cascade_go_on_once(&result, 5);
	cascade_move(store, 1, "\"x\"");
	assert_false(store_go_on(&result, 5, &err));
	assert_code(err.code, ERR_PRECONDITION);
	store_result_free(&result);
	assert_true(cascade_exists(store, 1, &archived));
	cascade_expect_no_orphan(store, 50, 3);
}

static void condition_is_tested_before_dependents(void **state)
{
	struct store *store = *state;
	struct op op = removal(5);

	cascade_create_tree(store, 50, 3);
	op.if_match[op.if_match_count++] = 7;
	assert_code(fixture_error(store, &op), ERR_PRECONDITION);
	fixture_verify(store, 50);
}

static void second_removal_finds_nothing(void **state)
{
	struct store *store = *state;
	struct op op = removal(5), other = removal(0);
	struct result result;
	struct err err = { 0 };

	cascade_create_tree(store, 50, 3);
	result = apply(store, &op);
	apply_only(store, &other);
	assert_false(store_go_on(&result, 5, &err));
	assert_code(err.code, ERR_NOT_FOUND);
	store_result_free(&result);
	fixture_verify(store, 0);
}

/* libdb leaks buffers of a private environment whose cache was full. */
#define IN_FILES_AND_MEMORY(function)                                         \
	FIXTURE_TEST(function, "Berkeley DB in files", fixture_setup_folder), \
		FIXTURE_TEST(function, "memory engine", fixture_setup_memory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FILES_AND_MEMORY(many_dependents_are_removed),
		IN_FILES_AND_MEMORY(each_removed_task_is_an_event),
		IN_FILES_AND_MEMORY(long_chain_is_removed),
		IN_FILES_AND_MEMORY(refusal_lists_many_dependents),
		IN_FILES_AND_MEMORY(levels_count_as_memory),
		ON_EVERY_ENGINE(few_dependents_take_one_transaction),
		ON_EVERY_ENGINE(no_piece_leaves_an_orphan),
		ON_EVERY_ENGINE(random_numbers_do_not_disturb_a_removal),
		ON_EVERY_ENGINE(dropped_removal_can_be_repeated),
		ON_EVERY_ENGINE(new_dependents_are_found),
		ON_EVERY_ENGINE(tasks_that_have_left_are_kept),
		ON_EVERY_ENGINE(circle_that_arises_meanwhile_is_kept),
		ON_EVERY_ENGINE(ring_longer_than_a_piece_is_removed),
		ON_EVERY_ENGINE(task_that_changes_meanwhile_is_kept),
		ON_EVERY_ENGINE(condition_is_tested_before_dependents),
		ON_EVERY_ENGINE(second_removal_finds_nothing),
	};

	fixture_tables = operation_tables;
	return CHECK_RUN(tests);
}
