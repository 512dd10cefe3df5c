/* Commands on quotas, and what verify says about wrong counts. */
#include "admin/admin_fixture.h"
#include "store/fixture.h"

static struct call_result run_set(const char *line, const char *tasks, const char *bytes)
{
	struct admin_call call = { .options = { [ADMIN_TASKS] = tasks, [ADMIN_BYTES] = bytes } };

	parse_call(&call, line);
	return run_call(&call, " ", false);
}

static void expect_set(const char *tasks, const char *bytes, int status, const char *err)
{
	struct call_result call_result = run_set("quota set demo", tasks, bytes);

	assert_int_equal(call_result.status, status);
	assert_string_equal(call_result.out, "");
	assert_string_equal(call_result.err, err);
	free_result(&call_result);
}

#define HEADER "tenant\ttasks\tmax_tasks\tbytes\tmax_bytes\town\n"

static void quotas_are_set_and_listed(void **state)
{
	struct admin_call json = { .options = { [ADMIN_JSON] = "yes" } };
	struct call_result listed;

	(void)state;
	expect_result("quota list", " ", 0, HEADER, "");
	expect_set("10", NULL, 0, "");
	expect_result("quota list", " ", 0, HEADER "demo\t0\t10\t0\tnone\ttasks\n", "");
	expect_set("none", "2000", 0, "");
	expect_result("quota list", " ", 0, HEADER "demo\t0\tnone\t0\t2000\ttasks,bytes\n", "");
	expect_set("default", "default", 0, "");
	expect_result("quota list", " ", 0, HEADER "demo\t0\tnone\t0\tnone\t-\n", "");
	expect_set("5", "0", 0, "");
	parse_call(&json, "quota list");
	listed = run_call(&json, " ", false);
	assert_string_equal(listed.out,
		"{\"tenant\":\"demo\",\"tasks\":\"0\",\"max_tasks\":\"5\",\"bytes\":\"0\","
		"\"max_bytes\":null,\"own\":\"tasks,bytes\"}\n");
	free_result(&listed);
}

static void wrong_limits_are_rejected(void **state)
{
	struct call_result set;

	(void)state;
	expect_set("-1", NULL, 1,
		"polytaskctl: --tasks must be a number, 'none' or 'default', not '-1'\n");
	expect_set(NULL, "1G", 1,
		"polytaskctl: --bytes must be a number, 'none' or 'default', not '1G'\n");
	expect_set("18446744073709551615", NULL, 1,
		"polytaskctl: --tasks must be a number, 'none' or 'default', not "
		"'18446744073709551615'\n");
	set = run_set("quota set Demo", "1", NULL);
	assert_string_equal(set.err, "polytaskctl: 'Demo' is not a valid tenant name\n");
	free_result(&set);
}

static void loaded_samples_are_counted_beyond_the_quota(void **state)
{
	struct call_result listed;

	(void)state;
	expect_set("3", NULL, 0, "");
	expect_result("load-sample 5", " ", 0, "5 tasks loaded\n", "");
	listed = run_line("quota list", " ");
	assert_int_equal(strncmp(listed.out + strlen(HEADER), "default\t5\tnone\t", 15), 0);
	free_result(&listed);
}

/* ---- wrong counts ---- */

static void recount_repairs_what_verify_reports(void **state)
{
	struct call_result verified;

	(void)state;
	expect_result("load-sample 5", " ", 0, "5 tasks loaded\n", "");
	fixture_miscount(store, STR("default"));
	verified = run_line("verify", " ");
	assert_int_equal(verified.status, 1);
	assert_non_null(strstr(verified.out, "\nmiscounted: 1\n"));
	assert_string_equal(verified.err,
		"polytaskctl: the usage of a tenant is wrong (polytaskctl quota recount)\n");
	free_result(&verified);
	expect_result("quota recount", " ", 0, "1 tenant corrected\n", "");
	expect_result("quota recount", " ", 0, "0 tenants corrected\n", "");
	verified = run_line("verify", " ");
	assert_int_equal(verified.status, 0);
	free_result(&verified);
}

static void recount_shows_its_progress(void **state)
{
	struct admin_call call = { .wants_progress = true };
	struct call_result result;

	(void)state;
	expect_result("load-sample 5", " ", 0, "5 tasks loaded\n", "");
	parse_call(&call, "quota recount");
	result = run_call(&call, " ", true);
	assert_string_equal(result.out, "p 0 5 tasks\no 0 tenants corrected\n");
	free_result(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(quotas_are_set_and_listed),
		WITH_STORE(wrong_limits_are_rejected),
		WITH_STORE(loaded_samples_are_counted_beyond_the_quota),
		WITH_STORE(recount_repairs_what_verify_reports),
		WITH_STORE(recount_shows_its_progress),
	};

	return CHECK_RUN(tests);
}
