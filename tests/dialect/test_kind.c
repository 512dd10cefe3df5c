/* The kind of a task of each dialect: what it comes from, and what it is without that. */
#include "dialect/dialect.h"
#include "dialect/kind.h"
#include "lib/check.h"

#define TEN    "0123456789"
#define SIXTY  TEN TEN TEN TEN TEN TEN
#define HANDLE "\"" SIXTY

static const struct row {
	uint8_t dialect;
	const char *kind; /* wanted */
	struct {
		const char *name, *json;
	} fields[2];
} rows[] = {
	{ DIALECT_CODE_vionlabs, "adbreaks", { { "product", "\"adbreaks\"" } } },
	{ DIALECT_CODE_vionlabs, "", { { "inventory_id", "\"adbreaks\"" } } },
	{ DIALECT_CODE_vionlabs, "", { { "product", "7" } } },
	{ DIALECT_CODE_uplynk, "CREATE", { { "operation", "\"CREATE\"" } } },
	{ DIALECT_CODE_uplynk, "RESTART", { { "operation", "\"RESTART\"" } } },
	{ DIALECT_CODE_uplynk, "", { { "operation", "null" } } },
	{ DIALECT_CODE_virtshell, "create_instance", { { "type", "\"create_instance\"" } } },
	{ DIALECT_CODE_virtshell, "", { { "type", "\"\"" } } },
	{ DIALECT_CODE_virtshell, "", { { "type", "{\"type\":\"x\"}" } } },
	{ DIALECT_CODE_fourhse, "ImportHandler", { { "handler", "\"ImportHandler\"" } } },
	{ DIALECT_CODE_fourhse, "", { { "handler", "true" } } },
	{ DIALECT_CODE_fourhse, "", { { "handler", "[\"x\"]" } } },
	{ DIALECT_CODE_idol, "tracks/hd",
		{ { "attachable", "{\"type\":\"tracks\",\"id\":\"1\"}" },
			{ "master-type", "\"hd\"" } } },
	{ DIALECT_CODE_idol, "asset-attachments/apple_motion_art_desktop",
		{ { "attachable", "{ \"id\" : \"type\", \"type\" : \"asset-attachments\" }" },
			{ "master-type", "\"apple_motion_art_desktop\"" } } },
	{ DIALECT_CODE_idol, "videos/cd",
		{ { "attachable", "{\"a\":{\"type\":\"no\"},\"b\":[\"type\",\"no\"],"
				  "\"c\\\"\\\\\":\"type\",\"type\":\"videos\"}" },
			{ "master-type", "\"cd\"" } } },
	{ DIALECT_CODE_idol, "",
		{ { "attachable", "{\"type\":\"tracks\"}" }, { "master-type", "null" } } },
	{ DIALECT_CODE_idol, "", { { "attachable", "{}" }, { "master-type", "\"hd\"" } } },
	{ DIALECT_CODE_idol, "",
		{ { "attachable", "{\"type\":7}" }, { "master-type", "\"hd\"" } } },
	{ DIALECT_CODE_idol, "",
		{ { "attachable", "{\"type\":[\"hd\"]}" }, { "master-type", "\"hd\"" } } },
	{ DIALECT_CODE_idol, "",
		{ { "attachable", "[\"x\",\"type\",\"y\"]" }, { "master-type", "\"hd\"" } } },
	{ DIALECT_CODE_idol, "", { { "attachable", "\"type\"" }, { "master-type", "\"hd\"" } } },
	{ DIALECT_CODE_idol, "", { { "master-type", "\"hd\"" } } },
	{ DIALECT_CODE_native, "", { { "kind", "\"x\"" }, { "type", "\"y\"" } } },
	/* escapes */
	{ DIALECT_CODE_fourhse, "a\"b\\c/d", { { "handler", "\"a\\\"b\\\\c\\/d\"" } } },
	{ DIALECT_CODE_virtshell, "A\xC3\xA9\xE2\x82\xAC\xF0\x9D\x84\x9E",
		{ { "type", "\"A\\u00e9\\u20AC\\ud834\\udd1e\"" } } },
	{ DIALECT_CODE_fourhse, "\xC3\xA9\xF0\x9D\x84\x9E",
		{ { "handler", "\"\xC3\xA9\xF0\x9D\x84\x9E\"" } } },
	/* control characters, and text that no parser accepts */
	{ DIALECT_CODE_virtshell, "", { { "type", "\"a\\n\"" } } },
	{ DIALECT_CODE_virtshell, "", { { "type", "\"a\\u001f\"" } } },
	{ DIALECT_CODE_virtshell, "", { { "type", "\"a\\u007f\"" } } },
	{ DIALECT_CODE_virtshell, "", { { "type", "\"a\x7F\"" } } },
	{ DIALECT_CODE_virtshell, "", { { "type", "\"a\x01\"" } } },
	{ DIALECT_CODE_virtshell, "", { { "type", "\"a\xC3\"" } } },
	{ DIALECT_CODE_virtshell, "", { { "type", "\"a\\ud834x\"" } } },
	{ DIALECT_CODE_virtshell, "", { { "type", "\"a\\ud834\\u0041\"" } } },
	{ DIALECT_CODE_virtshell, "", { { "type", "\"a\\udd1e\"" } } },
	{ DIALECT_CODE_virtshell, "", { { "type", "\"a\\u00\"" } } },
	{ DIALECT_CODE_virtshell, "", { { "type", "\"a\\u0000b\"" } } },
	{ DIALECT_CODE_virtshell, "", { { "type", "\"a\\\"" } } },
	{ DIALECT_CODE_virtshell, "", { { "type", "\"a" } } },
	{ DIALECT_CODE_virtshell, "", { { "type", "\"" } } },
	/* the first characters that fit */
	{ DIALECT_CODE_fourhse, SIXTY "abcd", { { "handler", HANDLE "abcd\"" } } },
	{ DIALECT_CODE_fourhse, SIXTY "abcd", { { "handler", HANDLE "abcde\"" } } },
	{ DIALECT_CODE_fourhse, SIXTY "abc", { { "handler", HANDLE "abc\xC3\xA9z\"" } } },
	{ DIALECT_CODE_fourhse, SIXTY "a", { { "handler", HANDLE "a\\ud834\\udd1ez\"" } } },
};

static struct task make_task(const struct row *row)
{
	struct task task = { .dialect = row->dialect };

	for (size_t i = 0; i < 2 && row->fields[i].name; i++)
		task_set_field(&task, (struct field){ str_cstr(row->fields[i].name),
					      str_cstr(row->fields[i].json) });
	return task;
}

static void each_dialect_has_its_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct task task = make_task(&rows[i]);
		char scratch[TASK_KIND_MAX];
		struct str kind = dialect_by_code(task.dialect)->kind(&task, scratch);

		if (!str_eq(kind, str_cstr(rows[i].kind)))
			print_error("row %zu: %.*s\n", i, STR_ARGS(kind));
		assert_str(kind, rows[i].kind);
	}
}

static void native_tasks_have_their_own(void **state)
{
	struct task task = { .dialect = DIALECT_CODE_native, .kind = STR("audio") };
	char scratch[TASK_KIND_MAX];

	(void)state;
	assert_str(dialect_by_code(task.dialect)->kind(&task, scratch), "audio");
}

static const struct index_field *kind_index(uint8_t dialect)
{
	const struct index_field *field = dialect_by_code(dialect)->index_fields;

	while (field->source != INDEX_END && !field->kind_value)
		field++;
	return field->source != INDEX_END ? field : NULL;
}

/* A filter by kind finds, by the index, exactly the tasks of the kind. */
static void index_agrees_with_the_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct index_field *index = kind_index(rows[i].dialect);
		char scratch[INDEX_SCRATCH_SIZE];
		struct str value = STR_NULL;

		if (index && index->source == INDEX_FIELD)
			value = index->kind_value(str_cstr(rows[i].kind), scratch);
		for (size_t k = 0; value.ptr && k < sizeof(rows) / sizeof(rows[0]); k++) {
			struct task task = make_task(&rows[k]);

			if (rows[k].dialect == rows[i].dialect &&
				task_field(&task, STR("handler")).len > 2)
				assert_int_equal(str_eq(value, task_field(&task, STR("handler"))),
					strcmp(rows[i].kind, rows[k].kind) == 0);
		}
	}
}

static void only_plain_kinds_have_a_text(void **state)
{
	static const char *const none[] = { "", "a\"b", "a\\b", "a\nb", "a\x7F", SIXTY "a" };
	char scratch[INDEX_SCRATCH_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_null(kind_quote(str_cstr(none[i]), scratch).ptr);
	assert_str(kind_quote(STR("a/\xC3\xA9"), scratch), "\"a/\xC3\xA9\"");
	assert_str(kind_quote(STR(SIXTY), scratch), "\"" SIXTY "\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(each_dialect_has_its_kinds),
		CHECK(native_tasks_have_their_own),
		CHECK(index_agrees_with_the_kind),
		CHECK(only_plain_kinds_have_a_text),
	};

	return CHECK_RUN(tests);
}
