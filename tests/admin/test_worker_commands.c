/* The commands on workers: drain, its end, and the list. */
#include "admin/admin_fixture.h"

static void expect_call(
	const char *line, const char *tenant, int status, const char *out, const char *err)
{
	struct admin_call call = { .options = { [ADMIN_TENANT] = tenant } };
	struct call_result result;

	parse_call(&call, line);
	result = run_call(&call, " ", false);
	assert_string_equal(result.err, err);
	assert_string_equal(result.out, out);
	assert_int_equal(result.status, status);
	free_result(&result);
}

#define HEADER "name\ttasks\tlast_seen\tdrain\tholds\n"

static void drained_workers_are_listed(void **state)
{
	(void)state;
	expect_call("worker list", NULL, 0, HEADER, "");
	expect_call("worker drain w2", NULL, 0, "", "");
	expect_call("worker drain w1", NULL, 0, "", "");
	expect_call("worker list", NULL, 0, HEADER "w1\t0\t-\tname\t-\nw2\t0\t-\tname\t-\n", "");
	expect_call(
		"worker list", "default", 0, HEADER "w1\t0\t-\tname\t-\nw2\t0\t-\tname\t-\n", "");
	expect_call("worker list", "acme", 0, HEADER, "");
	expect_call("worker undrain w1", "acme", 0, "", "");
	expect_call("worker undrain w1", NULL, 0, "", "");
	expect_call("worker list", NULL, 0, HEADER "w2\t0\t-\tname\t-\n", "");
	expect_call("worker undrain w2", NULL, 0, "", "");
	expect_call("worker list", NULL, 0, HEADER, "");
}

static void all_workers_are_drained(void **state)
{
	(void)state;
	expect_call("worker drain *", NULL, 0, "", "");
	expect_call("worker list", NULL, 0, HEADER,
		"polytaskctl: note: all workers of the tenant are drained\n");
	expect_call("worker undrain w1", NULL, 0, "",
		"polytaskctl: note: all workers of the tenant are drained (worker undrain '*' ends "
		"it)\n");
	expect_call("worker undrain *", NULL, 0, "", "");
	expect_call("worker list", NULL, 0, HEADER, "");
}

static void wrong_names_are_refused(void **state)
{
	(void)state;
	expect_call("worker drain "
		    "12345678901234567890123456789012345678901234567890"
		    "123456789012345678901234567890123456789012345678901",
		NULL, 1, "", "polytaskctl: the name of a worker has 1 to 100 bytes\n");
	expect_call("worker drain w1", "No Such", 1, "",
		"polytaskctl: 'No Such' is not a valid tenant name\n");
}

static void tenant_without_users_is_refused_if_others_have_some(void **state)
{
	struct call_result result = run_line("user add ann", " ");

	(void)state;
	free_result(&result);
	expect_call("worker drain w1", "nosuch", 1, "",
		"polytaskctl: the tenant nosuch has no user, task, quota or webhook\n");
	expect_call("worker list", "nosuch", 1, "",
		"polytaskctl: the tenant nosuch has no user, task, quota or webhook\n");
	expect_call("worker drain w1", NULL, 0, "", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(drained_workers_are_listed),
		WITH_STORE(all_workers_are_drained),
		WITH_STORE(wrong_names_are_refused),
		WITH_STORE(tenant_without_users_is_refused_if_others_have_some),
	};

	return CHECK_RUN(tests);
}
