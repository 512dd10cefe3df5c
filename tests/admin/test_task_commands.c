/* Commands on tasks, and how errors are printed. */
#include "admin/admin_fixture.h"
#include "dialect/dialect.h"

static void invalid_options_are_reported_in_frames(void **state)
{
	struct admin_call rights = { .options = { [ADMIN_RIGHTS] = "everything" } };
	struct admin_call expires = { .options = { [ADMIN_EXPIRES] = "-1" } };
	struct call_result call_result;

	(void)state;
	parse_call(&rights, "user add demo");
	call_result = run_call(&rights, " ", true);
	assert_int_equal(call_result.status, 1);
	assert_string_equal(call_result.out,
		"e --rights must be a list of read,write,work,admin, not 'everything'\n");
	free_result(&call_result);
	parse_call(&expires, "token add demo");
	call_result = run_call(&expires, " ", true);
	assert_string_equal(call_result.out,
		"e --expires must be 'never' or a number of seconds from 1 to 3162240000, not '-1'\n");
	free_result(&call_result);
}

static void invalid_operands_are_rejected(void **state)
{
	(void)state;
	expect_result("load-sample 0", " ", 1, "",
		"polytaskctl: N must be a number from 1 to 100000000, not '0'\n");
	expect_result("load-sample x", " ", 1, "",
		"polytaskctl: N must be a number from 1 to 100000000, not 'x'\n");
	expect_result("show x", " ", 1, "", "polytaskctl: 'x' is not a UUID\n");
	expect_result("show a62ad146-ccf4-11e5-9956-625662870761", " ", 1, "",
		"polytaskctl: the tenant default has no task a62ad146-ccf4-11e5-9956-625662870761 "
		"(--tenant names another)\n");
}

static bool validate_sample(const struct task *task, void *data)
{
	const struct dialect *dialect = dialect_by_code(task->dialect);
	unsigned *count = data;
	struct err err;

	assert_non_null(dialect);
	must(dialect->validate(NULL, task, &err), &err);
	assert_int_equal(dialect_state(dialect->statuses, task->status), task->state);
	(*count)++;
	return true;
}

static void samples_are_valid_tasks_of_their_dialect(void **state)
{
	struct admin_call call = { 0 };
	unsigned loaded = 0, count = 0;
	struct err err = { 0 };

	(void)state;
	parse_call(&call, "load-sample 100");
	call.options[ADMIN_TENANT] = "demo";
	for (size_t i = 0; dialects[i] && dialect_has_tasks(dialects[i]); i++) {
		struct call_result call_result;

		call.options[ADMIN_DIALECT] = dialects[i]->name;
		call_result = run_call(&call, " ", false);
		assert_int_equal(call_result.status, 0);
		free_result(&call_result);
		loaded += 100;
	}
	must(store_each_task(store, validate_sample, &count, &err), &err);
	assert_int_equal(count, loaded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(invalid_options_are_reported_in_frames),
		WITH_STORE(invalid_operands_are_rejected),
		WITH_STORE(samples_are_valid_tasks_of_their_dialect),
	};

	return CHECK_RUN(tests);
}
