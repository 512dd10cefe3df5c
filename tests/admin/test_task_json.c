/* Tasks as lines of JSON, and sample tasks. */
#include <stdio.h>

#include "admin/sample.h"
#include "admin/task_json.h"
#include "dialect/dialect.h"
#include "lib/check.h"

#define ID "{\"id\":\"a62ad146-ccf4-11e5-9956-625662870761\""
#define HEAD                          \
	ID ",\"tenant\":\"default\"," \
	   "\"dialect\":\"virtshell\",\"state\":\"running\",\"created\":1429207233000"

static void read_back(struct task *task, struct arena *arena, const char *line)
{
	struct err err = { 0 };

	must(task_json_read(task, arena, str_cstr(line), TASK_JSON_VERSION, &err), &err);
}

#define ALL_MEMBERS                                                                            \
	HEAD ",\"number\":7,\"archived\":true,\"status\":\"setting up\",\"updated\":2,"        \
	     "\"started\":3,\"finished\":4,\"revision\":5,\"created_by\":\"a\","               \
	     "\"updated_by\":\"b\\u00e9\",\"priority\":-6,\"not_before\":8,\"attempt\":9,"     \
	     "\"max_attempts\":4294967295,\"lease_holder\":\"w\",\"lease_token\":11,"          \
	     "\"lease_expires\":12,\"error\":{\"a\":[1,2.5]},\"progress\":50,"                 \
	     "\"start_by\":13,\"start_ms\":14,\"attempt_by\":15,\"end_by\":16,\"retried\":17," \
	     "\"attempts_before\":18,\"failure\":\"reported\","                                \
	     "\"fields\":{\"log\":\"x\\n\",\"n\":null,\"deep\":[[[[{\"k\":false}]]]]}}"

static void all_members_are_read(void **state)
{
	struct arena arena = { 0 };
	struct task task;

	(void)state;
	read_back(&task, &arena, ALL_MEMBERS);
	assert_int_equal(task.number, 7);
	assert_true(task.archived);
	assert_int_equal(task.state, TASK_RUNNING);
	assert_str(task.status, "setting up");
	assert_int_equal(task.created, 1429207233000);
	assert_int_equal(task.revision, 5);
	assert_str(task.updated_by, "b\xC3\xA9");
	assert_int_equal(task.priority, -6);
	assert_int_equal(task.max_attempts, UINT32_MAX);
	assert_int_equal(task.lease.token, 11);
	assert_int_equal(optional_time_ms(task.start_by), 13);
	assert_int_equal(task.start_ms, 14);
	assert_int_equal(optional_time_ms(task.attempt_by), 15);
	assert_int_equal(optional_time_ms(task.end_by), 16);
	assert_int_equal(optional_time_ms(task.retried), 17);
	assert_int_equal(task.attempts_before, 18);
	assert_int_equal(task.failure, FAILURE_REPORTED);
	assert_str(task.error, "{\"a\":[1,2.5]}");
	assert_str(task.progress, "50");
	assert_int_equal(task.field_count, 3);
	assert_str(task_field(&task, STR("n")), "null");
	assert_str(task_field(&task, STR("deep")), "[[[[{\"k\":false}]]]]");
	arena_free(&arena);
}

static void written_tasks_are_read_unchanged(void **state)
{
	struct task task, again;
	struct arena arena = { 0 };
	struct buf first = BUF_INIT, second = BUF_INIT;

	(void)state;
	read_back(&task, &arena, ALL_MEMBERS);
	task_json_write(&task, &first);
	buf_putc(&first, '\0');
	read_back(&again, &arena, first.data);
	task_json_write(&again, &second);
	buf_putc(&second, '\0');
	assert_string_equal(first.data, second.data);
	buf_free(&first);
	buf_free(&second);
	arena_free(&arena);
}

static void early_exports_call_the_status_word(void **state)
{
	struct arena arena = { 0 };
	struct task task;

	(void)state;
	read_back(&task, &arena, HEAD ",\"word\":\"setting up\"}");
	assert_str(task.status, "setting up");
	arena_free(&arena);
}

static struct task read_version(const char *line, int version)
{
	struct arena arena = { 0 };
	struct err err = { 0 };
	struct task task;

	must(task_json_read(&task, &arena, str_cstr(line), version, &err), &err);
	arena_free(&arena);
	return task;
}

static void zero_is_a_time_since_version_2(void **state)
{
	static const char line[] = HEAD ",\"started\":0,\"finished\":null,\"not_before\":1}";
	struct task old = read_version(line, 1), new = read_version(line, 2);

	(void)state;
	assert_false(optional_time_is_set(old.started));
	assert_false(optional_time_is_set(old.finished));
	assert_int_equal(optional_time_ms(old.not_before), 1);
	assert_int_equal(optional_time_ms(new.started), 0);
	assert_false(optional_time_is_set(new.finished));
	assert_int_equal(optional_time_ms(new.not_before), 1);
}

static void times_may_be_texts(void **state)
{
	struct task task = read_version(HEAD ",\"started\":\"1970-01-01T01:00:00+01:00\","
					     "\"updated\":\"9999-12-31T23:59:59.999Z\"}",
		2);

	(void)state;
	assert_int_equal(optional_time_ms(task.started), 0);
	assert_int_equal(task.updated, 253402300799999);
}

static void absent_members_have_defaults(void **state)
{
	struct task task = read_version(HEAD "}", 2);

	(void)state;
	assert_int_equal(task.updated, 1429207233000);
	assert_str(task.status, "in progress");
}

/* In one spelling, and only with members that exist. */
static void policy_is_read_in_one_spelling(void **state)
{
	static const char line[] = HEAD
		",\"policy\":{\"total_timeout_seconds\":60.0,\"retry_first_seconds\":0.5}}";
	static const char *const wrong[] = { "1", "[]", "\"x\"", "{\"attempts\":1}",
		"{\"retry_first_seconds\":-1}", "{\"retry_first_seconds\":null}",
		"{\"start_timeout_seconds\":1e9}" };
	struct arena arena = { 0 };
	struct task task;

	(void)state;
	read_back(&task, &arena, line);
	assert_str(task.policy, "{\"retry_first_seconds\":0.5,\"total_timeout_seconds\":60}");
	read_back(&task, &arena, HEAD ",\"policy\":null}");
	assert_int_equal(task.policy.len, 0);
	read_back(&task, &arena, HEAD ",\"policy\":{}}");
	assert_int_equal(task.policy.len, 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct err err = { 0 };
		char text[400];

		snprintf(text, sizeof(text), "%s,\"policy\":%s}", HEAD, wrong[i]);
		assert_fails(
			task_json_read(&task, &arena, str_cstr(text), 2, &err), &err, ERR_INVALID);
		assert_string_equal(err.text, "policy must be a policy, or null");
	}
	arena_free(&arena);
}

#define PENDING                                                                    \
	ID ",\"tenant\":\"default\",\"dialect\":\"native\",\"state\":\"pending\"," \
	   "\"created\":1,\"not_before\":"

/* A task of an export without ready_after is not given to workers before its time. */
static void ready_after_of_a_pending_task_is_not_before(void **state)
{
	(void)state;
	assert_int_equal(optional_time_ms(read_version(PENDING "8}", 2).ready_after), 8);
	assert_false(optional_time_is_set(read_version(PENDING "0}", 1).ready_after));
	assert_false(optional_time_is_set(
		read_version(PENDING "8,\"ready_after\":null}", 2).ready_after));
	assert_false(optional_time_is_set(read_version(HEAD ",\"not_before\":8}", 2).ready_after));
}

/* A field may be as deep as a request's body allows. */
static void deepest_fields_are_read(void **state)
{
	struct arena arena = { 0 };
	struct buf line = BUF_INIT;
	struct task task;

	(void)state;
	buf_puts(&line, HEAD ",\"fields\":{\"deep\":");
	for (int i = 0; i < 31; i++)
		buf_putc(&line, '[');
	for (int i = 0; i < 31; i++)
		buf_putc(&line, ']');
	buf_puts(&line, "}}");
	buf_putc(&line, '\0');
	read_back(&task, &arena, line.data);
	assert_int_equal(task_field(&task, STR("deep")).len, 62);
	buf_free(&line);
	arena_free(&arena);
}

/* Deeper text cannot be written again. */
static void depth_of_lines_is_limited(void **state)
{
	struct arena arena = { 0 };
	struct buf line = BUF_INIT;
	struct err err = { 0 };
	struct task task;

	(void)state;
	buf_puts(&line, HEAD ",\"fields\":{\"deep\":");
	for (int i = 0; i < 63; i++)
		buf_putc(&line, '[');
	for (int i = 0; i < 63; i++)
		buf_putc(&line, ']');
	buf_puts(&line, "}}");
	assert_fails(task_json_read(&task, &arena, buf_str(&line), TASK_JSON_VERSION, &err), &err,
		ERR_MALFORMED);
	buf_free(&line);
	arena_free(&arena);
}

static const struct {
	const char *line;
	enum err_code code;
	const char *field;
} invalid_lines[] = {
	{ "", ERR_MALFORMED, "" },
	{ "[]", ERR_MALFORMED, "" },
	{ "{", ERR_MALFORMED, "" },
	{ HEAD "} x", ERR_MALFORMED, "" },
	{ HEAD ",\"created\":1}", ERR_MALFORMED, "" },
	{ HEAD ",\"word\":\"\\u0000\"}", ERR_MALFORMED, "" },
	{ HEAD ",\"word\":\"\xFF\"}", ERR_MALFORMED, "" },
	{ HEAD ",\"fields\":{\"a\":0.1000000000000000055}}", ERR_MALFORMED, "" },
	{ HEAD ",\"fields\":{\"a\":[{\"b\":1e-400}]}}", ERR_MALFORMED, "" },
	{ HEAD ",\"fields\":{\"a\":9223372036854775808}}", ERR_MALFORMED, "" },
	{ HEAD ",\"error\":12345678901234567.8}", ERR_MALFORMED, "" },
	{ HEAD ",\"created\":1.00000000000000001}", ERR_MALFORMED, "" },
	{ HEAD ",\"colour\":1}", ERR_INVALID, "colour" },
	{ HEAD ",\"status\":1}", ERR_INVALID, "status" },
	{ HEAD ",\"number\":-1}", ERR_INVALID, "number" },
	{ HEAD ",\"revision\":0}", ERR_INVALID, "revision" },
	{ HEAD ",\"number\":1.0}", ERR_INVALID, "number" },
	{ HEAD ",\"number\":\"1\"}", ERR_INVALID, "number" },
	{ HEAD ",\"attempt\":4294967296}", ERR_INVALID, "attempt" },
	{ HEAD ",\"priority\":2147483648}", ERR_INVALID, "priority" },
	{ HEAD ",\"updated\":-1}", ERR_INVALID, "updated" },
	{ HEAD ",\"updated\":null}", ERR_INVALID, "updated" },
	{ HEAD ",\"started\":253402300800000}", ERR_INVALID, "started" },
	{ HEAD ",\"finished\":-1}", ERR_INVALID, "finished" },
	{ HEAD ",\"not_before\":\"9999-12-31T23:59:59-01:00\"}", ERR_INVALID, "not_before" },
	{ HEAD ",\"not_before\":\"1970-01-01T00:59:59+01:00\"}", ERR_INVALID, "not_before" },
	{ HEAD ",\"archived\":0}", ERR_INVALID, "archived" },
	{ HEAD ",\"failure\":\"none\"}", ERR_INVALID, "failure" },
	{ HEAD ",\"failure\":5}", ERR_INVALID, "failure" },
	{ HEAD ",\"start_ms\":-1}", ERR_INVALID, "start_ms" },
	{ HEAD ",\"end_by\":-1}", ERR_INVALID, "end_by" },
	{ HEAD ",\"fields\":[]}", ERR_INVALID, "fields" },
	{ "{}", ERR_MISSING, "id" },
	{ "{\"id\":\"x\"}", ERR_INVALID, "id" },
	{ ID "}", ERR_MISSING, "dialect" },
	{ ID ",\"dialect\":\"unknown\"}", ERR_INVALID, "dialect" },
	{ ID ",\"dialect\":\"virtshell\",\"state\":\"none\"}", ERR_INVALID, "state" },
	{ ID ",\"dialect\":\"virtshell\",\"state\":\"running\",\"created\":1}", ERR_MISSING,
		"tenant" },
	{ ID ",\"dialect\":\"virtshell\",\"state\":\"running\",\"created\":1,"
	     "\"tenant\":\"A b\"}",
		ERR_INVALID, "tenant" },
};

static void invalid_lines_are_rejected(void **state)
{
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(invalid_lines) / sizeof(invalid_lines[0]); i++) {
		struct task task = { .number = 42 };
		struct err err = { 0 };

		if (task_json_read(&task, &arena, str_cstr(invalid_lines[i].line),
			    TASK_JSON_VERSION, &err) ||
			err.code != invalid_lines[i].code ||
			strcmp(err.field, invalid_lines[i].field) != 0) {
			print_error("row %zu: %s: %s\n", i, err.field, err_text(&err));
			fail();
		}
		assert_int_equal(task.number, 42);
	}
	arena_free(&arena);
}

static void number_of_fields_is_limited(void **state)
{
	struct buf line = BUF_INIT;
	struct arena arena = { 0 };
	struct err err = { 0 };
	struct task task;

	(void)state;
	buf_puts(&line, HEAD ",\"fields\":{\"f\":0");
	for (int i = 1; i <= TASK_FIELDS_MAX; i++)
		buf_printf(&line, ",\"f%d\":0", i);
	buf_puts(&line, "}}");
	assert_fails(task_json_read(&task, &arena, buf_str(&line), TASK_JSON_VERSION, &err), &err,
		ERR_TOO_LARGE);
	buf_free(&line);
	arena_free(&arena);
}

static void count_sample(uint64_t count, uint64_t failed)
{
	struct sample sample;
	struct err err = { 0 };
	struct arena arena = { 0 };
	uint64_t seen = 0;

	must(sample_open(&sample, STR("virtshell"), STR("default"), count, &err), &err);
	for (uint64_t i = 0; i < count; i++) {
		struct task task;

		assert_true(sample_task(&sample, i, &arena, &task));
		seen += task.state == TASK_FAILED;
		assert_int_equal(str_eq(task.status, STR("failed")), task.state == TASK_FAILED);
		arena_reset(&arena);
	}
	assert_int_equal(seen, failed);
	arena_free(&arena);
}

static void number_of_failed_samples_is_fixed(void **state)
{
	(void)state;
	count_sample(1, 1);
	count_sample(20, 20);
	count_sample(21, 20);
	count_sample(1000, 20);
	count_sample(10007, 20);
}

static void samples_differ_only_in_their_ids(void **state)
{
	struct buf first = BUF_INIT, second = BUF_INIT;
	struct sample sample;
	struct err err = { 0 };
	struct arena arena = { 0 };
	struct task task, again;

	(void)state;
	must(sample_open(&sample, STR("virtshell"), STR("default"), 100, &err), &err);
	assert_true(sample_task(&sample, 57, &arena, &task));
	assert_true(sample_task(&sample, 57, &arena, &again));
	assert_int_not_equal(id_compare(&task.id, &again.id), 0);
	again.id = task.id;
	task_json_write(&task, &first);
	task_json_write(&again, &second);
	assert_true(str_eq(buf_str(&first), buf_str(&second)));
	assert_fails(
		sample_open(&sample, STR("unknown"), STR("default"), 100, &err), &err, ERR_INVALID);
	buf_free(&first);
	buf_free(&second);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(all_members_are_read),
		CHECK(written_tasks_are_read_unchanged),
		CHECK(early_exports_call_the_status_word),
		CHECK(zero_is_a_time_since_version_2),
		CHECK(times_may_be_texts),
		CHECK(policy_is_read_in_one_spelling),
		CHECK(absent_members_have_defaults),
		CHECK(ready_after_of_a_pending_task_is_not_before),
		CHECK(deepest_fields_are_read),
		CHECK(depth_of_lines_is_limited),
		CHECK(invalid_lines_are_rejected),
		CHECK(number_of_fields_is_limited),
		CHECK(number_of_failed_samples_is_fixed),
		CHECK(samples_differ_only_in_their_ids),
	};

	return CHECK_RUN(tests);
}
