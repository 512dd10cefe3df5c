/* 4HSE tasks that come in by the native API: what they are named and what they may be. */
#include <stdio.h>

#include "dialect/fourhse.h"
#include "lib/check.h"

#define FRESH "ab8076c0-db91-71e2-82ce-0002a5d5c51b"
#define OTHER "5f0e7a2c-0d5b-4f7a-9c1e-2b6d8a9f0e11"

static void start(struct request *request, struct op *op, struct mem *mem)
{
	*request = (struct request){ .mem = mem, .principal = { .user = STR("ann\"") } };
	*op = (struct op){ .kind = OP_CREATE, .mem = mem };
	id_parse(&op->fresh, STR(FRESH));
	change_set(&op->change, STR("handler"), STR("\"ExportHandler\""));
}

/* The task that the store would make of it. */
static void make(const struct op *op, struct task *task)
{
	*task = (struct task){ .id = op->fresh,
		.dialect = DIALECT_CODE_fourhse,
		.state = op->change.state,
		.word = op->change.word };
	for (size_t i = 0; i < op->change.field_count; i++)
		assert_true(task_set_field(task, op->change.fields[i]));
}

static void what_is_left_out_is_filled_in(void **state)
{
	struct mem mem = { 0 };
	struct request request;
	struct task task;
	struct op op;
	struct err err;

	(void)state;
	start(&request, &op, &mem);
	must(fourhse_prepare(&request, &op, &err), &err);
	make(&op, &task);
	must(fourhse_admit(NULL, &task, &err), &err);
	assert_str(task_field(&task, STR("task_id")), "\"" FRESH "\"");
	assert_str(task_field(&task, STR("user_id")), "\"ann\\\"\"");
	assert_str(task_field(&task, STR("entity_id")), "null");
	assert_str(task_field(&task, STR("request")), "null");
	assert_str(task_field(&task, STR("response")), "null");
	assert_str(task.word, "pending");
	assert_int_equal(task.state, TASK_PENDING);
	mem_free(&mem);
}

static void what_is_there_stays(void **state)
{
	struct mem mem = { 0 };
	struct request request;
	struct task task;
	struct op op;
	struct err err;

	(void)state;
	start(&request, &op, &mem);
	op.change.state = TASK_SUCCEEDED;
	change_set(&op.change, STR("user_id"), STR("\"bob\""));
	change_set(&op.change, STR("request"), STR("\"{}\""));
	change_set(&op.change, STR("colour"), STR("[1]"));
	must(fourhse_prepare(&request, &op, &err), &err);
	make(&op, &task);
	must(fourhse_admit(NULL, &task, &err), &err);
	assert_str(task_field(&task, STR("user_id")), "\"bob\"");
	assert_str(task_field(&task, STR("request")), "\"{}\"");
	assert_str(task.word, "completed");
	mem_free(&mem);
}

/* A name leads to the same id as an address does; a UUID is the id. */
static void the_client_names_the_task(void **state)
{
	static const struct {
		const char *given, *kept;
	} rows[] = {
		{ "\"task-1\"", "\"task-1\"" },
		{ "\"a\\u002fb\"", "\"a/b\"" },
		{ "\"5F0E7A2C-0D5B-4F7A-9C1E-2B6D8A9F0E11\"", "\"" OTHER "\"" },
	};
	struct mem mem = { 0 };
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct request request;
		struct task task;
		struct op op;
		struct str text;
		struct id id;

		start(&request, &op, &mem);
		change_set(&op.change, STR("task_id"), str_of(rows[i].given));
		must(fourhse_prepare(&request, &op, &err), &err);
		make(&op, &task);
		must(fourhse_admit(NULL, &task, &err), &err);
		assert_str(task_field(&task, STR("task_id")), rows[i].kept);
		text = json_unquote(str_of(rows[i].given), &mem);
		must(fourhse_resolve(&id, &text, text, &mem, &err), &err);
		assert_int_equal(id_compare(&id, &task.id), 0);
	}
	mem_free(&mem);
}

/* Each row spoils one member of a good creation. */
static void members_must_be_of_their_type(void **state)
{
	static const struct {
		const char *name, *json;
	} rows[] = {
		{ "task_id", "5" },
		{ "task_id", "null" },
		{ "task_id", "\"\"" },
		{ "task_id",
			"\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"" },
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
	struct mem mem = { 0 };
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct request request;
		struct task task;
		struct op op;

		start(&request, &op, &mem);
		change_set(&op.change, str_of(rows[i].name), str_of(rows[i].json));
		must(fourhse_prepare(&request, &op, &err), &err);
		make(&op, &task);
		assert_false(fourhse_admit(NULL, &task, &err));
		assert_int_equal(err.code, ERR_UNPROCESSABLE);
		assert_string_equal(err.field, rows[i].name);
	}
	mem_free(&mem);
}

/* A word that is no status, and a task_id that leads elsewhere, can only come by a change. */
static void changes_are_judged_as_well(void **state)
{
	struct mem mem = { 0 };
	struct request request;
	struct task before, task;
	char word[257];
	struct op op;
	struct err err;

	(void)state;
	start(&request, &op, &mem);
	must(fourhse_prepare(&request, &op, &err), &err);
	make(&op, &task);
	memset(word, 'w', sizeof(word));
	before = task;
	task.word = (struct str){ word, 255 };
	must(fourhse_admit(&before, &task, &err), &err);
	task.word.len = 256;
	assert_false(fourhse_admit(&before, &task, &err));
	assert_string_equal(err.field, "status");
	task.word = STR(" ");
	assert_false(fourhse_admit(&before, &task, &err));
	assert_string_equal(err.field, "status");
	task.word = STR("done");
	assert_true(task_set_field(&task, (struct field){ STR("task_id"), STR("\"" OTHER "\"") }));
	assert_false(fourhse_admit(&before, &task, &err));
	assert_string_equal(err.field, "task_id");
	mem_free(&mem);
}

/* Each is another text that leads to the task's own id. */
static void the_name_of_a_task_stays(void **state)
{
	char derived[ID_TEXT_LEN + 3] = "\"";
	const struct {
		const char *given, *then;
	} rows[] = {
		{ "\"" OTHER "\"", "\"5F0E7A2C-0D5B-4F7A-9C1E-2B6D8A9F0E11\"" },
		{ "\"task-1\"", derived },
	};
	struct mem mem = { 0 };
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct task before, task;
		struct request request;
		struct op op;

		start(&request, &op, &mem);
		change_set(&op.change, STR("task_id"), str_of(rows[i].given));
		must(fourhse_prepare(&request, &op, &err), &err);
		make(&op, &before);
		id_format(&before.id, derived + 1);
		derived[ID_TEXT_LEN + 1] = '"';
		task = before;
		must(fourhse_admit(&before, &task, &err), &err);
		task_set_field(&task, (struct field){ STR("task_id"), str_of(rows[i].then) });
		assert_false(fourhse_admit(&before, &task, &err));
		assert_string_equal(err.field, "task_id");
	}
	mem_free(&mem);
}

/* 500 rows and a query of 8000 commas: the rows must not look at it. */
static void what_is_shown_is_read_once(void **state)
{
	const struct route *row = fourhse_dialect.routes;
	struct mem mem = { 0 };
	struct request request = { .mem = &mem,
		.method = METHOD_GET,
		.query = { { STR("fields"), STR(",nothing, status,handler") } },
		.query_count = 1 };
	struct task task = { .word = STR("done") };
	struct op op = { .mem = &mem };
	struct buf out = BUF_INIT;
	struct err err;

	(void)state;
	must(row->decode(&request, &op, &err), &err);
	request.query_count = 0;
	assert_true(row->row(&request, &task, &out));
	assert_str(buf_str(&out), "{\"handler\":null,\"status\":\"done\"}");
	buf_free(&out);
	mem_free(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(what_is_left_out_is_filled_in),
		CHECK(what_is_there_stays),
		CHECK(the_client_names_the_task),
		CHECK(members_must_be_of_their_type),
		CHECK(changes_are_judged_as_well),
		CHECK(the_name_of_a_task_stays),
		CHECK(what_is_shown_is_read_once),
	};

	return CHECK_RUN(tests);
}
