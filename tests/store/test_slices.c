/* Lists that are carried out in slices, with other operations in between. */
#include "query_model.h"
#include "store/list/list.h"

#define TASKS 300
#define STEPS 10

/* No index has the tasks of a type and a group together: all of one of them are read. */
static struct op scanned_list(void)
{
	struct op op = fixture_op(OP_LIST, 0);

	op.dialect = CODE_A;
	op.slice_steps = STEPS;
	op.list.want_total = true;
	list_filter_add(&op.list, Q_TYPE, STR("\"a\""));
	list_filter_add(&op.list, Q_GROUP, STR("\"x\""));
	list_sort_add(&op.list, INDEX_BY_UPDATED, true);
	return op;
}

static void fill(struct store *store)
{
	static struct task tasks[TASKS];
	struct err err = { 0 };

	for (unsigned i = 0; i < TASKS; i++)
		query_set_task(&tasks[i], i, "\"a\"");
	must(store_put_tasks(store, tasks, TASKS, &err), &err);
}

static void open_list(struct store *store, const struct op *op, struct result *result)
{
	struct err err = { 0 };

	*result = (struct result){ 0 };
	must(store_apply(store, op, result, &err), &err);
}

static void go_on(struct result *result)
{
	struct err err = { 0 };

	must(store_go_on(result, STEPS, &err), &err);
}

/* Reads the rows that are left and returns their number; seen counts each task. */
static unsigned read_rows(struct result *result, uint8_t seen[TASKS + 1])
{
	struct err err = { 0 };
	struct task row;
	bool end = false;
	unsigned rows = 0;

	for (;;) {
		must(store_list_next(result, &row, &end, &err), &err);
		if (end)
			return rows;
		seen[row.created - 1000]++;
		rows++;
	}
}

static void slices_have_their_number_of_steps(void **state)
{
	struct store *store = *state;
	struct op op = scanned_list();
	struct result result;
	uint64_t before = 0;
	unsigned slices = 1;

	fill(store);
	open_list(store, &op, &result);
	for (; result.unfinished; slices++) {
		assert_in_range(result.steps - before, 1, STEPS);
		before = result.steps;
		go_on(&result);
	}
	assert_true(slices > TASKS / STEPS);
	assert_int_equal(result.total, TASKS);
	store_result_free(&result);
}

static void list_without_slices_is_finished_at_once(void **state)
{
	struct store *store = *state;
	struct op op = scanned_list();
	struct result result;

	fill(store);
	op.slice_steps = 0;
	open_list(store, &op, &result);
	assert_false(result.unfinished);
	assert_int_equal(result.total, TASKS);
	store_result_free(&result);
}

/* Each slice is followed by a change of a task that is read already, or not yet. */
static void no_task_is_shown_twice_though_all_change(void **state)
{
	struct store *store = *state;
	struct op op = scanned_list();
	struct result result;
	uint8_t seen[TASKS + 1] = { 0 };
	unsigned changed = 0;

	fill(store);
	op.list.updated.from = 1; /* the entries read are in the order of updates, which change */
	open_list(store, &op, &result);
	while (result.unfinished) {
		struct op update = fixture_op(OP_UPDATE, changed++ * 7 % TASKS);
		struct result updated = { 0 };
		struct err err = { 0 };

		update.dialect = CODE_A;
		update.now = 5000 + changed;
		assert_true(change_set_field(&update.change, STR("note"), STR("1")));
		must(store_apply(store, &update, &updated, &err), &err);
		store_result_free(&updated);
		go_on(&result);
	}
	assert_true(changed > 10);
	assert_int_equal(read_rows(&result, seen), TASKS);
	for (unsigned i = 0; i < TASKS; i++)
		assert_int_equal(seen[i], 1);
	store_result_free(&result);
}

static void removed_tasks_are_left_out(void **state)
{
	struct store *store = *state;
	struct op op = scanned_list();
	struct result result;
	uint8_t seen[TASKS + 1] = { 0 };
	unsigned removed = 0;

	fill(store);
	open_list(store, &op, &result);
	while (result.unfinished) {
		struct op removal = fixture_op(OP_REMOVE, removed++);
		struct result gone = { 0 };
		struct err err = { 0 };

		removal.dialect = CODE_A;
		must(store_apply(store, &removal, &gone, &err), &err);
		store_result_free(&gone);
		go_on(&result);
	}
	assert_int_equal(read_rows(&result, seen), TASKS - removed);
	store_result_free(&result);
}

static void unfinished_list_can_be_dropped(void **state)
{
	struct store *store = *state;
	struct op op = scanned_list();
	struct result result;

	fill(store);
	open_list(store, &op, &result);
	assert_true(result.unfinished);
	go_on(&result);
	store_result_free(&result);
	fixture_verify(store, TASKS);
}

/* Several ranges: each is counted, then the row of the offset is searched. */
static void far_page_of_many_values_takes_slices(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_LIST, 0);
	static const struct str more[] = { STR("\"b\""), STR("\"c\""), STR("\"d\"") };
	struct result result;
	uint8_t seen[TASKS + 1] = { 0 };
	unsigned slices = 0;

	fill(store);
	op.dialect = CODE_A;
	op.slice_steps = 2;
	op.list.want_total = true;
	op.list.limit = 5;
	op.list.offset = TASKS - 5;
	op.list.scope = LIST_BOTH;
	list_filter_add(&op.list, Q_TYPE, STR("\"a\""));
	op.list.filters[0].more_values = more;
	op.list.filters[0].more_value_count = 3;
	open_list(store, &op, &result);
	for (; result.unfinished; slices++)
		go_on(&result);
	assert_true(slices >= 4);
	assert_int_equal(result.total, TASKS);
	assert_int_equal(read_rows(&result, seen), 5);
	assert_int_equal(seen[TASKS - 1], 1);
	store_result_free(&result);
}

static void rows_that_are_found_count_as_memory(void **state)
{
	struct store *store = *state;
	struct op op = scanned_list();
	struct result result;

	fill(store);
	open_list(store, &op, &result);
	while (result.unfinished && result.steps < TASKS)
		go_on(&result);
	assert_true(result.unfinished);
	assert_in_range(store_result_memory(&result), TASKS * sizeof(struct found_row),
		TASKS * INDEX_KEY_MAX);
	store_result_free(&result);
	assert_int_equal(store_result_memory(&result), 0);
}

/* ---- many ranges beside a writer ---- */

#define VALUES 64
#define RANGES (2 * VALUES) /* current and archived tasks */

static struct engine_ops disturbed;
static const struct engine_ops *undisturbed;
static bool is_disturbed;
static unsigned scans;

static struct store_commits *commits;

/* Another process commits a change meanwhile. */
static enum engine_status disturbed_scan(struct engine *engine, enum engine_table table,
	const struct engine_range *range, bool reverse, size_t limit, struct engine_batch *batch)
{
	scans++;
	atomic_fetch_add(&commits->started, is_disturbed);
	atomic_fetch_add(&commits->done, is_disturbed);
	return undisturbed->scan(engine, table, range, reverse, limit, batch);
}

static void disturb(struct store *store)
{
	commits = &store->shared->other_commits;
	undisturbed = store->engine->ops;
	disturbed = *undisturbed;
	disturbed.scan = disturbed_scan;
	store->engine->ops = &disturbed;
	is_disturbed = true;
	scans = 0;
}

static struct op list_of_many_values(void)
{
	static char texts[VALUES][8];
	static struct str more[VALUES];
	struct op op = fixture_op(OP_LIST, 0);

	for (int i = 0; i < VALUES; i++) {
		snprintf(texts[i], sizeof(texts[i]), "\"%d\"", i);
		more[i] = str_cstr(texts[i]);
	}
	op.dialect = CODE_A;
	op.slice_steps = STEPS;
	op.list.scope = LIST_BOTH;
	list_filter_add(&op.list, Q_TYPE, STR("\"a\""));
	op.list.filters[0].more_values = more;
	op.list.filters[0].more_value_count = VALUES - 1;
	return op;
}

/* A try reads a part of each range, so the first one ends the slice. */
static void slice_of_many_ranges_has_one_try(void **state)
{
	struct store *store = *state;
	struct op op = list_of_many_values();
	struct result result;
	uint8_t seen[TASKS + 1] = { 0 };

	fill(store);
	disturb(store);
	open_list(store, &op, &result);
	assert_true(result.unfinished);
	assert_in_range(scans, RANGES, RANGES + LIST_BATCH_ROWS);
	is_disturbed = false;
	while (result.unfinished)
		go_on(&result);
	assert_int_equal(read_rows(&result, seen), TASKS);
	store_result_free(&result);
}

static void further_rows_of_many_ranges_take_one_try_at_a_time(void **state)
{
	struct store *store = *state;
	struct op op = list_of_many_values();
	struct result result;
	struct err err = { 0 };
	uint8_t seen[TASKS + 1] = { 0 };
	struct task row;
	bool end = false;

	fill(store);
	open_list(store, &op, &result);
	while (result.unfinished)
		go_on(&result);
	while (store_list_is_ready(&result))
		must(store_list_next(&result, &row, &end, &err), &err);
	disturb(store);
	must(store_list_read(&result, 0, &err), &err);
	assert_false(store_list_is_ready(&result));
	assert_in_range(scans, 1, RANGES + LIST_BATCH_ROWS);
	is_disturbed = false;
	must(store_list_read(&result, 0, &err), &err);
	assert_true(store_list_is_ready(&result));
	assert_int_equal(read_rows(&result, seen) + LIST_BATCH_ROWS, TASKS);
	store_result_free(&result);
}

/* After the time for exact tries a batch is read nevertheless. */
static void disturbed_list_ends(void **state)
{
	struct store *store = *state;
	struct op op = list_of_many_values();
	struct result result;
	uint8_t seen[TASKS + 1] = { 0 };

	fill(store);
	disturb(store);
	open_list(store, &op, &result);
	while (result.unfinished)
		go_on(&result);
	assert_false(result.consistent);
	assert_int_equal(read_rows(&result, seen), TASKS);
	store_result_free(&result);
}

/* libdb leaks buffers of a private environment whose cache was full. */
#define IN_FILES_AND_MEMORY(function)                                         \
	FIXTURE_TEST(function, "Berkeley DB in files", fixture_setup_folder), \
		FIXTURE_TEST(function, "memory engine", fixture_setup_memory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FILES_AND_MEMORY(slices_have_their_number_of_steps),
		IN_FILES_AND_MEMORY(list_without_slices_is_finished_at_once),
		IN_FILES_AND_MEMORY(no_task_is_shown_twice_though_all_change),
		IN_FILES_AND_MEMORY(removed_tasks_are_left_out),
		IN_FILES_AND_MEMORY(unfinished_list_can_be_dropped),
		IN_FILES_AND_MEMORY(far_page_of_many_values_takes_slices),
		IN_FILES_AND_MEMORY(rows_that_are_found_count_as_memory),
		IN_FILES_AND_MEMORY(slice_of_many_ranges_has_one_try),
		IN_FILES_AND_MEMORY(further_rows_of_many_ranges_take_one_try_at_a_time),
		IN_FILES_AND_MEMORY(disturbed_list_ends),
	};

	fixture_tables = query_tables;
	return CHECK_RUN(tests);
}
