/* Tasks that refer to another one: they block its removal, or share its fate. */
#include "operation_fixture.h"
#include "store/tasks/path.h"

static struct op with_dependents(enum op_kind kind, unsigned id, const char *value, bool cascade)
{
	struct op op = fixture_op(kind, id);

	op.dependents = (struct op_dependents){ .field = BY_PARENT,
		.key_member = "name",
		.value = str_cstr(value),
		.cascade = cascade };
	return op;
}

/* The dependents that block the operation, their numbers as digits. */
static unsigned blocking(struct store *store, const struct op *op)
{
	struct result result = apply(store, op);
	struct task row;
	struct err err = { 0 };
	unsigned digits = 0;
	bool end = false;

	assert_true(result.has_dependents);
	assert_non_null(result.listing);
	assert_false(result.written);
	for (;;) {
		must(store_list_next(&result, &row, &end, &err), &err);
		if (end)
			break;
		digits = digits * 10 + last_byte(&row);
	}
	store_result_free(&result);
	return digits;
}

/* 2 refers to 1; 3, which has no name, to 2; 4 to 3 by its id; 5 to no task. */
static void create_family(struct store *store)
{
	create_child(store, 1, "\"one\"", "null");
	create_child(store, 2, "\"two\"", "\"one\"");
	create_child(store, 3, NULL, "\"two\"");
	create_child(store, 4, "\"four\"", "\"01000000-0000-0000-0000-000000000003\"");
	create_child(store, 5, "\"five\"", "\"nobody\"");
}

static void dependents_block_removal(void **state)
{
	struct store *store = *state;
	struct op op = with_dependents(OP_REMOVE, 1, "\"one\"", false);

	create_family(store);
	assert_int_equal(blocking(store, &op), 234);
	assert_int_equal(count_all(store, CODE_A), 5);
}

static void task_without_dependents_is_removed(void **state)
{
	struct store *store = *state;
	struct op op = with_dependents(OP_REMOVE, 5, "\"five\"", false);
	struct result result;

	create_family(store);
	result = apply(store, &op);
	assert_false(result.has_dependents);
	assert_int_equal(result.written, fixture_needs_flush(store));
	store_result_free(&result);
}

static void dependents_are_archived_with_the_task(void **state)
{
	struct store *store = *state;
	struct op op = with_dependents(OP_ARCHIVE, 2, "\"two\"", true), read;
	struct result result;

	create_family(store);
	apply_only(store, &op);
	read = fixture_op(OP_READ, 3);
	result = apply(store, &read);
	assert_true(result.task.archived);
	assert_int_equal(result.task.revision, 2);
	store_result_free(&result);
	fixture_verify(store, 5);
}

static void archived_dependents_are_removed_too(void **state)
{
	struct store *store = *state;
	struct op op = with_dependents(OP_ARCHIVE, 2, "\"two\"", true);

	create_family(store);
	apply_only(store, &op);
	op = with_dependents(OP_REMOVE, 1, "\"one\"", true);
	apply_only(store, &op);
	assert_int_equal(count_all(store, CODE_A), 1);
	fixture_verify(store, 1);
}

static void ring_of_dependents_ends(void **state)
{
	struct store *store = *state;
	struct op op = with_dependents(OP_REMOVE, 1, "\"one\"", false);

	create_child(store, 1, "\"one\"", "\"two\"");
	create_child(store, 2, "\"two\"", "\"one\"");
	assert_int_equal(blocking(store, &op), 2);
	op.dependents.cascade = true;
	apply_only(store, &op);
	assert_int_equal(count_all(store, CODE_A), 0);
	fixture_verify(store, 0);
}

static void too_many_levels_are_refused(void **state)
{
	struct store *store = *state;
	struct op op = with_dependents(OP_REMOVE, 1, "\"one\"", true);
	struct path path;
	struct err err = { 0 };
	struct id id;

	assert_int_equal(path_begin(&path, store, &op, PATH_KEEPS_NONE, &err), 0);
	for (unsigned n = 0; n < PATH_LEVELS_MAX; n++) {
		id = fixture_id(2 + n);
		assert_int_equal(path_push(&path, &id, &err), 0);
	}
	id = fixture_id(1000000);
	assert_int_equal(path_push(&path, &id, &err), STEP_FAILED);
	assert_code(err.code, ERR_TOO_DEEP);
	path_restart(&path);
	assert_int_equal(path.count, 1);
	path_free(&path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(dependents_block_removal),
		ON_EVERY_ENGINE(task_without_dependents_is_removed),
		ON_EVERY_ENGINE(dependents_are_archived_with_the_task),
		ON_EVERY_ENGINE(archived_dependents_are_removed_too),
		ON_EVERY_ENGINE(ring_of_dependents_ends),
		FIXTURE_TEST(too_many_levels_are_refused, "memory engine", fixture_setup_memory),
	};

	fixture_tables = operation_tables;
	return CHECK_RUN(tests);
}
