/*
 * Lists that read and test rows, LIST_SCAN_MAX at most: with more, they are refused or partial. One
 * store of LIST_SCAN_MAX + 1000 tasks serves all tests of an engine; they only read. Berkeley DB in
 * memory would need a larger cache.
 */
#include <stdlib.h>

#include "query_model.h"

#define TASKS	 (LIST_SCAN_MAX + 1000)
#define PER_CALL 1000
#define ODD	 20500 /* the one task with the type "b" */

static void fill(struct store *store)
{
	struct task *tasks = calloc(PER_CALL, sizeof(*tasks));
	struct err err = { 0 };

	assert_non_null(tasks);
	for (unsigned first = 0; first < TASKS; first += PER_CALL) {
		for (unsigned i = 0; i < PER_CALL; i++)
			query_set_task(&tasks[i], first + i, first + i == ODD ? "\"b\"" : "\"a\"");
		must(store_put_tasks(store, tasks, PER_CALL, &err), &err);
	}
	free(tasks);
}

/* A page of 10 with its total. */
static struct op list(void)
{
	struct op op = fixture_op(OP_LIST, 0);

	op.dialect = CODE_A;
	op.list.limit = 10;
	op.list.want_total = true;
	return op;
}

static struct result open_list(struct store *store, const struct op *op)
{
	struct result result = { 0 };
	struct err err = { 0 };

	must(store_apply(store, op, &result, &err), &err);
	return result;
}

/* Reads to the end; *row is the last one. */
static void read_all(struct result *result, struct task *row)
{
	struct err err = { 0 };
	struct task next;
	bool end = false;

	for (;;) {
		must(store_list_next(result, &next, &end, &err), &err);
		if (end)
			break;
		*row = next;
	}
}

static void two_large_conditions_are_too_broad(struct store *store)
{
	struct op op = list();

	list_filter_add(&op.list, Q_TYPE, STR("\"a\""));
	list_filter_add(&op.list, Q_GROUP, STR("\"x\""));
	assert_code(fixture_error(store, &op), ERR_TOO_BROAD);
}

static bool is_even(const void *data, const struct task *task)
{
	(void)data;
	return task->created % 2 == 0;
}

static void test_of_many_rows_is_too_broad(struct store *store)
{
	struct op op = list();

	op.list.test = is_even;
	assert_code(fixture_error(store, &op), ERR_TOO_BROAD);
}

static void test_of_a_time_range_has_its_total(struct store *store)
{
	struct op op = list();
	struct result result;

	op.list.test = is_even;
	op.list.updated = (struct list_time_range){ 1000, optional_time(1101) };
	list_sort_add(&op.list, INDEX_BY_UPDATED, false);
	result = open_list(store, &op);
	assert_true(result.total_known);
	assert_int_equal(result.total, 51);
	store_result_free(&result);
}

/* Entries of equal value are in the order of creation. */
static void implied_sorts_cost_nothing(struct store *store)
{
	struct op op = list();
	struct result result;
	struct task row = { 0 };

	list_sort_add(&op.list, Q_TYPE, true);
	list_sort_add(&op.list, INDEX_BY_CREATED, true);
	op.list.offset = 1;
	op.list.limit = 1;
	result = open_list(store, &op);
	read_all(&result, &row);
	assert_int_equal(result.total, TASKS);
	assert_int_equal(row.created, 1000 + TASKS - 1);
	store_result_free(&result);
}

static void other_sorts_are_too_broad(struct store *store)
{
	struct op op = list();

	list_sort_add(&op.list, Q_TYPE, true);
	list_sort_add(&op.list, INDEX_BY_CREATED, false);
	assert_code(fixture_error(store, &op), ERR_TOO_BROAD);
}

static void smallest_condition_is_read(struct store *store)
{
	struct op op = list();
	struct result result;

	list_filter_add(&op.list, Q_TYPE, STR("\"b\""));
	list_filter_add(&op.list, Q_GROUP, STR("\"x\""));
	result = open_list(store, &op);
	assert_true(result.total_known);
	assert_int_equal(result.total, 1);
	store_result_free(&result);
}

static void one_condition_in_another_order_has_its_total(struct store *store)
{
	struct op op = list();
	struct result result;
	struct task row;
	struct err err = { 0 };
	bool end;

	list_filter_add(&op.list, Q_TYPE, STR("\"a\""));
	list_sort_add(&op.list, INDEX_BY_UPDATED, true);
	result = open_list(store, &op);
	assert_true(result.total_known);
	assert_int_equal(result.total, TASKS - 1);
	must(store_list_next(&result, &row, &end, &err), &err);
	assert_false(end);
	assert_int_equal(row.updated, 1000 + TASKS - 1);
	store_result_free(&result);
}

static void last_page_is_reached_from_the_end(struct store *store)
{
	struct op op = list();
	struct result result;
	struct task row = { 0 };

	list_filter_add(&op.list, Q_TYPE, STR("\"a\""));
	list_sort_add(&op.list, INDEX_BY_UPDATED, true);
	op.list.offset = TASKS - 5;
	result = open_list(store, &op);
	read_all(&result, &row);
	assert_int_equal(result.rows_returned, 4);
	assert_int_equal(row.updated, 1000);
	store_result_free(&result);
}

static void condition_of_all_tasks_has_its_total(struct store *store)
{
	struct op op = list();
	struct result result;

	list_filter_add(&op.list, Q_GROUP, STR("\"x\""));
	list_sort_add(&op.list, INDEX_BY_UPDATED, true);
	result = open_list(store, &op);
	assert_true(result.total_known);
	assert_int_equal(result.total, TASKS);
	store_result_free(&result);
}

static void partial_list_has_a_cursor(struct store *store)
{
	struct op op = list();
	struct result result;
	struct task row = { 0 };

	list_filter_add(&op.list, Q_GROUP, STR("\"x\""));
	list_filter_add(&op.list, Q_STATUS, STR("new"));
	list_filter_add(&op.list, Q_TYPE, STR("\"a\""));
	list_sort_add(&op.list, INDEX_BY_UPDATED, true);
	op.list.allow_partial = true;
	result = open_list(store, &op);
	assert_false(result.total_known);
	read_all(&result, &row);
	assert_int_equal(result.rows_returned, 10);
	assert_true(result.next_cursor.len > 0);
	store_result_free(&result);
}

/* The field with kind_value has the tasks of a kind together. */
static void kind_with_a_value_is_read_from_its_index(struct store *store)
{
	struct op op = list();
	struct result result;

	list_filter_add(&op.list, INDEX_BY_KIND, STR("a"));
	result = open_list(store, &op);
	assert_true(result.total_known);
	assert_int_equal(result.total, TASKS - 1);
	store_result_free(&result);
	op.list.filters[0].value = STR("b");
	list_sort_add(&op.list, INDEX_BY_KIND, true);
	result = open_list(store, &op);
	assert_int_equal(result.total, 1);
	store_result_free(&result);
}

static void kind_without_a_value_is_looked_for(struct store *store)
{
	struct op op = list();
	struct result result;
	struct task row;

	list_filter_add(&op.list, INDEX_BY_KIND, STR("bb"));
	assert_code(fixture_error(store, &op), ERR_TOO_BROAD);
	op.list.allow_partial = true;
	result = open_list(store, &op);
	assert_false(result.total_known);
	read_all(&result, &row);
	assert_int_equal(result.rows_returned, 0);
	assert_true(result.next_cursor.len > 0);
	store_result_free(&result);
}

static void sorts_by_kind_and_priority_are_limited(struct store *store)
{
	static const uint8_t fields[] = { INDEX_BY_KIND, INDEX_BY_PRIORITY };

	for (size_t i = 0; i < sizeof(fields); i++) {
		struct op op = list();
		struct result result;

		op.list.allow_partial = true;
		list_sort_add(&op.list, fields[i], false);
		assert_code(fixture_error(store, &op), ERR_TOO_BROAD);
		op.list.created = (struct list_time_range){ 1000, optional_time(2000) };
		result = open_list(store, &op);
		assert_true(result.total_known);
		assert_int_equal(result.total, 1000);
		store_result_free(&result);
	}
}

static void scans_are_limited(void **state)
{
	static void (*const tests[])(struct store *) = {
		two_large_conditions_are_too_broad,
		test_of_many_rows_is_too_broad,
		test_of_a_time_range_has_its_total,
		implied_sorts_cost_nothing,
		other_sorts_are_too_broad,
		smallest_condition_is_read,
		one_condition_in_another_order_has_its_total,
		last_page_is_reached_from_the_end,
		condition_of_all_tasks_has_its_total,
		partial_list_has_a_cursor,
		kind_with_a_value_is_read_from_its_index,
		kind_without_a_value_is_looked_for,
		sorts_by_kind_and_priority_are_limited,
	};

	fill(*state);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tests[i](*state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(scans_are_limited, "Berkeley DB in files", fixture_setup_folder),
		FIXTURE_TEST(scans_are_limited, "memory engine", fixture_setup_memory),
	};

	fixture_tables = query_tables;
	return CHECK_RUN(tests);
}
