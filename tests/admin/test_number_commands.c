/* The commands on numbers: the first number of tasks that are moved in, and its refusals. */
#include "admin/admin_fixture.h"

static struct call_result run_set(const char *line, const char *tenant, const char *dialect)
{
	struct admin_call call = { .options = {
					   [ADMIN_TENANT] = tenant,
					   [ADMIN_DIALECT] = dialect,
				   } };

	parse_call(&call, line);
	return run_call(&call, " ", false);
}

static void expect_set(const char *line, const char *tenant, const char *dialect, const char *text)
{
	struct call_result result = run_set(line, tenant, dialect);

	assert_string_equal(result.err, text);
	assert_int_equal(has_failed(result.status), text[0] != '\0');
	assert_true(text[0] || result.status == 0);
	free_result(&result);
}

static void next_number_is_listed(void **state)
{
	(void)state;
	expect_result("number list", " ", 0, "tenant\tdialect\tnext\n", "");
	expect_set("number set 812346", "acme", "idol", "");
	expect_result("number list", " ", 0, "tenant\tdialect\tnext\nacme\tidol\t812346\n", "");
	expect_set("number set 812347", "acme", "idol", "");
	expect_result("number list", " ", 0, "tenant\tdialect\tnext\nacme\tidol\t812347\n", "");
}

static void number_is_never_lowered(void **state)
{
	(void)state;
	expect_set("number set 100", "acme", "idol", "");
	expect_set("number set 100", "acme", "idol", "");
	expect_set("number set 99", "acme", "idol",
		"polytaskctl: the numbers up to 99 were assigned before: the next one can only be "
		"higher\n");
	expect_result("number list", " ", 0, "tenant\tdialect\tnext\nacme\tidol\t100\n", "");
}

static void value_that_is_no_number_is_refused(void **state)
{
	(void)state;
	expect_set("number set -5", "acme", "idol",
		"polytaskctl: N must be a number from 1 to 8000000000000000, not '-5'\n");
	expect_set("number set 0", "acme", "idol",
		"polytaskctl: the number must be an integer from 1 to 8000000000000000\n");
	expect_set("number set 8000000000000001", "acme", "idol",
		"polytaskctl: the number must be an integer from 1 to 8000000000000000\n");
}

static void numbers_are_left_after_the_highest(void **state)
{
	(void)state;
	expect_set("number set 8000000000000000", "acme", "idol", "");
	expect_result(
		"number list", " ", 0, "tenant\tdialect\tnext\nacme\tidol\t8000000000000000\n", "");
	expect_set("number set 8000000000000000", "acme", "idol", "");
}

static void dialect_without_numbers_is_refused(void **state)
{
	(void)state;
	expect_set("number set 5", "acme", "virtshell",
		"polytaskctl: tasks of the dialect virtshell have no number\n");
	expect_set("number set 5", "acme", "nosuch",
		"polytaskctl: unknown dialect 'nosuch': --dialect takes idol\n");
}

static void tenant_without_users_is_refused_if_others_have_some(void **state)
{
	struct call_result result = run_line("user add ann", " ");

	(void)state;
	free_result(&result);
	expect_set("number set 5", "nosuch", "idol",
		"polytaskctl: the tenant nosuch has no user, task, quota or webhook\n");
	expect_set("number set 5", "No Such", "idol",
		"polytaskctl: 'No Such' is not a valid tenant name\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(next_number_is_listed),
		WITH_STORE(number_is_never_lowered),
		WITH_STORE(value_that_is_no_number_is_refused),
		WITH_STORE(numbers_are_left_after_the_highest),
		WITH_STORE(dialect_without_numbers_is_refused),
		WITH_STORE(tenant_without_users_is_refused_if_others_have_some),
	};

	return CHECK_RUN(tests);
}
