/* The commands task create, cancel and retry. */
#include <stdlib.h>

#include "admin/task_calls.h"

#define UNKNOWN "018f2f6e-7c3a-7b21-9d55-3f0b8a1c2d3e"
#define ID_SIZE 40

static void line_of(char *line, size_t size, const char *words, const char *id)
{
	snprintf(line, size, "%s %s", words, id);
}

static void create(const char *tenant, char id[ID_SIZE])
{
	const struct given options[] = { { ADMIN_TENANT, tenant }, { ADMIN_DIALECT, "native" },
		{ ADMIN_KIND, "encode" }, { .value = NULL } };

	task_output("task create", options, id, ID_SIZE);
	assert_int_equal(strlen(id), 36);
}

static void expect_shown(const char *id, const char *text, bool wanted)
{
	struct call_result result;
	char line[80];

	line_of(line, sizeof(line), "task show", id);
	result = task_call(line, NOTHING, " ");
	assert_int_equal(result.status, 0);
	if (!strstr(result.out, text) == wanted) {
		print_error("%s\n%s", text, result.out);
		fail();
	}
	free_result(&result);
}

/* The command line is refused before the call is sent. */
static void line_fails(const char *line, const struct given *given, const char *sentence)
{
	char copy[80];
	const char *words[3];
	size_t count = 0;
	struct admin_call call = { 0 };
	struct err err = { 0 };

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = copy, *end; word && count < 3; word = end) {
		end = strchr(word, ' ');
		if (end)
			*end++ = '\0';
		words[count++] = word;
	}
	for (; given->value; given++)
		call.options[given->option] = given->value;
	assert_false(admin_parse_command(&call, words, count, &err));
	assert_string_equal(err_text(&err), sentence);
	assert_int_equal(err.code, ERR_INVALID);
}

static void created_task_has_the_members(void **state)
{
	char id[ID_SIZE];

	(void)state;
	task_output("task create",
		GIVEN({ ADMIN_DIALECT, "native" }, { ADMIN_KIND, "encode" },
			{ ADMIN_PRIORITY, "-7" }, { ADMIN_NOT_BEFORE, "2100-01-01T00:00:00Z" },
			{ ADMIN_FIELDS, "{\"file\": \"a.mov\"}" }),
		id, sizeof(id));
	expect_shown(id, "\nkind:            encode\n", true);
	expect_shown(id, "\npriority:        -7\n", true);
	expect_shown(id, "\nnot_before:      2100-01-01T00:00:00.000Z\n", true);
	expect_shown(id, "\nfields.file:     a.mov\n", true);
	expect_shown(id, "\ncreated_by:      operator\n", true);
}

static void wrong_members_are_named(void **state)
{
	(void)state;
	line_fails("task create", NOTHING, "'task create' requires --dialect or --stdin");
	task_fails("task create", GIVEN({ ADMIN_DIALECT, "fly" }),
		"/dialect: This is not the name of a dialect.");
	task_fails("task create", GIVEN({ ADMIN_DIALECT, "native" }, { ADMIN_PRIORITY, "high" }),
		"priority must be a 32-bit integer.");
	task_fails("task create",
		GIVEN({ ADMIN_DIALECT, "native" }, { ADMIN_PRIORITY, "2147483648" }),
		"priority must be a 32-bit integer.");
	task_fails("task create", GIVEN({ ADMIN_DIALECT, "idol" }),
		"/fields/master-type: master-type must be present");
	task_fails("task create", GIVEN({ ADMIN_DIALECT, "native" }, { ADMIN_FIELDS, "[]" }),
		"--fields must be a JSON object");
	task_fails("task create", GIVEN({ ADMIN_DIALECT, "native" }, { ADMIN_TENANT, "No Such" }),
		"'No Such' is not a valid tenant name");
	task_add_tenant("demo");
	task_fails("task create", GIVEN({ ADMIN_DIALECT, "native" }),
		"the tenant default has no user, task, quota or webhook (--tenant names another)");
}

static void body_is_read_from_standard_input(void **state)
{
	const struct given *from_input = GIVEN({ ADMIN_STDIN, "yes" });
	struct call_result result = task_call("task create", from_input,
		"{\"dialect\": \"virtshell\", \"state\": \"running\",\n \"fields\": "
		"{\"description\": \"d\", \"type\": \"create_host\"}}");

	(void)state;
	assert_string_equal(result.err, "");
	result.out[36] = '\0';
	expect_shown(result.out, "\nstate:           running\n", true);
	free_result(&result);
	line_fails("task create", GIVEN({ ADMIN_STDIN, "yes" }, { ADMIN_KIND, "k" }),
		"--stdin reads the whole task: leave out --kind");
	result = task_call("task create", from_input, "nonsense");
	assert_int_equal(result.status, 1);
	assert_non_null(strstr(result.err, "polytaskctl: "));
	free_result(&result);
}

static void body_over_the_limit_is_refused(void **state)
{
	size_t size = (size_t)17 * 1024 * 1024;
	char *input = malloc(size + 1);
	struct call_result result;

	(void)state;
	assert_non_null(input);
	memset(input, ' ', size);
	input[size] = '\0';
	result = task_call("task create", GIVEN({ ADMIN_STDIN, "yes" }), input);
	assert_string_equal(result.err, "polytaskctl: The request is too large.\n");
	assert_int_equal(result.status, 1);
	free_result(&result);
	free(input);
}

static void cancelled_task_can_be_retried(void **state)
{
	char id[ID_SIZE], cancel[80], retry[80];

	(void)state;
	create("default", id);
	line_of(cancel, sizeof(cancel), "task cancel", id);
	line_of(retry, sizeof(retry), "task retry", id);
	task_fails(retry, NOTHING,
		"Only a task that has failed or was cancelled can be retried: its state is "
		"pending.");
	task_prints(cancel, NOTHING, "cancelled\n");
	task_prints(cancel, NOTHING, "cancelled\n");
	task_prints(retry, NOTHING, "pending\n");
	expect_shown(id, "\nupdated_by:      operator\n", true);
}

static void ended_task_is_not_cancelled(void **state)
{
	struct call_result result = task_call(
		"task create", GIVEN({ ADMIN_STDIN, "yes" }), "{\"state\": \"succeeded\"}");
	char line[80];

	(void)state;
	result.out[36] = '\0';
	line_of(line, sizeof(line), "task cancel", result.out);
	task_fails(line, NOTHING, "the task has ended: succeeded");
	free_result(&result);
}

static void unknown_and_misspelt_tasks_are_refused(void **state)
{
	(void)state;
	task_fails("task cancel " UNKNOWN, NOTHING, "no tenant has a task " UNKNOWN);
	task_fails(
		"task retry nonsense", NOTHING, "'nonsense' is neither a UUID nor DIALECT:NUMBER");
	task_fails("task retry fly:3", NOTHING, "'fly:3' is neither a UUID nor DIALECT:NUMBER");
	task_fails("task retry idol:x", NOTHING, "'idol:x' is neither a UUID nor DIALECT:NUMBER");
	task_fails("task retry idol:3", NOTHING, "no tenant has a task idol:3");
}

static void task_of_another_tenant_is_not_changed(void **state)
{
	char id[ID_SIZE], line[80], sentence[120];

	(void)state;
	task_add_tenant("demo");
	task_add_tenant("other");
	create("demo", id);
	line_of(line, sizeof(line), "task cancel", id);
	snprintf(sentence, sizeof(sentence), "the tenant other has no task %s", id);
	task_fails(line, GIVEN({ ADMIN_TENANT, "other" }), sentence);
	task_fails(line, GIVEN({ ADMIN_TENANT, "nosuch" }),
		"the tenant nosuch has no user, task, quota or webhook");
	expect_shown(id, "\nstate:           pending\n", true);
	task_prints(line, GIVEN({ ADMIN_TENANT, "demo" }), "cancelled\n");
}

static void load(const char *line, const char *tenant, const char *dialect)
{
	char out[64];

	task_output(line, GIVEN({ ADMIN_TENANT, tenant }, { ADMIN_DIALECT, dialect }), out,
		sizeof(out));
}

/* Samples have the numbers from 1 on, and the same ids in each tenant. */
static void number_of_several_tenants_needs_the_tenant(void **state)
{
	(void)state;
	task_add_tenant("demo");
	load("load-sample 2", "demo", "idol");
	task_prints("task retry idol:1", NOTHING, "pending\n");
	task_prints("task cancel idol:1", NOTHING, "cancelled\n");
	task_add_tenant("other");
	load("load-sample 2", "other", "idol");
	task_fails("task retry idol:1", NOTHING,
		"the tenants demo and other have this task: give --tenant");
	task_prints("task retry idol:1", GIVEN({ ADMIN_TENANT, "demo" }), "pending\n");
	task_fails("task retry uplynk:1", GIVEN({ ADMIN_TENANT, "demo" }),
		"the dialect uplynk has no numbers: give the id");
}

#define ALL_OF_NATIVE                   \
	{ ADMIN_ALL, "yes" },           \
	{                               \
		ADMIN_DIALECT, "native" \
	}

/* The API takes 1000 at a time. */
static void many_tasks_are_retried_up_to_a_number(void **state)
{
	struct call_result result;

	(void)state;
	for (int i = 0; i < 1103; i++) {
		result = task_call("task create", GIVEN({ ADMIN_STDIN, "yes" }),
			"{\"kind\": \"encode\", \"state\": \"failed\"}");
		assert_int_equal(result.status, 0);
		free_result(&result);
	}
	task_prints("task retry", GIVEN(ALL_OF_NATIVE, { ADMIN_KIND, "none" }),
		"0 tasks retried, 0 refused\n");
	task_prints("task retry", GIVEN(ALL_OF_NATIVE, { ADMIN_KIND, "" }),
		"0 tasks retried, 0 refused\n");
	task_fails("task retry", GIVEN(ALL_OF_NATIVE, { ADMIN_FAILURE, "fun" }),
		"/failures/0: A failure must be attempts_exhausted, not_retryable, start_timeout, "
		"total_timeout or reported.");
	result = task_call("task retry", GIVEN(ALL_OF_NATIVE, { ADMIN_MAX, "3" }), " ");
	assert_string_equal(result.out, "3 tasks retried, 0 refused\n");
	assert_string_equal(result.err, "polytaskctl: note: more tasks may match\n");
	assert_int_equal(result.status, 0);
	free_result(&result);
	result = task_call("task retry",
		GIVEN(ALL_OF_NATIVE, { ADMIN_MAX, "1050" }, { ADMIN_KIND, "encode" },
			{ ADMIN_FAILURE, "reported" }),
		" ");
	assert_string_equal(result.out, "1050 tasks retried, 0 refused\n");
	free_result(&result);
	task_prints("task retry", GIVEN(ALL_OF_NATIVE), "50 tasks retried, 0 refused\n");
	task_prints("task retry", GIVEN(ALL_OF_NATIVE), "0 tasks retried, 0 refused\n");
}

static void options_of_retry_are_checked(void **state)
{
	(void)state;
	line_fails("task retry", NOTHING, "'task retry' takes either an ID or --all");
	line_fails("task retry idol:1", GIVEN(ALL_OF_NATIVE),
		"'task retry' takes either an ID or --all");
	line_fails(
		"task retry", GIVEN({ ADMIN_ALL, "yes" }), "'task retry --all' requires --dialect");
	line_fails("task retry idol:1", GIVEN({ ADMIN_MAX, "3" }), "--max needs --all");
	task_fails("task retry", GIVEN(ALL_OF_NATIVE, { ADMIN_MAX, "0" }),
		"--max must be a number from 1 on, not '0'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(created_task_has_the_members),
		WITH_STORE(wrong_members_are_named),
		WITH_STORE(body_is_read_from_standard_input),
		WITH_STORE(body_over_the_limit_is_refused),
		WITH_STORE(cancelled_task_can_be_retried),
		WITH_STORE(ended_task_is_not_cancelled),
		WITH_STORE(unknown_and_misspelt_tasks_are_refused),
		WITH_STORE(task_of_another_tenant_is_not_changed),
		WITH_STORE(number_of_several_tenants_needs_the_tenant),
		WITH_STORE(many_tasks_are_retried_up_to_a_number),
		WITH_STORE(options_of_retry_are_checked),
	};

	return CHECK_RUN(tests);
}
