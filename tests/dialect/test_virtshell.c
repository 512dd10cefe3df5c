/* VirtShell's reports: the last part of a log, the history of a task, the room for both. */
#include <stdio.h>

#include "dialect/virtshell/virtshell.h"
#include "http/json.h"
#include "lib/check.h"

/* A PUT with this body, decoded. The caller frees request->arena. */
static void decode_update(struct request *request, struct op *op, struct str body)
{
	struct err err;

	*request = (struct request){ .arena = calloc(1, sizeof(struct arena)), .body = body };
	request->path_vars[0] = (struct pair){ STR("key"),
		STR("ab8076c0-db91-11e2-82ce-0002a5d5c51b") };
	request->path_var_count = 1;
	*op = (struct op){ .arena = request->arena };
	must(virtshell_decode_update(request, op, &err), &err);
}

static void end(struct request *request)
{
	arena_free(request->arena);
	free(request->arena);
}

/* Makes {"status":"provisioned","log":"..."} with a log of this many bytes, then "end". */
static struct str make_body(struct buf *out, size_t len, char c)
{
	buf_puts(out, "{\"status\":\"provisioned\",\"log\":\"");
	for (size_t i = 0; i < len; i++)
		buf_putc(out, c);
	buf_puts(out, "end\"}");
	assert_true(buf_ok(out));
	return buf_str(out);
}

static void long_log_keeps_its_end_and_the_state(void **state)
{
	const size_t len = VIRTSHELL_BODY_MAX - 64;
	struct buf body = BUF_INIT;
	struct request request;
	struct str log, mark;
	struct op op;
	unsigned long long cut;

	(void)state;
	decode_update(&request, &op, make_body(&body, len, 'x'));
	assert_str(op.change.status, "provisioned");
	assert_int_equal(op.change.state, TASK_SUCCEEDED);
	log = json_unquote(change_field(&op.change, STR("log")), request.arena);
	assert_in_range(log.len, VIRTSHELL_LOG_MAX - 256, VIRTSHELL_LOG_MAX);
	assert_memory_equal(log.ptr + log.len - 4, "xend", 4);
	assert_int_equal(sscanf(log.ptr, "[the first %llu bytes were cut]\n", &cut), 1);
	mark = str_split_next(&log, '\n');
	assert_true(str_starts(mark, STR("[the first ")));
	assert_int_equal(cut + log.len, len + 3);
	end(&request);
	buf_free(&body);
}

/* Each byte of these logs takes six in JSON text, or becomes three. */
static void stored_log_is_bounded_as_json_text(void **state)
{
	static const char bytes[] = { '\1', '\0', '\xFF', '\n' };

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		struct buf body = BUF_INIT;
		struct request request;
		struct str json;
		struct op op;

		decode_update(&request, &op, make_body(&body, 600000, bytes[i]));
		json = change_field(&op.change, STR("log"));
		assert_in_range(json.len, VIRTSHELL_LOG_MAX - 256, VIRTSHELL_LOG_MAX);
		assert_true(str_is_utf8(json));
		end(&request);
		buf_free(&body);
	}
}

/* Bytes are looked at eight at a time. */
static void special_byte_is_found_at_every_place(void **state)
{
	static const struct {
		const char *text, *expect;
	} cases[] = { { "\\n", "\n" }, { "\\\\", "\\" }, { "\xC3\xA4", "\xC3\xA4" },
		{ "\xE4", "\xEF\xBF\xBD" }, { "\x7F", "\x7F" }, { "\\u0041", "A" } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]) * 20; i++) {
		struct buf body = BUF_INIT, expect = BUF_INIT;
		struct request request;
		struct str log;
		struct op op;

		buf_printf(&body, "{\"log\":\"\\t%.*s%s%.*s\"}", (int)(i % 20),
			"ABCDEFGHIJKLMNOPQRST", cases[i / 20].text, (int)(20 - i % 20),
			"abcdefghijklmnopqrst");
		buf_printf(&expect, "\t%.*s%s%.*s", (int)(i % 20), "ABCDEFGHIJKLMNOPQRST",
			cases[i / 20].expect, (int)(20 - i % 20), "abcdefghijklmnopqrst");
		decode_update(&request, &op, buf_str(&body));
		log = json_unquote(change_field(&op.change, STR("log")), request.arena);
		assert_true(str_eq(log, buf_str(&expect)));
		end(&request);
		buf_free(&body);
		buf_free(&expect);
	}
}

static void log_that_was_cut_can_be_sent_back(void **state)
{
	struct buf body = BUF_INIT, again = BUF_INIT;
	struct request request, second;
	struct str json;
	struct op op, back;

	(void)state;
	decode_update(&request, &op, make_body(&body, 400000, 'y'));
	json = change_field(&op.change, STR("log"));
	buf_puts(&again, "{\"log\":");
	buf_put_str(&again, json);
	buf_putc(&again, '}');
	decode_update(&second, &back, buf_str(&again));
	assert_true(str_eq(change_field(&back.change, STR("log")), json));
	end(&second);
	end(&request);
	buf_free(&body);
	buf_free(&again);
}

/* ---- the history ---- */

static struct task task_with(const char *status, const char *log)
{
	/* 1970-01-01T12:26:32.113Z */
	struct task task = {
		.state = TASK_RUNNING, .status = str_cstr(status), .updated = 44792113
	};

	if (log)
		task_set_field(&task, (struct field){ STR("log"), str_cstr(log) });
	return task;
}

/* Applies the body of a PUT to the task. */
static bool update(struct task *task, const char *body, struct request *request, struct err *err)
{
	struct task before = *task;
	struct op op;

	decode_update(request, &op, str_cstr(body));
	if (op.change.status.len > 0)
		task->status = op.change.status;
	for (size_t i = 0; i < op.change.field_count; i++)
		task_set_field(task, op.change.fields[i]);
	return op.before_write(&op, &before, task, err);
}

static void report_is_appended_to_the_history(void **state)
{
	struct task task = task_with("pending", "\"received in tasks\"");
	struct request first, second, third;
	struct err err;

	(void)state;
	must(update(&task, "{\"status\":\"dispatching\",\"log\":\"a\"}", &first, &err), &err);
	assert_str(task_field(&task, STR("status_history")),
		"[[\"pending\",\"12:26:32.113000\",\"received in tasks\"]]");
	must(update(&task, "{\"log\":\"b\"}", &second, &err), &err);
	must(update(&task, "{\"description\":\"d\"}", &third, &err), &err);
	assert_str(task_field(&task, STR("status_history")),
		"[[\"pending\",\"12:26:32.113000\",\"received in tasks\"],"
		"[\"dispatching\",\"12:26:32.113000\",\"a\"]]");
	end(&first);
	end(&second);
	end(&third);
}

static void history_replaces_a_value_that_is_no_array(void **state)
{
	struct task task = task_with("pending", NULL);
	struct request request;
	struct err err;

	(void)state;
	task_set_field(&task, (struct field){ STR("status_history"), STR("\"[x\"") });
	must(update(&task, "{\"status\":\"created\"}", &request, &err), &err);
	assert_str(task_field(&task, STR("status_history")),
		"[[\"pending\",\"12:26:32.113000\",\"\"]]");
	end(&request);
}

/* A change by the native API of a pending task with the log "old". */
static const struct {
	enum op_kind kind;
	enum report_kind report;
	const char *status, *log, *history; /* NULL: none */
} work[] = {
	{ OP_CLAIM, REPORT_NONE, "in progress", "\"old\"",
		"[[\"pending\",\"13:26:32.113000\",\"old\"]]" },
	{ OP_UPDATE, REPORT_HEARTBEAT, "pending", "\"new\"",
		"[[\"pending\",\"13:26:32.113000\",\"old\"]]" },
	{ OP_UPDATE, REPORT_HEARTBEAT, "pending", "\"old\"", NULL },
	{ OP_UPDATE, REPORT_DUE, "pending", NULL, "[[\"pending\",\"13:26:32.113000\",\"old\"]]" },
	{ OP_UPDATE, REPORT_COMPLETE, "sucess", "\"new\"",
		"[[\"pending\",\"13:26:32.113000\",\"old\"]]" },
	{ OP_UPDATE, REPORT_NONE, "in progress", "\"new\"", NULL },
};

static void changes_by_workers_are_in_the_history(void **state)
{
	static const struct tz east = { .count = 1,
		.transitions = { { .from = INT64_MIN, .offset = 3600 } } };

	(void)state;
	for (size_t i = 0; i < sizeof(work) / sizeof(work[0]); i++) {
		struct task before = task_with("pending", "\"old\"");
		struct task task = task_with(work[i].status, work[i].log);
		struct arena arena = { 0 };
		struct op op = { .kind = work[i].kind,
			.report.kind = work[i].report,
			.arena = &arena,
			.tz = &east };
		struct err err;
		struct str history;

		must(virtshell_native_complete(&op, &before, &task, &err), &err);
		history = task_field(&task, STR("status_history"));
		assert_int_equal(history.ptr != NULL, work[i].history != NULL);
		if (work[i].history)
			assert_str(history, work[i].history);
		must(virtshell_native_complete(&op, NULL, &task, &err), &err);
		arena_free(&arena);
	}
}

static void history_drops_its_oldest_reports(void **state)
{
	struct task task = task_with("a\"]", "\"\\\"],[\"");
	struct request requests[VIRTSHELL_HISTORY_MAX + 5];
	struct err err;
	json_t *json;

	(void)state;
	for (int i = 0; i < VIRTSHELL_HISTORY_MAX + 5; i++) {
		char body[64];

		snprintf(body, sizeof(body), "{\"status\":\"%d\"}", i);
		must(update(&task, body, &requests[i], &err), &err);
	}
	must(json_parse_strict(&json, task_field(&task, STR("status_history")), &err), &err);
	assert_int_equal(json_array_size(json), VIRTSHELL_HISTORY_MAX);
	assert_string_equal(json_string_value(json_array_get(json_array_get(json, 0), 0)), "4");
	json_decref(json);
	for (int i = 0; i < VIRTSHELL_HISTORY_MAX + 5; i++)
		end(&requests[i]);
}

static void history_is_bounded_in_size(void **state)
{
	struct task task = task_with("pending", NULL);
	struct request requests[40];
	struct buf body = BUF_INIT;
	struct err err;

	(void)state;
	buf_puts(&body, "{\"log\":\"");
	for (int i = 0; i < 20000; i++)
		buf_puts(&body, "\\\\");
	buf_puts(&body, "\"}");
	buf_putc(&body, '\0');
	for (int i = 0; i < 40; i++) {
		struct str history;
		json_t *json;

		must(update(&task, body.data, &requests[i], &err), &err);
		history = task_field(&task, STR("status_history"));
		assert_true(history.len <= VIRTSHELL_HISTORY_SIZE_MAX);
		must(json_parse_strict(&json, history, &err), &err);
		json_decref(json);
	}
	for (int i = 0; i < 40; i++)
		end(&requests[i]);
	buf_free(&body);
}

static void every_task_has_room_for_a_report(void **state)
{
	struct task before = task_with("pending", NULL), task = before;
	char names[TASK_FIELDS_MAX][8];
	struct err err;

	(void)state;
	for (int i = 0; i < TASK_FIELDS_MAX - 1; i++) {
		snprintf(names[i], sizeof(names[i]), "m%d", i);
		task_set_field(&task, (struct field){ str_cstr(names[i]), STR("1") });
	}
	assert_false(virtshell_dialect.validate(&before, &task, &err));
	assert_err(&err, ERR_INVALID);
	must(virtshell_dialect.validate(&task, &task, &err), &err);
	task.field_count = TASK_FIELDS_MAX - 2;
	must(virtshell_dialect.validate(&before, &task, &err), &err);
	task.fields[0].json.len = VIRTSHELL_STORED_OTHERS_MAX;
	assert_false(virtshell_dialect.validate(&before, &task, &err));
	assert_err(&err, ERR_TOO_LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(long_log_keeps_its_end_and_the_state),
		CHECK(stored_log_is_bounded_as_json_text),
		CHECK(special_byte_is_found_at_every_place),
		CHECK(log_that_was_cut_can_be_sent_back),
		CHECK(report_is_appended_to_the_history),
		CHECK(history_replaces_a_value_that_is_no_array),
		CHECK(changes_by_workers_are_in_the_history),
		CHECK(history_drops_its_oldest_reports),
		CHECK(history_is_bounded_in_size),
		CHECK(every_task_has_room_for_a_report),
	};

	return CHECK_RUN(tests);
}
