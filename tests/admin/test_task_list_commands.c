/* The commands task list, count, show, and the call that task watch repeats. */
#include "admin/task_calls.h"

#define HEADER	"id\tdialect\tkind\tstate\tstatus\tattempt\tcreated\tupdated\terror\n"
#define UNKNOWN "018f2f6e-7c3a-7b21-9d55-3f0b8a1c2d3e"

static unsigned count_lines(const char *text)
{
	unsigned lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static void create(const char *body)
{
	struct call_result result = task_call("task create", GIVEN({ ADMIN_STDIN, "yes" }), body);

	assert_string_equal(result.err, "");
	free_result(&result);
}

static void load(const char *line, const char *dialect)
{
	char out[64];

	task_output(line, GIVEN({ ADMIN_DIALECT, dialect }), out, sizeof(out));
}

static void expect_lines(const struct given *given, unsigned lines, const char *note)
{
	struct call_result result = task_call("task list", given, " ");

	assert_string_equal(result.err, note);
	assert_int_equal(result.status, 0);
	assert_int_equal(count_lines(result.out), lines);
	free_result(&result);
}

static void expect_count(const struct given *given, unsigned lines)
{
	expect_lines(given, lines, "");
}

/* More tasks match than the limit. */
static void expect_limited(const struct given *given, unsigned lines)
{
	expect_lines(given, lines, "polytaskctl: note: more tasks match (--limit)\n");
}

#define COUNT_HEADER                                                                      \
	"dialect\tkind\tpending\trunning\tsucceeded\tfailed\tcancelled\tready\tdelayed\t" \
	"oldest_waiting\n"

static void empty_list_has_a_header(void **state)
{
	(void)state;
	task_prints("task list", NOTHING,
		"id\tdialect\tkind\tstate\tstatus\tattempt\tcreated\tupdated\terror\n");
	task_prints("task list", GIVEN({ ADMIN_NOHEADINGS, "yes" }), "");
	task_prints("task list", GIVEN({ ADMIN_JSON, "yes" }), "");
	task_prints("task count", NOTHING, COUNT_HEADER);
	task_prints("task count", GIVEN({ ADMIN_JSON, "yes" }), "");
}

static void row_has_the_columns(void **state)
{
	struct call_result result;
	const char *row;

	(void)state;
	create("{\"kind\": \"encode\", \"error\": \"no\\naudio \\u001b[31m\"}");
	result = task_call("task list", NOTHING, " ");
	assert_int_equal(strncmp(result.out, HEADER, strlen(HEADER)), 0);
	row = result.out + strlen(HEADER);
	assert_int_equal(count_lines(row), 1);
	assert_non_null(strstr(row, "\tnative\tencode\tpending\tpending\t0\t20"));
	assert_non_null(strstr(row, "Z\tno\\u000aaudio \\u001b[31m\n"));
	free_result(&result);
	result = task_call("task list", GIVEN({ ADMIN_JSON, "yes" }), " ");
	assert_int_equal(strncmp(result.out, "{\"id\":\"", 7), 0);
	assert_non_null(strstr(result.out, "\"kind\":\"encode\""));
	assert_int_equal(count_lines(result.out), 1);
	free_result(&result);
}

static void limit_spans_pages(void **state)
{
	(void)state;
	load("load-sample 1200", "native");
	expect_limited(NOTHING, 51);
	expect_limited(GIVEN({ ADMIN_LIMIT, "1" }), 2);
	expect_limited(GIVEN({ ADMIN_LIMIT, "501" }), 502);
	expect_limited(GIVEN({ ADMIN_LIMIT, "1100" }, { ADMIN_JSON, "yes" }), 1100);
	expect_count(GIVEN({ ADMIN_LIMIT, "1200" }), 1201);
	expect_count(GIVEN({ ADMIN_LIMIT, "1000000" }), 1201);
}

static void filters_are_those_of_the_api(void **state)
{
	(void)state;
	load("load-sample 3", "native");
	load("load-sample 6", "idol");
	create("{\"kind\": \"a b&c=d+e\", \"state\": \"running\"}");
	create("{\"fields\": {\"no\": \"kind\"}}");
	expect_count(GIVEN({ ADMIN_DIALECT, "idol" }), 7);
	expect_count(GIVEN({ ADMIN_DIALECT, "idol,native" }), 12);
	expect_count(GIVEN({ ADMIN_STATE, "running" }), 2);
	expect_count(GIVEN({ ADMIN_KIND, "a b&c=d+e" }), 2);
	expect_count(GIVEN({ ADMIN_KIND, "" }, { ADMIN_DIALECT, "native" }), 2);
	expect_count(GIVEN({ ADMIN_FAILURE, "reported" }), 1);
	expect_limited(GIVEN({ ADMIN_SORT, "-created" }, { ADMIN_LIMIT, "2" }), 3);
	task_fails("task list", GIVEN({ ADMIN_DIALECT, "fly" }),
		"dialect: This is not the name of a dialect.");
	task_fails("task list", GIVEN({ ADMIN_STATE, "done" }),
		"state must be pending, running, succeeded, failed or cancelled.");
	task_fails("task list", GIVEN({ ADMIN_SORT, "colour" }),
		"sort: This is not one sort key: created, updated, state, kind, priority or, "
		"with one dialect, status, number, fields.NAME.");
	task_fails("task list", GIVEN({ ADMIN_LIMIT, "0" }),
		"--limit must be a number from 1 to 1000000, not '0'");
	task_fails("task list", GIVEN({ ADMIN_LIMIT, "1000001" }),
		"--limit must be a number from 1 to 1000000, not '1000001'");
}

static void address_over_the_limit_is_refused(void **state)
{
	char kind[9000];

	(void)state;
	memset(kind, 'k', sizeof(kind) - 1);
	kind[sizeof(kind) - 1] = '\0';
	task_fails(
		"task list", GIVEN({ ADMIN_KIND, kind }), "The address has more than 8192 bytes.");
}

static void other_tenants_are_not_listed(void **state)
{
	(void)state;
	load("load-sample 3", "native");
	task_add_tenant("other");
	expect_count(GIVEN({ ADMIN_TENANT, "other" }), 1);
	expect_count(GIVEN({ ADMIN_TENANT, "default" }), 4);
	task_fails("task list", GIVEN({ ADMIN_TENANT, "nosuch" }),
		"the tenant nosuch has no user, task, quota or webhook");
	task_fails("task count", GIVEN({ ADMIN_TENANT, "nosuch" }),
		"the tenant nosuch has no user, task, quota or webhook");
	task_prints("task count", GIVEN({ ADMIN_TENANT, "other" }), COUNT_HEADER);
}

static void tasks_are_counted(void **state)
{
	struct call_result result;

	(void)state;
	create("{\"kind\": \"encode\", \"state\": \"running\"}");
	create("{\"kind\": \"encode\", \"state\": \"failed\"}");
	load("load-sample 3", "idol");
	task_prints("task count", GIVEN({ ADMIN_DIALECT, "native" }),
		"dialect\tkind\tpending\trunning\tsucceeded\tfailed\tcancelled\tready\tdelayed\t"
		"oldest_waiting\n"
		"native\tencode\t0\t1\t0\t1\t0\t0\t0\t-\n");
	result = task_call(
		"task count", GIVEN({ ADMIN_KIND, "encode" }, { ADMIN_JSON, "yes" }), " ");
	assert_int_equal(count_lines(result.out), 1);
	assert_int_equal(
		strncmp(result.out, "{\"dialect\":\"native\",\"kind\":\"encode\",", 36), 0);
	free_result(&result);
	task_fails("task count", GIVEN({ ADMIN_DIALECT, "fly" }),
		"dialect: This is not the name of a dialect.");
}

static void history_is_shown(void **state)
{
	char id[40], line[80], wanted[120];
	struct call_result result;

	(void)state;
	task_output("task create", GIVEN({ ADMIN_DIALECT, "native" }), id, sizeof(id));
	snprintf(line, sizeof(line), "task cancel %s", id);
	task_prints(line, NOTHING, "cancelled\n");
	snprintf(line, sizeof(line), "task show %s", id);
	result = task_call(line, GIVEN({ ADMIN_HISTORY, "yes" }), " ");
	snprintf(wanted, sizeof(wanted), "tenant:          default\nid:              %s\n", id);
	assert_int_equal(strncmp(result.out, wanted, strlen(wanted)), 0);
	assert_non_null(strstr(
		result.out, "\n\nat\tevent\tfrom\tto\tstatus\tattempt\tworker\tby\terror\n"));
	assert_non_null(strstr(
		result.out, "Z\tchanged\tpending\tcancelled\tcancelled\t-\t-\toperator\t-\n"));
	assert_non_null(strstr(result.out, "Z\tcreated\t-\tpending\tpending\t-\t-\toperator\t-\n"));
	free_result(&result);
	result = task_call(line, GIVEN({ ADMIN_HISTORY, "yes" }, { ADMIN_JSON, "yes" }), " ");
	assert_int_equal(count_lines(result.out), 3);
	free_result(&result);
}

/* Each of the 1100 patches has an entry, so the history has two pages. */
static void long_history_is_shown_as_a_whole(void **state)
{
	char id[40], cancel[80], retry[80];
	struct call_result result;

	(void)state;
	task_output("task create", GIVEN({ ADMIN_DIALECT, "native" }), id, sizeof(id));
	snprintf(cancel, sizeof(cancel), "task cancel %s", id);
	snprintf(retry, sizeof(retry), "task retry %s", id);
	for (int i = 0; i < 550; i++) {
		task_prints(cancel, NOTHING, "cancelled\n");
		task_prints(retry, NOTHING, "pending\n");
	}
	snprintf(cancel, sizeof(cancel), "task show %s", id);
	result = task_call(cancel, GIVEN({ ADMIN_HISTORY, "yes" }, { ADMIN_JSON, "yes" }), " ");
	assert_int_equal(count_lines(result.out), 1102);
	free_result(&result);
}

static void watched_task_is_read_once(void **state)
{
	char id[40], line[80];
	struct call_result result;

	(void)state;
	task_output("task create", GIVEN({ ADMIN_DIALECT, "native" }), id, sizeof(id));
	snprintf(line, sizeof(line), "task watch %s", id);
	result = task_call(line, NOTHING, " ");
	assert_int_equal(strncmp(result.out, "default\n{\"id\":\"", 15), 0);
	assert_int_equal(count_lines(result.out), 3);
	free_result(&result);
	task_prints("task watch " UNKNOWN, GIVEN({ ADMIN_TENANT, "default" }), "default\nnull\n");
	task_fails("task watch " UNKNOWN, NOTHING, "no tenant has a task " UNKNOWN);
	task_fails("task show x", NOTHING, "'x' is neither a UUID nor DIALECT:NUMBER");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_STORE(empty_list_has_a_header),
		WITH_STORE(row_has_the_columns),
		WITH_STORE(limit_spans_pages),
		WITH_STORE(filters_are_those_of_the_api),
		WITH_STORE(address_over_the_limit_is_refused),
		WITH_STORE(other_tenants_are_not_listed),
		WITH_STORE(tasks_are_counted),
		WITH_STORE(history_is_shown),
		WITH_STORE(long_history_is_shown_as_a_whole),
		WITH_STORE(watched_task_is_read_once),
	};

	return CHECK_RUN(tests);
}
