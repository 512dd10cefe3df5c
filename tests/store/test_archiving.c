/*
 * Archiving of a task with its dependents in pieces, with other operations in between, and with an
 * index that contradicts the tasks.
 */
#include "cascade_fixture.h"
#include "store/internal.h"

#define MANY   1500
#define PIECES 2000 /* more than an archiving here needs */

static bool is_archived(struct store *store, unsigned number)
{
	bool archived = false;

	return cascade_exists(store, number, &archived) && archived;
}

static void many_dependents_are_archived(void **state)
{
	struct store *store = *state;
	struct op op = cascade_op(OP_ARCHIVE, 1, "\"t1\"", 0), list = fixture_op(OP_LIST, 0);
	struct result result;

	cascade_create_tree(store, MANY, 3);
	apply_only(store, &op);
	list.list.want_total = true;
	list.list.scope = LIST_ARCHIVED;
	result = apply(store, &list);
	assert_int_equal(result.total, MANY);
	store_result_free(&result);
	fixture_verify(store, MANY);
}

static void no_piece_leaves_a_current_task_below_an_archived_one(void **state)
{
	struct store *store = *state;
	struct op op = cascade_op(OP_ARCHIVE, 1, "\"t1\"", 3);
	struct result result;

	cascade_create_tree(store, 60, 2);
	result = apply(store, &op);
	while (result.unfinished) {
		cascade_expect_no_orphan(store, 60, 2);
		cascade_go_on_once(&result, 3);
	}
	assert_true(result.task.archived);
	store_result_free(&result);
	fixture_verify(store, 60);
}

static void child_of_archived_child_is_archived(void **state)
{
	struct store *store = *state;
	struct op op = cascade_op(OP_ARCHIVE, 2, "\"t2\"", 1);
	struct result result = { 0 };
	bool archived = false;

	cascade_create_tree(store, 20, 2);
	apply_only(store, &op);
	op = cascade_op(OP_ARCHIVE, 2, "\"t2\"", 0);
	apply_only(store, &op);
	cascade_create(store, 30, 4); /* below an archived task */
	op = cascade_op(OP_ARCHIVE, 1, "\"t1\"", 1);
	result = apply(store, &op);
	cascade_finish(&result, 1);
	store_result_free(&result);
	assert_true(cascade_exists(store, 30, &archived));
	assert_true(archived);
	fixture_verify(store, 21);
}

/* ---- other requests in between ---- */

static void child_of_a_child_archived_meanwhile_is_archived(void **state)
{
	struct store *store = *state;
	struct op op = cascade_op(OP_ARCHIVE, 1, "\"t1\"", 5);
	struct op other = cascade_op(OP_ARCHIVE, 60, "\"t60\"", 0);
	struct result result;

	cascade_create_tree(store, 60, 60);
	result = apply(store, &op);
	cascade_go_on_once(&result, 5);
	apply_only(store, &other);
	cascade_create(store, 100, 60);
	cascade_finish(&result, 5);
	store_result_free(&result);
	assert_true(is_archived(store, 100));
	fixture_verify(store, 61);
}

static void new_child_of_an_archived_child_is_archived(void **state)
{
	struct store *store = *state;
	struct op op = cascade_op(OP_ARCHIVE, 2, "\"t2\"", 0);
	struct result result;

	cascade_create_tree(store, 60, 60);
	apply_only(store, &op);
	op = cascade_op(OP_ARCHIVE, 1, "\"t1\"", 5);
	result = apply(store, &op);
	cascade_go_on_once(&result, 5);
	cascade_create(store, 100, 2);
	cascade_finish(&result, 5);
	store_result_free(&result);
	assert_true(is_archived(store, 100));
	fixture_verify(store, 61);
}

/* In each pass a task appears below one that was visited: the first tasks are found again. */
static void new_children_of_archived_tasks_are_found(void **state)
{
	struct store *store = *state;
	struct op op = cascade_op(OP_ARCHIVE, 1, "\"t1\"", 5);
	struct result result;

	cascade_create_tree(store, 50, 3);
	result = apply(store, &op);
	for (unsigned n = 0; result.unfinished; n++) {
		if (n < 40)
			cascade_create(store, 100 + n, n % 20 + 2);
		cascade_go_on_once(&result, 5);
	}
	store_result_free(&result);
	for (unsigned n = 0; n < 40; n++)
		assert_true(is_archived(store, 100 + n));
	fixture_verify(store, 90);
}

static void archiving_ends_beside_other_requests(void **state)
{
	struct store *store = *state;
	struct op op = cascade_op(OP_ARCHIVE, 1, "\"t1\"", 5);
	struct result result;
	unsigned pieces = 0;

	cascade_create_tree(store, 50, 3);
	result = apply(store, &op);
	for (; result.unfinished && pieces < PIECES; pieces++) {
		cascade_create(store, 100 + pieces, 0);
		cascade_go_on_once(&result, 5);
	}
	assert_in_range(pieces, 1, PIECES - 1);
	assert_true(result.task.archived);
	store_result_free(&result);
	fixture_verify(store, 50 + pieces);
}

/* ---- entries that contradict their tasks ---- */

struct planted {
	unsigned number, parent; /* of the entry */
};

static int step_plant(struct store *store, void *data, struct err *err)
{
	const struct planted *planted = data;
	struct task task = { .id = fixture_id(planted->number),
		.tenant = STR("acme"),
		.dialect = CODE_A,
		.created = fixture_op(OP_CREATE, planted->number).now };
	char parent[16];
	struct index_key key;

	(void)err;
	snprintf(parent, sizeof(parent), "\"t%u\"", planted->parent);
	task.fields[task.field_count++] = (struct field){ STR("parent"), str_cstr(parent) };
	assert_true(index_field_key(
		&key, &task, index_field_by_code(operation_tables, CODE_A, BY_PARENT)));
	return store_put(store, TABLE_INDEX, key_str(&key), STR(""), ENGINE_REPLACE);
}

/* An entry of a current task that refers to the parent. */
static void plant(struct store *store, unsigned number, unsigned parent)
{
	struct planted planted = { number, parent };
	struct err err = { 0 };

	must(step_call(store, ENGINE_WRITE, step_plant, &planted, &err), &err);
}

static enum err_code end_of(struct store *store, const struct op *op)
{
	struct result result = { 0 };
	struct err err = { 0 };
	bool ok = store_apply(store, op, &result, &err);

	for (unsigned i = 0; ok && result.unfinished && i < PIECES; i++)
		ok = store_go_on(&result, 5, &err);
	assert_false(ok);
	store_result_free(&result);
	return err.code;
}

static void current_entry_of_an_archived_task_is_damage(void **state)
{
	struct store *store = *state;
	struct op op = cascade_op(OP_ARCHIVE, 3, "\"t3\"", 0);

	cascade_create_tree(store, 5, 5);
	apply_only(store, &op);
	plant(store, 3, 1);
	op = cascade_op(OP_ARCHIVE, 1, "\"t1\"", 5);
	assert_code(end_of(store, &op), ERR_DAMAGED);
}

static void current_entry_of_a_task_elsewhere_is_damage(void **state)
{
	struct store *store = *state;
	struct op op = cascade_op(OP_ARCHIVE, 1, "\"t1\"", 5);

	cascade_create_tree(store, 5, 5);
	cascade_create(store, 9, 7);
	plant(store, 9, 1);
	assert_code(end_of(store, &op), ERR_DAMAGED);
	assert_false(is_archived(store, 9));
}

static void removal_keeps_a_task_that_only_an_entry_connects(void **state)
{
	struct store *store = *state;
	struct op op = cascade_op(OP_REMOVE, 1, "\"t1\"", 5);
	bool archived;

	cascade_create_tree(store, 5, 5);
	cascade_create(store, 9, 7);
	plant(store, 9, 1);
	assert_code(end_of(store, &op), ERR_DAMAGED);
	assert_true(cascade_exists(store, 9, &archived));
}

/* libdb leaks buffers of a private environment whose cache was full. */
#define IN_FILES_AND_MEMORY(function)                                         \
	FIXTURE_TEST(function, "Berkeley DB in files", fixture_setup_folder), \
		FIXTURE_TEST(function, "memory engine", fixture_setup_memory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FILES_AND_MEMORY(many_dependents_are_archived),
		ON_EVERY_ENGINE(no_piece_leaves_a_current_task_below_an_archived_one),
		ON_EVERY_ENGINE(child_of_archived_child_is_archived),
		ON_EVERY_ENGINE(child_of_a_child_archived_meanwhile_is_archived),
		ON_EVERY_ENGINE(new_child_of_an_archived_child_is_archived),
		ON_EVERY_ENGINE(new_children_of_archived_tasks_are_found),
		ON_EVERY_ENGINE(archiving_ends_beside_other_requests),
		ON_EVERY_ENGINE(current_entry_of_an_archived_task_is_damage),
		ON_EVERY_ENGINE(current_entry_of_a_task_elsewhere_is_damage),
		ON_EVERY_ENGINE(removal_keeps_a_task_that_only_an_entry_connects),
	};

	fixture_tables = operation_tables;
	return CHECK_RUN(tests);
}
