/* Hooks for Uplynk tasks that arrive by the native API: defaults and transitions. */
#include "dialect/dialect.h"
#include "lib/check.h"

static const char *const operations[] = { "\"CREATE\"", "\"UPDATE\"", "\"DELETE\"", "\"RESTART\"" };
static const char *const invalid_operations[] = { "\"create\"", "\"\"", "\"MOVE\"", "null", "1",
	"CREATE", "[\"CREATE\"]" };

static struct task task_of(enum task_state state, const char *operation)
{
	struct task task = { .dialect = DIALECT_CODE_uplynk, .state = state };

	task_set_field(&task, (struct field){ STR("operation"), str_cstr(operation) });
	return task;
}

static void only_known_operations_are_valid(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		struct task task = task_of(TASK_RUNNING, operations[i]);
		struct err err = { 0 };

		must(uplynk_dialect.validate(NULL, &task, &err), &err);
	}
	for (size_t i = 0; i < sizeof(invalid_operations) / sizeof(invalid_operations[0]); i++) {
		struct task task = task_of(TASK_RUNNING, invalid_operations[i]);
		struct err err = { 0 };

		assert_false(uplynk_dialect.validate(NULL, &task, &err));
		assert_err(&err, ERR_UNPROCESSABLE);
		assert_string_equal(err.field, "operation");
	}
}

/* A state that is not final may change to any other; a final one only stays. */
static void final_states_cannot_be_left(void **state)
{
	(void)state;
	for (int from = TASK_PENDING; from < TASK_STATES; from++) {
		for (int to = TASK_PENDING; to < TASK_STATES; to++) {
			struct task before = task_of((enum task_state)from, operations[0]);
			struct task after = task_of((enum task_state)to, operations[0]);
			bool may = from == to || !task_state_is_final((enum task_state)from);
			struct err err = { 0 };

			assert_int_equal(uplynk_dialect.validate(&before, &after, &err), may);
			assert_err(&err, may ? ERR_NONE : ERR_CONFLICT);
		}
	}
}

static void new_tasks_are_in_progress(void **state)
{
	struct request request = { 0 };
	struct op op = { .kind = OP_CREATE };
	struct err err = { 0 };

	(void)state;
	assert_true(change_set_field(&op.change, STR("operation"), STR("\"UPDATE\"")));
	must(uplynk_dialect.native_defaults(&request, &op, &err), &err);
	assert_int_equal(op.change.state, TASK_RUNNING);
	assert_str(op.change.status, "IN_PROGRESS");
}

static void given_state_is_kept(void **state)
{
	(void)state;
	for (int given = TASK_PENDING; given < TASK_STATES; given++) {
		struct request request = { 0 };
		struct op op = { .kind = OP_CREATE };
		struct err err = { 0 };

		op.change.state = (enum task_state)given;
		assert_true(change_set_field(&op.change, STR("operation"), STR("\"DELETE\"")));
		must(uplynk_dialect.native_defaults(&request, &op, &err), &err);
		assert_int_equal(op.change.state, given);
		assert_int_equal(dialect_state(uplynk_dialect.statuses, op.change.status), given);
	}
}

static void operation_is_required(void **state)
{
	struct request request = { 0 };
	struct op op = { .kind = OP_CREATE };
	struct task task = { .state = TASK_RUNNING };
	struct err err = { 0 };

	(void)state;
	assert_false(uplynk_dialect.native_defaults(&request, &op, &err));
	assert_err(&err, ERR_UNPROCESSABLE);
	assert_int_equal(op.change.state, TASK_STATE_NONE);
	assert_false(uplynk_dialect.validate(NULL, &task, &err));
	assert_string_equal(err.field, "operation");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(only_known_operations_are_valid),
		CHECK(final_states_cannot_be_left),
		CHECK(new_tasks_are_in_progress),
		CHECK(given_state_is_kept),
		CHECK(operation_is_required),
	};

	return CHECK_RUN(tests);
}
