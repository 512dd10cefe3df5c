/* OP_UPSERT: creates a task, changes it, or reopens it. */
#include "operation_fixture.h"

static struct op upsert(unsigned number, const char *priority)
{
	struct op op = fixture_op(OP_UPSERT, 0);

	op.new_id = fixture_id(number);
	op.change.state = TASK_PENDING;
	op.change.status = STR("pending");
	if (priority)
		change_set_field(&op.change, STR("priority"), str_cstr(priority));
	return op;
}

static void upsert_only(struct store *store, unsigned number, const char *priority)
{
	struct op op = upsert(number, priority);

	apply_only(store, &op);
}

static void start(struct store *store, unsigned number)
{
	struct op op = fixture_op(OP_UPDATE, number);

	op.change.state = TASK_RUNNING;
	op.change.status = STR("processing");
	op.now = 2000;
	apply_only(store, &op);
}

static void end_with_error(struct store *store, unsigned number)
{
	struct op op = fixture_op(OP_UPDATE, number);

	op.change.state = TASK_FAILED;
	op.change.status = STR("failed");
	op.change.set = CHANGE_ERROR;
	op.change.error = STR("\"why\"");
	apply_only(store, &op);
}

static void absent_task_is_created(void **state)
{
	struct store *store = *state;
	struct op op = upsert(1, "1");
	struct result result = apply(store, &op);

	assert_true(result.created);
	assert_int_equal(result.written, fixture_needs_flush(store));
	assert_int_equal(result.task.revision, 1);
	store_result_free(&result);
	fixture_verify(store, 1);
}

static void equal_upsert_writes_nothing(void **state)
{
	struct store *store = *state;
	struct op op = upsert(1, "1");
	struct result result;

	apply_only(store, &op);
	result = apply(store, &op);
	assert_false(result.created);
	assert_false(result.written);
	assert_int_equal(result.task.revision, 1);
	store_result_free(&result);
}

static void running_task_keeps_its_state(void **state)
{
	struct store *store = *state;
	struct op op = upsert(1, "2");
	struct result result;

	upsert_only(store, 1, "1");
	start(store, 1);
	result = apply(store, &op);
	assert_int_equal(result.written, fixture_needs_flush(store));
	assert_int_equal(result.task.state, TASK_RUNNING);
	assert_str(result.task.status, "processing");
	assert_int_equal(optional_time_ms(result.task.started), 2000);
	assert_str(task_field(&result.task, STR("priority")), "2");
	store_result_free(&result);
}

static void failed_task_is_reopened(void **state)
{
	struct store *store = *state;
	struct op op = upsert(1, NULL);
	struct result result;

	upsert_only(store, 1, "2");
	start(store, 1);
	end_with_error(store, 1);
	result = apply(store, &op);
	assert_int_equal(result.task.state, TASK_PENDING);
	assert_false(optional_time_is_set(result.task.started));
	assert_false(optional_time_is_set(result.task.finished));
	assert_int_equal(result.task.error.len, 0);
	assert_str(task_field(&result.task, STR("priority")), "2");
	store_result_free(&result);
}

/* A client that repeats its creation does not have finished work done again. */
static void succeeded_task_is_kept(void **state)
{
	struct store *store = *state;
	struct op op = upsert(1, "3"), end = fixture_op(OP_UPDATE, 1);
	struct op archive = fixture_op(OP_ARCHIVE, 1);
	struct result result;

	upsert_only(store, 1, "2");
	end.change.state = TASK_SUCCEEDED;
	apply_only(store, &end);
	apply_only(store, &archive);
	result = apply(store, &op);
	assert_false(result.written);
	assert_int_equal(result.task.state, TASK_SUCCEEDED);
	assert_true(result.task.archived);
	assert_str(task_field(&result.task, STR("priority")), "2");
	store_result_free(&result);
}

static void archived_task_is_reopened(void **state)
{
	struct store *store = *state;
	struct op op = upsert(1, NULL), archive = fixture_op(OP_ARCHIVE, 1);
	struct result result;

	upsert_only(store, 1, NULL);
	result = apply(store, &archive);
	assert_true(result.task.archived);
	store_result_free(&result);
	result = apply(store, &op);
	assert_false(result.task.archived);
	store_result_free(&result);
	fixture_verify(store, 1);
}

static void absent_task_has_no_revision(void **state)
{
	struct op op = upsert(1, NULL);

	op.if_match[0] = 1;
	op.if_match_count = 1;
	assert_code(fixture_error(*state, &op), ERR_PRECONDITION);
}

static void one_of_several_revisions_must_match(void **state)
{
	struct store *store = *state;
	struct op op = upsert(1, "5");

	upsert_only(store, 1, NULL);
	op.if_match[0] = 7;
	op.if_match_count = 1;
	assert_code(fixture_error(store, &op), ERR_PRECONDITION);
	op.if_match[op.if_match_count++] = 1;
	assert_code(fixture_error(store, &op), ERR_NONE);
}

static void existence_can_be_demanded(void **state)
{
	struct store *store = *state;
	struct op op = upsert(1, "6");

	upsert_only(store, 1, NULL);
	op.must_not_exist = true;
	assert_code(fixture_error(store, &op), ERR_PRECONDITION);
	op.new_id = fixture_id(2);
	op.must_not_exist = false;
	op.must_exist = true;
	assert_code(fixture_error(store, &op), ERR_PRECONDITION);
	op.new_id = fixture_id(1);
	assert_code(fixture_error(store, &op), ERR_NONE);
	fixture_verify(store, 1);
}

static void id_of_another_dialect_conflicts(void **state)
{
	struct store *store = *state;
	struct op op = upsert(1, NULL);

	upsert_only(store, 1, NULL);
	op.dialect = CODE_POINT;
	assert_code(fixture_error(store, &op), ERR_CONFLICT);
	fixture_verify(store, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(absent_task_is_created),
		ON_EVERY_ENGINE(equal_upsert_writes_nothing),
		ON_EVERY_ENGINE(running_task_keeps_its_state),
		ON_EVERY_ENGINE(failed_task_is_reopened),
		ON_EVERY_ENGINE(succeeded_task_is_kept),
		ON_EVERY_ENGINE(archived_task_is_reopened),
		ON_EVERY_ENGINE(absent_task_has_no_revision),
		ON_EVERY_ENGINE(one_of_several_revisions_must_match),
		ON_EVERY_ENGINE(existence_can_be_demanded),
		ON_EVERY_ENGINE(id_of_another_dialect_conflicts),
	};

	fixture_tables = operation_tables;
	return CHECK_RUN(tests);
}
