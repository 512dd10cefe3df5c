/* Import-tasks that come in by the native API: completed, and refused where they are none. */
#include "dialect/dialect.h"
#include "lib/check.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define TRACK	     "{\"type\":\"tracks\",\"id\":\"12\"}"
#define MD5	     "\"82ec2f5bc5372ef72332606fa74209d1\""

static void put(struct change *change, const char *name, const char *json)
{
	assert_true(change_set(change, str_of(name), str_of(json)));
}

static bool prepare(struct mem *mem, struct op *op, struct err *err)
{
	struct request request = { .mem = mem };

	return idol_dialect.prepare(&request, op, err);
}

/* The task that the store would make of it. */
static struct task task_of(const struct op *op)
{
	struct task task = { .state = TASK_PENDING, .word = STR("uploaded") };

	for (size_t i = 0; i < op->change.field_count; i++)
		assert_true(task_set_field(&task, op->change.fields[i]));
	return task;
}

static void completes(void **state)
{
	struct mem mem = { 0 };
	struct op op = { .kind = OP_CREATE };
	struct err err;
	struct task task;

	(void)state;
	put(&op.change, "master-type", "\"hd\"");
	put(&op.change, "attachable", "{\"id\": 12, \"type\": \"AssetAttachment\"}");
	put(&op.change, "precision", "24");
	must(prepare(&mem, &op, &err), &err);
	assert_true(op.numbered);
	assert_str(change_field(&op.change, STR("attachable")),
		"{\"type\":\"asset-attachments\",\"id\":\"12\"}");
	assert_str(change_field(&op.change, STR("precision")), "\"24\"");
	assert_str(change_field(&op.change, STR("url")), "null");
	assert_str(change_field(&op.change, STR("md5")), "null");
	assert_str(change_field(&op.change, STR("support-number")), "null");
	assert_null(change_field(&op.change, STR("product-id")).ptr);
	task = task_of(&op);
	must(idol_dialect.admit(NULL, &task, &err), &err);
	mem_free(&mem);
}

static void derives_the_product(void **state)
{
	struct mem mem = { 0 };
	struct op op = { .kind = OP_CREATE };
	struct err err;

	(void)state;
	put(&op.change, "master-type", "\"cd\"");
	put(&op.change, "attachable", "{\"type\":\"Product\",\"id\":\"7\"}");
	must(prepare(&mem, &op, &err), &err);
	assert_str(change_field(&op.change, STR("product-id")), "\"7\"");
	mem_free(&mem);
}

static void needs_its_members(void **state)
{
	static const char *const wrong[] = { "null", "\"tracks/1\"", "{\"type\":\"tracks\"}",
		"{\"type\":\"labels\",\"id\":\"1\"}", "{\"type\":\"tracks\",\"id\":\"\"}" };
	struct mem mem = { 0 };
	struct op op = { .kind = OP_CREATE };
	struct err err;

	(void)state;
	put(&op.change, "attachable", TRACK);
	assert_false(prepare(&mem, &op, &err));
	assert_int_equal(err.code, ERR_UNPROCESSABLE);
	assert_string_equal(err.field, "master-type");
	op = (struct op){ .kind = OP_CREATE };
	put(&op.change, "master-type", "\"hd\"");
	assert_false(prepare(&mem, &op, &err));
	assert_string_equal(err.field, "attachable");
	for (size_t i = 0; i < COUNT(wrong); i++) {
		put(&op.change, "attachable", wrong[i]);
		assert_false(prepare(&mem, &op, &err));
		assert_int_equal(err.code, ERR_UNPROCESSABLE);
		assert_string_equal(err.field, "attachable");
		assert_int_equal(err.detail.len, 0);
	}
	mem_free(&mem);
}

static struct task usual(void)
{
	static const struct field fields[] = {
		{ STR("master-type"), STR("\"cd\"") },
		{ STR("attachable"), STR(TRACK) },
		{ STR("precision"), STR("null") },
		{ STR("support-number"), STR("null") },
		{ STR("url"), STR("\"https://x/a\"") },
		{ STR("md5"), STR(MD5) },
	};
	struct task task = { .state = TASK_PENDING, .word = STR("uploaded") };

	for (size_t i = 0; i < COUNT(fields); i++)
		assert_true(task_set_field(&task, fields[i]));
	return task;
}

/* An empty json takes the member away. */
static const struct {
	const char *name, *json;
	bool right;
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

static void judges_every_member(void **state)
{
	struct task task = usual();
	struct err err;

	(void)state;
	must(idol_dialect.admit(NULL, &task, &err), &err);
	for (size_t i = 0; i < COUNT(changes); i++) {
		struct task before = usual();
		bool right;

		task = before;
		assert_true(task_set_field(
			&task, (struct field){ str_of(changes[i].name), str_of(changes[i].json) }));
		right = idol_dialect.admit(&before, &task, &err);
		if (right != changes[i].right)
			fail_msg("%s = %s", changes[i].name, changes[i].json);
		if (right)
			continue;
		assert_int_equal(err.code, ERR_UNPROCESSABLE);
		assert_string_equal(err.field, changes[i].name);
	}
}

/* Rows must not look at a query that may have thousands of names. */
static void what_is_shown_is_read_once(void **state)
{
	const struct route *row = idol_dialect.routes;
	struct mem mem = { 0 };
	struct request request = { .mem = &mem,
		.method = METHOD_GET,
		.query = { { STR("fields[import-tasks]"), STR("status,id,md5") } },
		.query_count = 1 };
	struct task task = { .number = 7, .word = STR("failed") };
	struct op op = { .mem = &mem };
	struct buf out = BUF_INIT;
	struct err err;

	(void)state;
	must(row->decode(&request, &op, &err), &err);
	request.query_count = 0;
	assert_true(row->row(&request, &task, &out));
	assert_str(buf_str(&out),
		"{\"id\":\"7\",\"type\":\"import-tasks\",\"links\":{\"self\":\"/api/v2/import-tasks/7\"},"
		"\"attributes\":{\"status\":\"failed\"}}");
	buf_free(&out);
	mem_free(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(completes),
		CHECK(derives_the_product),
		CHECK(needs_its_members),
		CHECK(judges_every_member),
		CHECK(what_is_shown_is_read_once),
	};

	return CHECK_RUN(tests);
}
