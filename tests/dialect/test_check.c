/* The check of whole tasks, as an import makes it: limits, values and addresses of each dialect. */
#include "admin/task_json.h"
#include "dialect/check.h"
#include "http/json.h"
#include "lib/check.h"

#define ID "5f0e7a2c-0d5b-4f7a-9c1e-2b6d8a9f0e11"
/* A line of an export. */
#define LINE(dialect, rest) \
	"{\"id\":\"" ID "\",\"dialect\":\"" dialect "\",\"tenant\":\"acme\",\"created\":1," rest "}"
#define TRACE	"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
#define PENDING "\"state\":\"pending\",\"status\":\"pending\""

#define VIRTSHELL LINE("virtshell", PENDING)
#define NATIVE	  LINE("native", PENDING)
#define UPLYNK                                                                         \
	LINE("uplynk", "\"state\":\"succeeded\",\"status\":\"COMPLETED\",\"fields\":{" \
		       "\"operation\":\"DELETE\"}")
#define POINT                                                                             \
	LINE("uplynk_point", "\"state\":\"pending\",\"fields\":{\"endpoint_name\":\"a\"," \
			     "\"server_region_id\":\"b\",\"stream_type_name\":\"SRT\","   \
			     "\"desc\":\"\"}")
#define FOURHSE                                                                               \
	LINE("fourhse", PENDING ",\"fields\":{\"handler\":\"h\",\"user_id\":\"u\","           \
				"\"task_id\":\"" ID "\",\"entity_id\":null,\"request\":null," \
				"\"response\":null}")
#define IDOL                                                                            \
	LINE("idol", "\"number\":812345,\"state\":\"pending\",\"status\":\"uploaded\"," \
		     "\"fields\":{\"master-type\":\"cd\",\"precision\":null,"           \
		     "\"support-number\":null,\"url\":null,\"md5\":null,"               \
		     "\"attachable\":{\"type\":\"tracks\",\"id\":\"7\"}}")

static const char *const valid[] = { VIRTSHELL, NATIVE, UPLYNK, POINT, FOURHSE, IDOL };

/* Replaces members of the line, and of its fields, by those of the change. */
static void change_line(struct buf *out, const char *line, const char *change)
{
	json_t *json = json_loads(line, 0, NULL), *changed = json_loads(change, 0, NULL);
	json_t *fields = json_incref(json_object_get(changed, "fields"));

	assert_non_null(json);
	assert_non_null(changed);
	if (fields) {
		json_object_del(changed, "fields");
		if (!json_object_get(json, "fields"))
			json_object_set_new(json, "fields", json_object());
		json_object_update(json_object_get(json, "fields"), fields);
	}
	json_object_update(json, changed);
	json_put(out, json);
	json_decref(fields);
	json_decref(changed);
	json_decref(json);
}

static bool check_line(const char *line, const char *change, struct err *err)
{
	struct arena arena = { 0 };
	struct buf text = BUF_INIT;
	struct task task;
	bool ok;

	change_line(&text, line, change);
	must(task_json_read(&task, &arena, buf_str(&text), TASK_JSON_VERSION, err), err);
	task.revision += task.revision == 0;
	ok = dialect_check_task(NULL, &task, err);
	buf_free(&text);
	arena_free(&arena);
	return ok;
}

static void tasks_of_each_dialect_pass(void **state)
{
	struct err err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++)
		must(check_line(valid[i], "{}", &err), &err);
}

#define TEN	 "0123456789"
#define FIFTY	 TEN TEN TEN TEN TEN
#define LONG_65	 FIFTY TEN "01234"
#define LONG_256 FIFTY FIFTY FIFTY FIFTY FIFTY "012345"

static const struct {
	const char *line, *change, *field;
} rows[] = {
	{ VIRTSHELL, "{\"state\":\"succeeded\"}", "status" },
	{ VIRTSHELL, "{\"status\":\"" LONG_65 "\",\"state\":\"running\"}", "status" },
	{ VIRTSHELL, "{\"number\":1}", "number" },
	{ VIRTSHELL, "{\"revision\":4503599627370497}", "revision" },
	{ VIRTSHELL, "{\"max_attempts\":4294967295}", "max_attempts" },
	{ VIRTSHELL, "{\"created_by\":\"a\\nb\"}", "created_by" },
	{ NATIVE, "{\"traceparent\":\"00-1-2-01\"}", "traceparent" },
	{ NATIVE, "{\"traceparent\":\"" TRACE "\\r\\n\"}", "traceparent" },
	{ NATIVE, "{\"traceparent\":\"" TRACE "\",\"tracestate\":\"a=1\\nb\"}", "tracestate" },
	{ NATIVE, "{\"tracestate\":\"a=1\"}", "tracestate" },
	{ VIRTSHELL, "{\"updated_by\":\"" LONG_65 "\"}", "updated_by" },
	{ VIRTSHELL,
		"{\"progress\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
		"]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
		"progress" },
	{ VIRTSHELL, "{\"fields\":{\"\":1}}", "fields" },
	{ POINT, "{\"state\":\"failed\"}", "state" },
	{ POINT, "{\"status\":\"COMPLETED\"}", "status" },
	{ POINT, "{\"number\":1}", "number" },
	{ POINT, "{\"archived\":true}", "archived" },
	{ VIRTSHELL, "{\"fields\":{\"" LONG_65 "\":1}}", "fields" },
	{ VIRTSHELL, "{\"fields\":{\"log\":1}}", "log" },
	{ VIRTSHELL,
		"{\"fields\":{\"deep\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"[\"]]]]]]]]]]]]]]]]]]]]]]]]"
		"]]]]]]]]}}",
		"fields" },
	{ NATIVE, "{\"status\":\"done\"}", "status" },
	{ NATIVE, "{\"is_bulk\":1}", "is_bulk" },
	{ NATIVE, "{\"is_bulk\":2,\"state\":\"running\",\"status\":\"running\"}", "is_bulk" },
	{ NATIVE, "{\"is_bulk\":1,\"state\":\"running\",\"status\":\"running\",\"lease_token\":1}",
		"is_bulk" },
	{ VIRTSHELL, "{\"is_bulk\":1,\"state\":\"running\",\"status\":\"IN_PROGRESS\"}",
		"is_bulk" },
	{ NATIVE, "{\"kind\":\"a\\nb\"}", "kind" },
	{ NATIVE, "{\"kind\":\"" LONG_65 "\"}", "kind" },
	{ VIRTSHELL, "{\"kind\":\"a\"}", "kind" },
	{ POINT, "{\"kind\":\"a\"}", "kind" },
	{ UPLYNK, "{\"fields\":{\"operation\":\"RESTART\"}}", "operation" },
	{ UPLYNK, "{\"status\":\"completed\"}", "status" },
	{ POINT, "{\"fields\":{\"endpoint_name\":\"\"}}", "endpoint_name" },
	{ POINT, "{\"fields\":{\"server_region_id\":\"" LONG_256 "\"}}", "server_region_id" },
	{ POINT, "{\"fields\":{\"desc\":null}}", "desc" },
	{ FOURHSE, "{\"fields\":{\"task_id\":\"other\"}}", "task_id" },
	{ FOURHSE, "{\"fields\":{\"task_id\":\"a\\\\b\"}}", "task_id" },
	{ FOURHSE, "{\"fields\":{\"task_id\":\"../b\"}}", "task_id" },
	{ FOURHSE, "{\"fields\":{\"task_id\":\"5F0E7A2C-0d5b-4f7a-9c1e-2b6d8a9f0e11\"}}",
		"task_id" },
	{ FOURHSE, "{\"fields\":{\"handler\":\"" LONG_256 "\"}}", "handler" },
	{ FOURHSE, "{\"status\":\"" LONG_256 "\",\"state\":\"running\"}", "status" },
	{ IDOL, "{\"number\":0}", "number" },
	{ IDOL, "{\"number\":9007199254740992}", "number" },
	{ IDOL, "{\"fields\":{\"master-type\":5}}", "master-type" },
	{ IDOL, "{\"fields\":{\"url\":\" \"}}", "url" },
	{ IDOL, "{\"fields\":{\"support-number\":\"" LONG_256 "\"}}", "support-number" },
};

static void wrong_tasks_are_refused_by_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = { 0 };

		if (check_line(rows[i].line, rows[i].change, &err) ||
			err.code != ERR_UNPROCESSABLE || strcmp(err.field, rows[i].field) != 0)
			fail_msg("row %zu: %s: %s", i, err.field, err_text(&err));
	}
}

static void members_that_contradict_the_state_are_refused(void **state)
{
	static const struct {
		const char *change, *field, *text;
	} cases[] = {
		{ "{\"state\":\"succeeded\",\"status\":\"succeeded\",\"failure\":\"reported\"}",
			"failure", "only a failed task has a failure" },
		{ "{\"ready_after\":5,\"start_by\":9,\"start_ms\":4}", "start_by",
			"only a task that workers may claim has a start timeout" },
		{ "{\"state\":\"running\",\"status\":\"running\",\"start_by\":9}", "start_by",
			"only a task that workers may claim has a start timeout" },
		{ "{\"start_by\":9,\"start_ms\":4611686018427387904}", "start_ms",
			"the longest start timeout is that of a policy" },
		{ "{\"start_by\":9,\"start_ms\":31536000001}", "start_ms",
			"the longest start timeout is that of a policy" },
	};
	struct err err = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		err = (struct err){ 0 };
		assert_fails(check_line(NATIVE, cases[i].change, &err), &err, ERR_UNPROCESSABLE);
		assert_string_equal(err.field, cases[i].field);
		assert_string_equal(err_text(&err), cases[i].text);
	}
	err = (struct err){ 0 };
	must(check_line(NATIVE,
		     "{\"state\":\"failed\",\"status\":\"failed\",\"failure\":\"reported\"}", &err),
		&err);
	must(check_line(NATIVE, "{\"start_by\":9,\"start_ms\":31536000000}", &err), &err);
	must(check_line(
		     NATIVE, "{\"is_bulk\":1,\"state\":\"running\",\"status\":\"running\"}", &err),
		&err);
}

static void vionlabs_task_has_the_id_of_its_address(void **state)
{
	static const char line[] =
		"{\"id\":\"5f0e7a2c-0d5b-4f7a-9c1e-2b6d8a9f0e11\",\"dialect\":\"vionlabs\","
		"\"tenant\":\"acme\",\"created\":1,\"state\":\"pending\",\"status\":\"pending\","
		"\"fields\":{\"inventory_id\":\"a\",\"product\":\"emotions\",\"version\":\"1\"}}";
	struct err err = { 0 };

	(void)state;
	assert_fails(check_line(line, "{}", &err), &err, ERR_UNPROCESSABLE);
	assert_string_equal(err.field, "inventory_id");
	assert_fails(check_line(line, "{\"fields\":{\"product\":\"nosuch\"}}", &err), &err,
		ERR_UNPROCESSABLE);
	assert_string_equal(err.field, "product");
}

static bool check_request(struct str request, struct err *err)
{
	struct buf change = BUF_INIT;
	bool ok;

	buf_puts(&change, "{\"fields\":{\"request\":");
	buf_put_str(&change, request);
	buf_puts(&change, "}}");
	buf_putc(&change, '\0');
	ok = check_line(FOURHSE, change.data, err);
	buf_free(&change);
	return ok;
}

/* A report of 256 KiB in `response` must fit beside the other members. */
static void room_for_reports_is_kept(void **state)
{
	size_t max = TASK_RECORD_MAX - TASK_RESULT_MAX - (size_t)16 * 1024 - (size_t)256 * 1024;
	struct buf text = BUF_INIT;
	struct task task = { .dialect = DIALECT_CODE_fourhse }, before;
	struct err err = { 0 };

	(void)state;
	buf_putc(&text, '"');
	while (text.len < max - strlen("request"))
		buf_putc(&text, 'x');
	buf_putc(&text, '"');
	task_set_field(&task, (struct field){ STR("request"), buf_str(&text) });
	assert_fails(dialect_check_room(NULL, &task, &err), &err, ERR_TOO_LARGE);
	assert_fails(check_request(buf_str(&text), &err), &err, ERR_TOO_LARGE);
	/* a change that does not make it larger */
	before = task;
	must(dialect_check_room(&before, &task, &err), &err);
	task.fields[0].json.len--;
	must(dialect_check_room(NULL, &task, &err), &err);
	buf_free(&text);
}

/* Made by an earlier build, it must be able to end. */
static void restart_of_an_earlier_build_may_change(void **state)
{
	struct task task = { .dialect = DIALECT_CODE_uplynk, .state = TASK_RUNNING }, before;
	struct err err = { 0 };

	(void)state;
	task_set_field(&task, (struct field){ STR("operation"), STR("\"RESTART\"") });
	before = task;
	must(dialect_check_task(&before, &task, &err), &err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(tasks_of_each_dialect_pass),
		CHECK(wrong_tasks_are_refused_by_name),
		CHECK(members_that_contradict_the_state_are_refused),
		CHECK(vionlabs_task_has_the_id_of_its_address),
		CHECK(room_for_reports_is_kept),
		CHECK(restart_of_an_earlier_build_may_change),
	};

	return CHECK_RUN(tests);
}
