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
	assert_string_equal(call_result.out, "e --expires must be a number of seconds, not '-1'\n");
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
		"polytaskctl: There is no such task.\n");
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static void exported_tasks_can_be_imported(void **state)
{
	struct call_result first, second;
	void *unused = NULL;

	(void)state;
	expect_result("load-sample 1234", " ", 0, "1234 tasks loaded\n", "");
	first = run_line("export", " ");
	assert_int_equal(first.status, 0);
	assert_int_equal(count_lines(first.out), 1234);
	store_close(store);
	assert_int_equal(open_store(&unused), 0);
	expect_result("import", first.out, 0, "1234 tasks imported\n", "");
	second = run_line("export", " ");
	assert_int_equal(count_lines(second.out), 1234);
	for (char *rest = second.out, *line; (line = strsep(&rest, "\n")) && *line;)
		assert_non_null(strstr(first.out, line));
	free_result(&first);
	free_result(&second);
	first = run_line("verify", " ");
	assert_int_equal(first.status, 0);
	assert_int_equal(strncmp(first.out, "tasks:      1234\n", 17), 0);
	free_result(&first);
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
	for (size_t i = 0; dialects[i]; i++) {
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

static void import_keeps_the_lines_before_a_bad_one(void **state)
{
	struct call_result call_result;

	(void)state;
	expect_result("import",
		"{\"id\":\"a62ad146-ccf4-11e5-9956-625662870761\",\"tenant\":\"default\","
		"\"dialect\":\"virtshell\",\"state\":\"pending\",\"status\":\"pending\","
		"\"created\":1}\n\n{\"id\":1}\n{\"id\":2}\n",
		1, "1 tasks imported\n", "polytaskctl: line 3: id must be a UUID\n");
	call_result = run_line("show a62ad146-ccf4-11e5-9956-625662870761", " ");
	assert_int_equal(call_result.status, 0);
	assert_non_null(strstr(call_result.out, "\"revision\":1,"));
	free_result(&call_result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(invalid_options_are_reported_in_frames),
		WITH_STORE(invalid_operands_are_rejected),
		WITH_STORE(exported_tasks_can_be_imported),
		WITH_STORE(samples_are_valid_tasks_of_their_dialect),
		WITH_STORE(import_keeps_the_lines_before_a_bad_one),
	};

	return CHECK_RUN(tests);
}
