/* Hooks for import-tasks that arrive by the native API: defaults and validation. */
#include "dialect/dialect.h"
#include "lib/check.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define TRACK	     "{\"type\":\"tracks\",\"id\":\"12\"}"
#define MD5	     "\"82ec2f5bc5372ef72332606fa74209d1\""

static void set_member(struct change *change, const char *name, const char *json)
{
	assert_true(change_set_field(change, str_cstr(name), str_cstr(json)));
}

static bool native_defaults(struct arena *arena, struct op *op, struct err *err)
{
	struct request request = { .arena = arena };

	return idol_dialect.native_defaults(&request, op, err);
}

/* Creates the task as the store would. */
static struct task task_of(const struct op *op)
{
	struct task task = { .state = TASK_PENDING, .status = STR("uploaded") };

	for (size_t i = 0; i < op->change.field_count; i++)
		assert_true(task_set_field(&task, op->change.fields[i]));
	return task;
}

static void missing_members_get_defaults(void **state)
{
	struct arena arena = { 0 };
	struct op op = { .kind = OP_CREATE };
	struct err err;
	struct task task;

	(void)state;
	set_member(&op.change, "master-type", "\"hd\"");
	set_member(&op.change, "attachable", "{\"id\": 12, \"type\": \"AssetAttachment\"}");
	set_member(&op.change, "precision", "24");
	must(native_defaults(&arena, &op, &err), &err);
	assert_true(op.assign_number);
	assert_str(change_field(&op.change, STR("attachable")),
		"{\"type\":\"asset-attachments\",\"id\":\"12\"}");
	assert_str(change_field(&op.change, STR("precision")), "\"24\"");
	assert_str(change_field(&op.change, STR("url")), "null");
	assert_str(change_field(&op.change, STR("md5")), "null");
	assert_str(change_field(&op.change, STR("support-number")), "null");
	assert_null(change_field(&op.change, STR("product-id")).ptr);
	task = task_of(&op);
	must(idol_dialect.validate(NULL, &task, &err), &err);
	arena_free(&arena);
}

static void product_id_is_derived(void **state)
{
	struct arena arena = { 0 };
	struct op op = { .kind = OP_CREATE };
	struct err err;

	(void)state;
	set_member(&op.change, "master-type", "\"cd\"");
	set_member(&op.change, "attachable", "{\"type\":\"Product\",\"id\":\"7\"}");
	must(native_defaults(&arena, &op, &err), &err);
	assert_str(change_field(&op.change, STR("product-id")), "\"7\"");
	arena_free(&arena);
}

static void required_members_are_checked(void **state)
{
	static const char *const wrong[] = { "null", "\"tracks/1\"", "{\"type\":\"tracks\"}",
		"{\"type\":\"labels\",\"id\":\"1\"}", "{\"type\":\"tracks\",\"id\":\"\"}" };
	struct arena arena = { 0 };
	struct op op = { .kind = OP_CREATE };
	struct err err;

	(void)state;
	set_member(&op.change, "attachable", TRACK);
	assert_false(native_defaults(&arena, &op, &err));
	assert_err(&err, ERR_UNPROCESSABLE);
	assert_string_equal(err.field, "master-type");
	op = (struct op){ .kind = OP_CREATE };
	set_member(&op.change, "master-type", "\"hd\"");
	assert_false(native_defaults(&arena, &op, &err));
	assert_string_equal(err.field, "attachable");
	for (size_t i = 0; i < COUNT(wrong); i++) {
		set_member(&op.change, "attachable", wrong[i]);
		assert_false(native_defaults(&arena, &op, &err));
		assert_err(&err, ERR_UNPROCESSABLE);
		assert_string_equal(err.field, "attachable");
		assert_int_equal(err.detail.len, 0);
	}
	arena_free(&arena);
}

static struct task valid_task(void)
{
	static const struct field fields[] = {
		{ STR("master-type"), STR("\"cd\"") },
		{ STR("attachable"), STR(TRACK) },
		{ STR("precision"), STR("null") },
		{ STR("support-number"), STR("null") },
		{ STR("url"), STR("\"https://x/a\"") },
		{ STR("md5"), STR(MD5) },
	};
	struct task task = { .state = TASK_PENDING, .status = STR("uploaded") };

	for (size_t i = 0; i < COUNT(fields); i++)
		assert_true(task_set_field(&task, fields[i]));
	return task;
}

/* An empty json removes the member. */
static const struct {
	const char *name, *json;
	bool valid;
} changes[] = {
	{ "master-type", "\"dolby_atmos\"", true },
	{ "master-type", "\"vinyl\"", false },
	{ "master-type", "null", false },
	{ "master-type", "5", false },
	{ "master-type", "", false },
	{ "precision", "\"16\"", true },
	{ "precision", "16", false },
	{ "precision", "\"17\"", false },
	{ "precision", "", false },
	{ "support-number", "\"x\"", true },
	{ "support-number", "1", false },
	{ "support-number", "", false },
	{ "url", "null", true },
	{ "url", "[]", false },
	{ "url", "", false },
	{ "md5", "null", true },
	{ "md5", "\"82ec\"", false },
	{ "md5", "\"82ec2f5bc5372ef72332606fa74209dg\"", false },
	{ "md5", "", false },
	{ "cover-url", "\"/dragonfly/x.jpg\"", true },
	{ "cover-url", "null", true },
	{ "cover-url", "{}", false },
	{ "product-id", "\"7\"", true },
	{ "product-id", "7", true },
	{ "product-id", "-7", false },
	{ "product-id", "7.5", false },
	{ "product-id", "null", false },
	{ "product-id", "[7]", false },
	{ "distributor-id", "7", true },
	{ "distributor-id", "true", false },
	{ "attachable", "{\"type\":\"videos\",\"id\":\"9\"}", true },
	{ "attachable", "{\"id\":\"9\",\"type\":\"videos\"}", true },
	{ "attachable", "{\"type\":\"Video\",\"id\":\"9\"}", false },
	{ "attachable", "{\"type\":\"videos\",\"id\":9}", false },
	{ "attachable", "{\"type\":\"videos\",\"id\":\"9\",\"meta\":1}", false },
	{ "attachable", "null", false },
	{ "attachable", "", false },
	{ "anything-else", "{\"a\":[1]}", true },
};

/* Sets support-number to that many letters of two bytes. */
static bool is_valid_with_letters(size_t count)
{
	struct task before = valid_task(), task = valid_task();
	char json[2 * 256 + 3] = "\"";
	struct err err;

	for (size_t i = 0; i < count; i++)
		strcat(json, "é");
	strcat(json, "\"");
	assert_true(task_set_field(&task, (struct field){ STR("support-number"), str_cstr(json) }));
	return idol_dialect.validate(&before, &task, &err);
}

static void limit_of_a_text_counts_characters(void **state)
{
	(void)state;
	assert_true(is_valid_with_letters(255));
	assert_false(is_valid_with_letters(256));
}

static void every_member_is_validated(void **state)
{
	struct task task = valid_task();
	struct err err;

	(void)state;
	must(idol_dialect.validate(NULL, &task, &err), &err);
	for (size_t i = 0; i < COUNT(changes); i++) {
		struct task before = valid_task();
		bool valid;

		task = before;
		assert_true(task_set_field(&task,
			(struct field){ str_cstr(changes[i].name), str_cstr(changes[i].json) }));
		valid = idol_dialect.validate(&before, &task, &err);
		if (valid != changes[i].valid)
			fail_msg("%s = %s", changes[i].name, changes[i].json);
		if (valid)
			continue;
		assert_err(&err, ERR_UNPROCESSABLE);
		assert_string_equal(err.field, changes[i].name);
	}
}

/* A list must not parse a query of thousands of names once per row. */
static void selected_fields_are_parsed_once(void **state)
{
	const struct route *row = idol_dialect.routes;
	struct arena arena = { 0 };
	struct request request = { .arena = &arena,
		.method = METHOD_GET,
		.query = { { STR("fields[import-tasks]"), STR("status,id,md5") } },
		.query_count = 1 };
	struct task task = { .number = 7, .status = STR("failed") };
	struct op op = { .arena = &arena };
	struct buf out = BUF_INIT;
	struct err err;

	(void)state;
	must(row->decode(&request, &op, &err), &err);
	request.query_count = 0;
	assert_true(row->encode_row(&request, &task, &out));
	assert_str(buf_str(&out), "{\"id\":\"7\",\"type\":\"import-tasks\","
				  "\"links\":{\"self\":\"/api/v2/import-tasks/7\"},"
				  "\"attributes\":{\"status\":\"failed\"}}");
	buf_free(&out);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(missing_members_get_defaults),
		CHECK(product_id_is_derived),
		CHECK(required_members_are_checked),
		CHECK(every_member_is_validated),
		CHECK(limit_of_a_text_counts_characters),
		CHECK(selected_fields_are_parsed_once),
	};

	return CHECK_RUN(tests);
}
