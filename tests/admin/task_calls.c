#include "admin/task_calls.h"

struct call_result task_call(const char *line, const struct given *given, const char *input)
{
	struct admin_call call = { 0 };

	for (; given->value; given++)
		call.options[given->option] = given->value;
	parse_call(&call, line);
	return run_call(&call, input, false);
}

void task_output(const char *line, const struct given *given, char *out, size_t size)
{
	struct call_result result = task_call(line, given, " ");

	assert_string_equal(result.err, "");
	assert_int_equal(result.status, 0);
	snprintf(out, size, "%s", result.out);
	out[strcspn(out, "\n")] = '\0';
	free_result(&result);
}

void task_fails(const char *line, const struct given *given, const char *sentence)
{
	struct call_result result = task_call(line, given, " ");
	char wanted[600];

	snprintf(wanted, sizeof(wanted), "polytaskctl: %s\n", sentence);
	assert_string_equal(result.err, wanted);
	assert_string_equal(result.out, "");
	assert_true(has_failed(result.status));
	free_result(&result);
}

void task_prints(const char *line, const struct given *given, const char *out)
{
	struct call_result result = task_call(line, given, " ");

	assert_string_equal(result.err, "");
	assert_string_equal(result.out, out);
	assert_int_equal(result.status, 0);
	free_result(&result);
}

void task_add_tenant(const char *tenant)
{
	const struct given options[] = { { ADMIN_TENANT, tenant }, { .value = NULL } };
	char line[64], id[64];

	snprintf(line, sizeof(line), "user add of-%s", tenant);
	task_output(line, options, id, sizeof(id));
}
