/* Hooks for Uplynk tasks that arrive by the native API: defaults and transitions. */
#include "dialect/dialect.h"
#include "lib/check.h"

static const char *const operations[] = { "\"CREATE\"", "\"UPDATE\"", "\"DELETE\"" };
static const char *const invalid_operations[] = { "\"RESTART\"", "\"create\"", "\"\"", "\"MOVE\"",
	"null", "1", "CREATE", "[\"CREATE\"]" };

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

static void new_tasks_are_pending(void **state)
{
	struct request request = { 0 };
	struct op op = { .kind = OP_CREATE };
	struct err err = { 0 };

	(void)state;
	assert_true(change_set_field(&op.change, STR("operation"), STR("\"UPDATE\"")));
	must(uplynk_dialect.native_defaults(&request, &op, &err), &err);
	assert_int_equal(op.change.state, TASK_PENDING);
	assert_str(op.change.status, "PENDING");
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
		CHECK(new_tasks_are_pending),
		CHECK(given_state_is_kept),
		CHECK(operation_is_required),
	};

	return CHECK_RUN(tests);
}
