/* Hooks for 4HSE tasks that arrive by the native API: ids and validation. */
#include <stdio.h>

#include "dialect/fourhse/fourhse.h"
#include "lib/check.h"

#define NEW_ID	 "ab8076c0-db91-71e2-82ce-0002a5d5c51b"
#define OTHER_ID "5f0e7a2c-0d5b-4f7a-9c1e-2b6d8a9f0e11"

static void init_create(struct request *request, struct op *op, struct arena *arena)
{
	*request = (struct request){ .arena = arena, .principal = { .user = STR("ann\"") } };
	*op = (struct op){ .kind = OP_CREATE, .arena = arena };
	id_parse(&op->new_id, STR(NEW_ID));
	change_set_field(&op->change, STR("handler"), STR("\"ExportHandler\""));
}

/* Creates the task as the store would. */
static void make_task(const struct op *op, struct task *task)
{
	*task = (struct task){ .id = op->new_id,
		.dialect = DIALECT_CODE_fourhse,
		.state = op->change.state,
		.status = op->change.status };
	for (size_t i = 0; i < op->change.field_count; i++)
		assert_true(task_set_field(task, op->change.fields[i]));
}

static void missing_members_get_defaults(void **state)
{
	struct arena arena = { 0 };
	struct request request;
	struct task task;
	struct op op;
	struct err err;

	(void)state;
	init_create(&request, &op, &arena);
	must(fourhse_native_defaults(&request, &op, &err), &err);
	make_task(&op, &task);
	must(fourhse_validate(NULL, &task, &err), &err);
	assert_str(task_field(&task, STR("task_id")), "\"" NEW_ID "\"");
	assert_str(task_field(&task, STR("user_id")), "\"ann\\\"\"");
	assert_str(task_field(&task, STR("entity_id")), "null");
	assert_str(task_field(&task, STR("request")), "null");
	assert_str(task_field(&task, STR("response")), "null");
	assert_str(task.status, "pending");
	assert_int_equal(task.state, TASK_PENDING);
	arena_free(&arena);
}

static void given_members_are_kept(void **state)
{
	struct arena arena = { 0 };
	struct request request;
	struct task task;
	struct op op;
	struct err err;

	(void)state;
	init_create(&request, &op, &arena);
	op.change.state = TASK_SUCCEEDED;
	change_set_field(&op.change, STR("user_id"), STR("\"bob\""));
	change_set_field(&op.change, STR("request"), STR("\"{}\""));
	change_set_field(&op.change, STR("colour"), STR("[1]"));
	must(fourhse_native_defaults(&request, &op, &err), &err);
	make_task(&op, &task);
	must(fourhse_validate(NULL, &task, &err), &err);
	assert_str(task_field(&task, STR("user_id")), "\"bob\"");
	assert_str(task_field(&task, STR("request")), "\"{}\"");
	assert_str(task.status, "completed");
	arena_free(&arena);
}

/* A task_id gives the same id as in a path; a UUID is the id. */
static void client_task_id_determines_the_id(void **state)
{
	static const struct {
		const char *given, *kept;
	} rows[] = {
		{ "\"task-1\"", "\"task-1\"" },
		{ "\"a\\u002fb\"", "\"a/b\"" },
		{ "\"5F0E7A2C-0D5B-4F7A-9C1E-2B6D8A9F0E11\"", "\"" OTHER_ID "\"" },
	};
	struct arena arena = { 0 };
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct request request;
		struct task task;
		struct op op;
		struct str text;
		struct id id;

		init_create(&request, &op, &arena);
		change_set_field(&op.change, STR("task_id"), str_cstr(rows[i].given));
		must(fourhse_native_defaults(&request, &op, &err), &err);
		make_task(&op, &task);
		must(fourhse_validate(NULL, &task, &err), &err);
		assert_str(task_field(&task, STR("task_id")), rows[i].kept);
		text = json_unquote(str_cstr(rows[i].given), &arena);
		must(fourhse_parse_task_id(&id, &text, text, &arena, &err), &err);
		assert_int_equal(id_compare(&id, &task.id), 0);
	}
	arena_free(&arena);
}

/* Each row makes one member of a valid creation invalid. */
static const struct {
	const char *name, *json;
} invalid_members[] = {
	{ "task_id", "5" },
	{ "task_id", "null" },
	{ "task_id", "\"\"" },
	{ "task_id", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"" },
	{ "handler", "" },
	{ "handler", "null" },
	{ "handler", "\" \"" },
	{ "handler", "[]" },
	{ "user_id", "null" },
	{ "user_id", "7" },
	{ "entity_id", "false" },
	{ "request", "{}" },
	{ "response", "1" },
};

static void member_types_are_checked(void **state)
{
	struct arena arena = { 0 };
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(invalid_members) / sizeof(invalid_members[0]); i++) {
		struct request request;
		struct task task;
		struct op op;

		init_create(&request, &op, &arena);
		change_set_field(&op.change, str_cstr(invalid_members[i].name),
			str_cstr(invalid_members[i].json));
		must(fourhse_native_defaults(&request, &op, &err), &err);
		make_task(&op, &task);
		assert_false(fourhse_validate(NULL, &task, &err));
		assert_err(&err, ERR_UNPROCESSABLE);
		assert_string_equal(err.field, invalid_members[i].name);
	}
	arena_free(&arena);
}

/* An invalid status and a task_id of another id can only come from an update. */
static void updates_are_validated(void **state)
{
	struct arena arena = { 0 };
	struct request request;
	struct task before, task;
	char status[257];
	struct op op;
	struct err err;

	(void)state;
	init_create(&request, &op, &arena);
	must(fourhse_native_defaults(&request, &op, &err), &err);
	make_task(&op, &task);
	memset(status, 's', sizeof(status));
	before = task;
	task.status = (struct str){ status, 255 };
	must(fourhse_validate(&before, &task, &err), &err);
	task.status.len = 256;
	assert_false(fourhse_validate(&before, &task, &err));
	assert_string_equal(err.field, "status");
	task.status = STR(" ");
	assert_false(fourhse_validate(&before, &task, &err));
	assert_string_equal(err.field, "status");
	task.status = STR("done");
	assert_true(
		task_set_field(&task, (struct field){ STR("task_id"), STR("\"" OTHER_ID "\"") }));
	assert_false(fourhse_validate(&before, &task, &err));
	assert_string_equal(err.field, "task_id");
	arena_free(&arena);
}

/* Each is another text that gives the task's own id. */
static void task_id_is_immutable(void **state)
{
	char derived[ID_TEXT_LEN + 3] = "\"";
	const struct {
		const char *given, *then;
	} rows[] = {
		{ "\"" OTHER_ID "\"", "\"5F0E7A2C-0D5B-4F7A-9C1E-2B6D8A9F0E11\"" },
		{ "\"task-1\"", derived },
	};
	struct arena arena = { 0 };
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct task before, task;
		struct request request;
		struct op op;

		init_create(&request, &op, &arena);
		change_set_field(&op.change, STR("task_id"), str_cstr(rows[i].given));
		must(fourhse_native_defaults(&request, &op, &err), &err);
		make_task(&op, &before);
		id_format(&before.id, derived + 1);
		derived[ID_TEXT_LEN + 1] = '"';
		task = before;
		must(fourhse_validate(&before, &task, &err), &err);
		task_set_field(&task, (struct field){ STR("task_id"), str_cstr(rows[i].then) });
		assert_false(fourhse_validate(&before, &task, &err));
		assert_string_equal(err.field, "task_id");
	}
	arena_free(&arena);
}

/* A list of 500 rows must not parse a query of 8000 commas once per row. */
static void selected_fields_are_parsed_once(void **state)
{
	const struct route *row = fourhse_dialect.routes;
	struct arena arena = { 0 };
	struct request request = { .arena = &arena,
		.method = METHOD_GET,
		.query = { { STR("fields"), STR(",nothing, status,handler") } },
		.query_count = 1 };
	struct task task = { .status = STR("done") };
	struct op op = { .arena = &arena };
	struct buf out = BUF_INIT;
	struct err err;

	(void)state;
	must(row->decode(&request, &op, &err), &err);
	request.query_count = 0;
	assert_true(row->encode_row(&request, &task, &out));
	assert_str(buf_str(&out), "{\"handler\":null,\"status\":\"done\"}");
	buf_free(&out);
	arena_free(&arena);
}

/* With a body_limit above 688 KiB: a report in `response` must fit beside the other members. */
static void creation_keeps_room_for_reports(void **state)
{
	struct arena arena = { 0 };
	struct request request = { .arena = &arena,
		.method = METHOD_POST,
		.body = STR("{\"handler\":\"h\"}"),
		.principal = { .user = STR("ann") } };
	struct op op = { .arena = &arena };
	struct task task = { .dialect = DIALECT_CODE_fourhse };
	struct buf text = BUF_INIT;
	struct err err = { 0 };

	(void)state;
	must(fourhse_decode_create(&request, &op, &err), &err);
	must(op.before_write(&op, NULL, &task, &err), &err);
	while (text.len < (size_t)688 * 1024)
		buf_putc(&text, 'x');
	task_set_field(&task, (struct field){ STR("request"), buf_str(&text) });
	assert_fails(op.before_write(&op, NULL, &task, &err), &err, ERR_TOO_LARGE);
	buf_free(&text);
	arena_free(&arena);
}

/* The framework's phrase, also where another error becomes 422. */
static void invalid_values_have_their_own_reason_phrase(void **state)
{
	static const enum err_code codes[] = { ERR_UNPROCESSABLE, ERR_CONFLICT };

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct request request = { 0 };
		struct response response = { 0 };
		struct err err;

		err_set(&err, codes[i], "handler", NULL);
		dialect_encode_error(&fourhse_dialect, &request, &err, &response);
		assert_int_equal(response.status, 422);
		assert_string_equal(response.reason, "Data Validation Failed.");
		response_free(&response);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(missing_members_get_defaults),
		CHECK(given_members_are_kept),
		CHECK(client_task_id_determines_the_id),
		CHECK(member_types_are_checked),
		CHECK(updates_are_validated),
		CHECK(task_id_is_immutable),
		CHECK(selected_fields_are_parsed_once),
		CHECK(creation_keeps_room_for_reports),
		CHECK(invalid_values_have_their_own_reason_phrase),
	};

	return CHECK_RUN(tests);
}
