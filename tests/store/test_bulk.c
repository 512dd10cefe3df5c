/* Bulks (OP_BULK): what is counted, and what is done to which tasks. */
#include "bulk_fixture.h"

static void all_tasks_of_the_list_are_done(void **state)
{
	struct store *store = *state;

	bulk_set_retry();
	bulk_create_in(store, 1, 40, TASK_FAILED, NULL);
	bulk_create_in(store, 101, 3, TASK_SUCCEEDED, NULL);
	assert_int_equal(bulk_start(store, BULK), 40);
	assert_true(bulk_has_row(store));
	bulk_run_all(store);
	assert_int_equal(bulk_count_in(store, TASK_PENDING, 1, 40), 40);
	assert_int_equal(bulk_count_in(store, TASK_SUCCEEDED, 101, 3), 3);
	assert_int_equal(claim_read(store, BULK).state, TASK_SUCCEEDED);
	bulk_expect_counts(store, BULK, "{\"done\":40,\"refused\":0,\"total\":40}");
	assert_false(bulk_has_row(store));
	fixture_verify(store, 44);
}

static void list_without_tasks_ends_at_once(void **state)
{
	struct store *store = *state;

	bulk_set_retry();
	assert_int_equal(bulk_start(store, BULK), 0);
	bulk_run_all(store);
	bulk_expect_counts(store, BULK, "{\"done\":0,\"refused\":0,\"total\":0}");
}

/* With the newest first, so that tasks go before the ones that they refer to. */
static void removed_tasks_are_gone(void **state)
{
	struct store *store = *state;

	bulk_action = bulk_action_on("failed", OP_REMOVE);
	bulk_create_in(store, 1, 40, TASK_FAILED, NULL);
	assert_int_equal(bulk_start(store, BULK), 40);
	bulk_run_all(store);
	bulk_expect_counts(store, BULK, "{\"done\":40,\"refused\":0,\"total\":40}");
	fixture_verify(store, 1);
}

static void task_that_is_as_wanted_is_not_written(void **state)
{
	struct store *store = *state;
	uint64_t revision;

	bulk_create_in(store, 1, 2, TASK_FAILED, NULL);
	revision = claim_read(store, 1).revision;
	bulk_action = bulk_action_on("failed", OP_UPDATE);
	bulk_action.change.set = CHANGE_PRIORITY;
	assert_int_equal(bulk_start(store, BULK), 2);
	bulk_run_all(store);
	bulk_expect_counts(store, BULK, "{\"done\":2,\"refused\":0,\"total\":2}");
	assert_int_equal(claim_read(store, 1).revision, revision);
}

/* The bulk itself is in the list of running tasks, too. */
static void later_changes_are_left_alone(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_UPDATE, 2);

	bulk_create_in(store, 1, 3, TASK_RUNNING, NULL);
	bulk_action = bulk_action_on("running", OP_UPDATE);
	bulk_action.change.state = TASK_CANCELLED;
	assert_int_equal(bulk_start(store, BULK), 3);
	op.now = CLAIM_NOW + 1;
	op.change.set = CHANGE_PRIORITY;
	op.change.priority = 5;
	claim_apply(store, &op);
	op = fixture_op(OP_CREATE, 4);
	op.now = CLAIM_NOW + 1;
	op.change.state = TASK_RUNNING;
	claim_apply(store, &op);
	bulk_run_all(store);
	assert_int_equal(claim_read(store, 2).state, TASK_RUNNING);
	assert_int_equal(claim_read(store, 4).state, TASK_RUNNING);
	bulk_expect_counts(store, BULK, "{\"done\":2,\"refused\":0,\"total\":3}");
	fixture_verify(store, 5);
}

/* With any error that is one of the task. */
static bool refuse_even(
	const struct op *op, const struct task *before, struct task *task, struct err *err)
{
	(void)op, (void)before;
	return task->id.bytes[15] % 2 ||
	       err_set(err, task->id.bytes[15] % 4 ? ERR_UNPROCESSABLE : ERR_NOT_FOUND, NULL,
		       "An even number.");
}

/* Of a hook that is called after the task was written. */
static bool refuse_third(const struct op *op, const struct task *before, const struct task *after,
	struct op *next, struct err *err)
{
	(void)op, (void)before, (void)next;
	return after->id.bytes[15] % 3 != 0 || err_set(err, ERR_CONFLICT, NULL, "A third one.");
}

static void refused_tasks_are_counted_and_unchanged(void **state)
{
	struct store *store = *state;

	bulk_set_retry();
	bulk_action.before_write = refuse_even;
	bulk_action.follow = refuse_third;
	bulk_create_in(store, 1, 36, TASK_FAILED, NULL);
	assert_int_equal(bulk_start(store, BULK), 36);
	bulk_run_all(store);
	assert_int_equal(bulk_count_in(store, TASK_PENDING, 1, 36), 12);
	assert_int_equal(bulk_count_in(store, TASK_FAILED, 1, 36), 24);
	bulk_expect_counts(store, BULK, "{\"done\":12,\"refused\":24,\"total\":36}");
	fixture_verify(store, 37);
}

static bool is_of_type_a(const void *data, const struct task *task)
{
	(void)data;
	return str_eq(task_field(task, STR("type")), STR("\"a\""));
}

static void create_pending(struct store *store, unsigned from, unsigned count, const char *type)
{
	for (unsigned i = from; i < from + count; i++)
		fixture_create(store, i, "waiting", type);
}

/* The rows that a count has found so far count as memory of the request. */
static void expect_memory_between_slices(struct store *store)
{
	struct op_bulk bulk = { .dry_run = true };
	struct op op = bulk_op(&bulk, BULK);
	struct result result = { 0 };
	struct err err = { 0 };

	op.slice_steps = LIST_SLICE_STEPS;
	must(store_apply(store, &op, &result, &err), &err);
	assert_true(result.unfinished);
	assert_true(store_result_memory(&result) > sizeof(op));
	store_result_free(&result);
	assert_int_equal(store_result_memory(&result), 0);
}

/* More rows than one list tests: LIST_SCAN_MAX. */
static void tasks_are_counted_by_their_rows(void **state)
{
	struct store *store = *state;

	bulk_action = bulk_action_on("pending", OP_UPDATE);
	bulk_action.change.state = TASK_CANCELLED;
	bulk_action.list.test = is_of_type_a;
	create_pending(store, 1001, 100, "\"a\"");
	create_pending(store, 2001, LIST_SCAN_MAX + 100, "\"b\"");
	create_pending(store, 42001, 100, "\"a\"");
	expect_memory_between_slices(store);
	assert_int_equal(bulk_start(store, BULK), 200);
	bulk_run_all(store);
	bulk_expect_counts(store, BULK, "{\"done\":200,\"refused\":0,\"total\":200}");
	fixture_verify(store, LIST_SCAN_MAX + 301);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(all_tasks_of_the_list_are_done),
		ON_BDB(list_without_tasks_ends_at_once),
		ON_EVERY_ENGINE(removed_tasks_are_gone),
		ON_BDB(task_that_is_as_wanted_is_not_written),
		ON_BDB(later_changes_are_left_alone),
		ON_EVERY_ENGINE(refused_tasks_are_counted_and_unchanged),
		FIXTURE_TEST(tasks_are_counted_by_their_rows, "Berkeley DB in files",
			fixture_setup_folder),
	};

	return CHECK_RUN(tests);
}
