/*
 * Removal and archiving of a task with its dependents in pieces, with other operations, a lost
 * client or the end of the process in between.
 */
#include "operation_fixture.h"

#define MANY 1500

static struct op cascade_of(enum op_kind kind, unsigned id, const char *value, unsigned steps)
{
	struct op op = fixture_op(kind, id);

	op.slice_steps = steps;
	op.dependents = (struct op_dependents){
		.field = BY_PARENT, .key_member = "name", .value = str_cstr(value), .cascade = true
	};
	return op;
}

static struct op removal(unsigned steps)
{
	return cascade_of(OP_REMOVE, 1, "\"t1\"", steps);
}

static void create_named(struct store *store, unsigned number, unsigned parent)
{
	char name[16], refers_to[16];

	snprintf(name, sizeof(name), "\"t%u\"", number);
	snprintf(refers_to, sizeof(refers_to), "\"t%u\"", parent);
	create_child(store, number, name, parent ? refers_to : "null");
}

/* Task 1 and a tree below it: task n refers to task n / width + 1. */
static void create_tree(struct store *store, unsigned count, unsigned width)
{
	for (unsigned n = 1; n <= count; n++)
		create_named(store, n, n == 1 ? 0 : (n - 2) / width + 1);
}

static bool exists(struct store *store, unsigned number, bool *archived)
{
	struct op op = fixture_op(OP_READ, number);
	struct result result = { 0 };
	struct err err = { 0 };
	bool found = store_apply(store, &op, &result, &err);

	assert_true(found || err.code == ERR_NOT_FOUND);
	*archived = found && result.task.archived;
	store_result_free(&result);
	return found;
}

/* No task of the tree is left below one that is gone, or current below an archived one. */
static void expect_no_orphan(struct store *store, unsigned count, unsigned width)
{
	bool archived, parent_archived;

	for (unsigned n = 2; n <= count; n++) {
		if (!exists(store, n, &archived))
			continue;
		assert_true(exists(store, (n - 2) / width + 1, &parent_archived));
		assert_true(archived || !parent_archived);
	}
}

static void go_on(struct result *result, unsigned steps)
{
	struct err err = { 0 };

	must(store_go_on(result, steps, &err), &err);
}

static void finish(struct result *result, unsigned steps)
{
	while (result->unfinished)
		go_on(result, steps);
}

/* ---- any number ---- */

static void many_dependents_are_removed(void **state)
{
	struct store *store = *state;
	struct op op = removal(0);

	create_tree(store, MANY, MANY);
	create_named(store, MANY + 1, MANY + 7);
	apply_only(store, &op);
	assert_int_equal(count_all(store, CODE_A), 1);
	fixture_verify(store, 1);
}

static void long_chain_is_removed(void **state)
{
	struct store *store = *state;
	struct op op = removal(0);

	create_tree(store, MANY, 1);
	apply_only(store, &op);
	fixture_verify(store, 0);
}

static void many_dependents_are_archived(void **state)
{
	struct store *store = *state;
	struct op op = cascade_of(OP_ARCHIVE, 1, "\"t1\"", 0), list = fixture_op(OP_LIST, 0);
	struct result result;

	create_tree(store, MANY, 3);
	apply_only(store, &op);
	list.list.want_total = true;
	list.list.scope = LIST_ARCHIVED;
	result = apply(store, &list);
	assert_int_equal(result.total, MANY);
	store_result_free(&result);
	fixture_verify(store, MANY);
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

	create_tree(store, MANY, 3);
	op.dependents.cascade = false;
	result = apply(store, &op);
	finish(&result, 50);
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

	create_tree(store, 26, 3);
	result = apply(store, &op);
	assert_false(result.unfinished);
	assert_true(result.written);
	store_result_free(&result);
	fixture_verify(store, 0);
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

		create_tree(store, 60, widths[i]);
		result = apply(store, &op);
		for (; result.unfinished; pieces++) {
			expect_no_orphan(store, 60, widths[i]);
			go_on(&result, 7);
		}
		store_result_free(&result);
		fixture_verify(store, 0);
	}
	assert_true(pieces > 50);
}

static void no_piece_leaves_a_current_task_below_an_archived_one(void **state)
{
	struct store *store = *state;
	struct op op = cascade_of(OP_ARCHIVE, 1, "\"t1\"", 3);
	struct result result;

	create_tree(store, 60, 2);
	result = apply(store, &op);
	while (result.unfinished) {
		expect_no_orphan(store, 60, 2);
		go_on(&result, 3);
	}
	assert_true(result.task.archived);
	store_result_free(&result);
	fixture_verify(store, 60);
}

static void dropped_removal_can_be_repeated(void **state)
{
	struct store *store = *state;
	struct op op = removal(20);
	struct result result;

	create_tree(store, 200, 4);
	for (unsigned i = 0; i < 5; i++) {
		result = apply(store, &op);
		go_on(&result, 20);
		assert_true(result.unfinished);
		store_result_free(&result);
		expect_no_orphan(store, 200, 4);
	}
	assert_in_range(count_all(store, CODE_A), 1, 180);
	result = apply(store, &op);
	finish(&result, 20);
	store_result_free(&result);
	fixture_verify(store, 0);
}

static void child_of_archived_child_is_archived(void **state)
{
	struct store *store = *state;
	struct op op = cascade_of(OP_ARCHIVE, 2, "\"t2\"", 1);
	struct result result = { 0 };
	bool archived = false;

	create_tree(store, 20, 2);
	apply_only(store, &op);
	op = cascade_of(OP_ARCHIVE, 2, "\"t2\"", 0);
	apply_only(store, &op);
	create_named(store, 30, 4); /* below an archived task */
	op = cascade_of(OP_ARCHIVE, 1, "\"t1\"", 1);
	result = apply(store, &op);
	finish(&result, 1);
	store_result_free(&result);
	assert_true(exists(store, 30, &archived));
	assert_true(archived);
	fixture_verify(store, 21);
}

static void new_dependents_are_found(void **state)
{
	struct store *store = *state;
	struct op op = removal(5);
	struct result result;

	create_tree(store, 50, 3);
	result = apply(store, &op);
	for (unsigned n = 0; result.unfinished; n++) {
		bool archived;

		if (n < 40 && exists(store, n % 20 + 1, &archived))
			create_named(store, 100 + n, n % 20 + 1);
		go_on(&result, 5);
	}
	store_result_free(&result);
	fixture_verify(store, 0);
}

static void move(struct store *store, unsigned number, const char *parent)
{
	struct op op = fixture_op(OP_UPDATE, number);

	change_set_field(&op.change, STR("parent"), str_cstr(parent));
	apply_only(store, &op);
}

/* Task 2 leaves the tree with its own dependents while the path leads through it. */
static void tasks_that_have_left_are_kept(void **state)
{
	struct store *store = *state;
	struct op op = removal(4);
	struct result result;
	bool archived;

	create_tree(store, 60, 1);
	result = apply(store, &op);
	for (unsigned i = 0; i < 8; i++)
		go_on(&result, 4);
	move(store, 2, "\"elsewhere\"");
	finish(&result, 4);
	store_result_free(&result);
	assert_false(exists(store, 1, &archived));
	assert_true(exists(store, 60, &archived));
	fixture_verify(store, 59);
}

static void circle_that_arises_meanwhile_is_kept(void **state)
{
	struct store *store = *state;
	struct op op = removal(2);
	struct result result;

	create_tree(store, 9, 1);
	result = apply(store, &op);
	for (unsigned i = 0; i < 2; i++)
		go_on(&result, 2);
	move(store, 3, "\"t5\"");
	finish(&result, 2);
	store_result_free(&result);
	fixture_verify(store, 7);
}

static void ring_longer_than_a_piece_is_removed(void **state)
{
	struct store *store = *state;
	struct op op = removal(3);
	struct result result;

	create_tree(store, 40, 1);
	move(store, 1, "\"t40\"");
	result = apply(store, &op);
	finish(&result, 3);
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

	create_tree(store, 50, 3);
	op.if_match[op.if_match_count++] = 1;
	result = apply(store, &op);
	go_on(&result, 5);
	move(store, 1, "\"x\"");
	assert_false(store_go_on(&result, 5, &err));
	assert_code(err.code, ERR_PRECONDITION);
	store_result_free(&result);
	assert_true(exists(store, 1, &archived));
	expect_no_orphan(store, 50, 3);
}

static void condition_is_tested_before_dependents(void **state)
{
	struct store *store = *state;
	struct op op = removal(5);

	create_tree(store, 50, 3);
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

	create_tree(store, 50, 3);
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
		IN_FILES_AND_MEMORY(long_chain_is_removed),
		IN_FILES_AND_MEMORY(many_dependents_are_archived),
		IN_FILES_AND_MEMORY(refusal_lists_many_dependents),
		ON_EVERY_ENGINE(few_dependents_take_one_transaction),
		ON_EVERY_ENGINE(no_piece_leaves_an_orphan),
		ON_EVERY_ENGINE(no_piece_leaves_a_current_task_below_an_archived_one),
		ON_EVERY_ENGINE(dropped_removal_can_be_repeated),
		ON_EVERY_ENGINE(child_of_archived_child_is_archived),
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
