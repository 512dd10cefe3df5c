/* Parts that any operation can have: a companion, a hook before the write. */
#include "operation_fixture.h"

/* ---- companion ---- */

static void create_point(struct store *store)
{
	struct op companion = fixture_op(OP_CREATE, 2), op = fixture_op(OP_CREATE, 1);

	op.dialect = CODE_POINT;
	op.companion = &companion;
	apply_only(store, &op);
}

static void companion_is_created_with_the_task(void **state)
{
	struct store *store = *state;
	struct op companion = fixture_op(OP_CREATE, 2), op = fixture_op(OP_CREATE, 1);
	struct result result;

	op.dialect = CODE_POINT;
	op.companion = &companion;
	result = apply(store, &op);
	assert_int_equal(result.task.dialect, CODE_POINT);
	assert_int_equal(result.companion.dialect, CODE_A);
	assert_int_equal(last_byte(&result.companion), 2);
	store_result_free(&result);
	fixture_verify(store, 2);
}

static void refused_companion_undoes_the_task(void **state)
{
	struct store *store = *state;
	struct op companion = fixture_op(OP_CREATE, 2), op = fixture_op(OP_CREATE, 3);

	create_point(store);
	op.dialect = CODE_POINT;
	op.companion = &companion;
	assert_code(fixture_error(store, &op), ERR_CONFLICT);
	assert_int_equal(count_all(store, CODE_POINT), 1);
	fixture_verify(store, 2);
}

static void companion_is_created_with_a_removal(void **state)
{
	struct store *store = *state;
	struct op companion = fixture_op(OP_CREATE, 4), op = fixture_op(OP_REMOVE, 1);
	struct result result;

	create_point(store);
	op.dialect = CODE_POINT;
	op.companion = &companion;
	result = apply(store, &op);
	assert_int_equal(last_byte(&result.companion), 4);
	store_result_free(&result);
	assert_int_equal(count_all(store, CODE_POINT), 0);
	assert_int_equal(count_all(store, CODE_A), 2);
	fixture_verify(store, 2);
}

static void resource_is_no_task_of_any_dialect(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_READ, 1);

	create_point(store);
	op.dialect = 0;
	assert_code(fixture_error(store, &op), ERR_NOT_FOUND);
	assert_int_equal(count_all(store, 0), 1);
}

/* ---- before_write ---- */

static bool refuse(
	const struct op *op, const struct task *before, struct task *task, struct err *err)
{
	(void)op, (void)before, (void)task;
	return err_set(err, ERR_UNPROCESSABLE, "name", NULL);
}

static bool set_status(
	const struct op *op, const struct task *before, struct task *task, struct err *err)
{
	(void)op, (void)err;
	task->status = before ? STR("changed") : STR("made");
	return true;
}

static void hook_completes_the_task(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_CREATE, 1);
	struct result result;

	op.before_write = set_status;
	result = apply(store, &op);
	assert_str(result.task.status, "made");
	store_result_free(&result);
	op = fixture_op(OP_UPDATE, 1);
	op.before_write = set_status;
	result = apply(store, &op);
	assert_str(result.task.status, "changed");
	store_result_free(&result);
}

static void hook_refuses_the_operation(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_CREATE, 1);

	op.before_write = refuse;
	assert_code(fixture_error(store, &op), ERR_UNPROCESSABLE);
	assert_int_equal(count_all(store, CODE_A), 0);
	fixture_create(store, 1, "new", NULL);
	op = fixture_op(OP_UPDATE, 1);
	op.before_write = refuse;
	assert_code(fixture_error(store, &op), ERR_UNPROCESSABLE);
}

static void invalid_update_fails_only_if_the_task_exists(void **state)
{
	struct store *store = *state;
	struct err invalid = { 0 };
	struct op op = fixture_op(OP_UPDATE, 1), create = fixture_op(OP_CREATE, 1);
	struct result result;

	err_set(&invalid, ERR_UNPROCESSABLE, "name", NULL);
	op.invalid = &invalid;
	assert_code(fixture_error(store, &op), ERR_NOT_FOUND);
	result = apply(store, &create);
	store_result_free(&result);
	assert_code(fixture_error(store, &op), ERR_UNPROCESSABLE);
}

/* ---- ended tasks ---- */

static enum err_code move_between(
	struct store *store, enum task_state from, enum task_state to, bool leave_end)
{
	static unsigned number;
	struct op op = fixture_op(OP_UPDATE, ++number);

	fixture_create(store, number, "new", NULL);
	op.change.state = from;
	assert_code(fixture_error(store, &op), ERR_NONE);
	op.change.state = to;
	op.leave_end = leave_end;
	return fixture_error(store, &op);
}

static void ended_task_keeps_its_state(void **state)
{
	static const enum task_state ends[] = { TASK_SUCCEEDED, TASK_FAILED, TASK_CANCELLED };

	for (size_t i = 0; i < 3; i++) {
		for (enum task_state to = TASK_PENDING; to < TASK_STATES; to++) {
			bool retry = ends[i] == TASK_FAILED && to == TASK_PENDING;
			bool allowed = to == ends[i] || retry;

			assert_code(move_between(*state, ends[i], to, false),
				allowed ? ERR_NONE : ERR_CONFLICT);
			assert_code(move_between(*state, ends[i], to, true), ERR_NONE);
		}
	}
}

static void task_that_has_not_ended_may_change_freely(void **state)
{
	for (enum task_state to = TASK_PENDING; to < TASK_STATES; to++) {
		assert_code(move_between(*state, TASK_PENDING, to, false), ERR_NONE);
		assert_code(move_between(*state, TASK_RUNNING, to, false), ERR_NONE);
	}
}

static bool shows_pending(const struct task *task)
{
	return task->state == TASK_PENDING;
}

/* Whatever is wrong with the request. */
static void task_that_the_protocol_lacks_is_not_found(void **state)
{
	static const enum op_kind kinds[] = { OP_READ, OP_UPDATE };
	struct op cancel = fixture_op(OP_UPDATE, 1);
	struct store *store = *state;
	struct err invalid = { 0 };

	err_set(&invalid, ERR_UNPROCESSABLE, "name", NULL);
	fixture_create(store, 1, "new", NULL);
	cancel.change.state = TASK_CANCELLED;
	for (size_t i = 0; i < 4; i++) {
		bool updates = i % 2 == 1, shown = i < 2;
		struct op op = fixture_op(kinds[i % 2], 1);

		if (i == 2)
			assert_code(fixture_error(store, &cancel), ERR_NONE);
		op.shows = shows_pending;
		assert_code(fixture_error(store, &op), shown ? ERR_NONE : ERR_NOT_FOUND);
		op.invalid = updates ? &invalid : NULL;
		assert_code(fixture_error(store, &op), !shown	 ? ERR_NOT_FOUND
						       : updates ? ERR_UNPROCESSABLE
								 : ERR_NONE);
		op.if_match_count = 1;
		assert_code(fixture_error(store, &op), shown ? ERR_PRECONDITION : ERR_NOT_FOUND);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(companion_is_created_with_the_task),
		ON_EVERY_ENGINE(refused_companion_undoes_the_task),
		ON_EVERY_ENGINE(companion_is_created_with_a_removal),
		ON_EVERY_ENGINE(resource_is_no_task_of_any_dialect),
		ON_EVERY_ENGINE(hook_completes_the_task),
		ON_EVERY_ENGINE(hook_refuses_the_operation),
		ON_EVERY_ENGINE(invalid_update_fails_only_if_the_task_exists),
		ON_EVERY_ENGINE(task_that_the_protocol_lacks_is_not_found),
		ON_EVERY_ENGINE(ended_task_keeps_its_state),
		ON_EVERY_ENGINE(task_that_has_not_ended_may_change_freely),
	};

	fixture_tables = operation_tables;
	return CHECK_RUN(tests);
}
