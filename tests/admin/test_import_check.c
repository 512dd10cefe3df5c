/* Command import: each task is checked like a request of its API. */
#include "admin/admin_fixture.h"

#define IDOL_LINE(last, number, status)                                                    \
	"{\"id\":\"a62ad146-ccf4-11e5-9956-62566287076" last "\",\"tenant\":\"acme\","     \
	"\"dialect\":\"idol\",\"number\":" number ",\"created\":1,\"state\":\"pending\","  \
	"\"status\":\"" status "\",\"fields\":{\"master-type\":\"cd\",\"precision\":null," \
	"\"support-number\":null,\"url\":null,\"md5\":null,"                               \
	"\"attachable\":{\"type\":\"tracks\",\"id\":\"7\"}}}\n"

static void number_of_another_task_is_refused(void **state)
{
	(void)state;
	expect_result("import", IDOL_LINE("1", "7", "uploaded") IDOL_LINE("2", "7", "uploaded"), 1,
		"1 task imported\n",
		"polytaskctl: line 2: the number 7 belongs to task "
		"a62ad146-ccf4-11e5-9956-625662870761 already\n");
	/* also of a stored one; the same task again is no other */
	expect_result("import",
		IDOL_LINE("3", "8", "uploaded") "\n" IDOL_LINE("2", "7", "uploaded"), 1,
		"1 task imported\n",
		"polytaskctl: line 3: the number 7 belongs to task "
		"a62ad146-ccf4-11e5-9956-625662870761 already\n");
	expect_result("import", IDOL_LINE("1", "7", "uploaded"), 0,
		"1 task imported: 0 new, 0 replaced, 1 unchanged\n", "");
	expect_result("import", IDOL_LINE("1", "8", "uploaded"), 1, "0 tasks imported\n",
		"polytaskctl: line 1: the number 8 belongs to task "
		"a62ad146-ccf4-11e5-9956-625662870763 already\n");
}

static void line_that_no_request_could_make_is_refused(void **state)
{
	(void)state;
	expect_result("import", IDOL_LINE("1", "7", "uploaded") IDOL_LINE("2", "8", "completed"), 1,
		"1 task imported\n",
		"polytaskctl: line 2: in the dialect idol this status means the state succeeded\n");
	expect_result("import", IDOL_LINE("1", "0", "uploaded"), 1, "0 tasks imported\n",
		"polytaskctl: line 1: number must be an integer from 1 to 9007199254740991\n");
}

static void tenant_needs_a_user_unless_there_is_none(void **state)
{
	struct admin_call call = { .options = { [ADMIN_NEW_TENANTS] = "yes" } };
	struct call_result result = run_line("user add ann", " ");

	(void)state;
	free_result(&result);
	expect_result("import", IDOL_LINE("1", "7", "uploaded"), 1, "0 tasks imported\n",
		"polytaskctl: line 1: the tenant acme has no user, task, quota or webhook (import "
		"--new-tenants takes it all the same)\n");
	parse_call(&call, "import");
	result = run_call(&call, IDOL_LINE("1", "7", "uploaded"), false);
	assert_int_equal(result.status, 0);
	free_result(&result);
	expect_result("import", IDOL_LINE("2", "8", "uploaded"), 0, "1 task imported\n", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(number_of_another_task_is_refused),
		WITH_STORE(line_that_no_request_could_make_is_refused),
		WITH_STORE(tenant_needs_a_user_unless_there_is_none),
	};

	return CHECK_RUN(tests);
}
