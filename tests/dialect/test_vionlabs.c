/* Hooks for Vionlabs tasks that arrive by the native API: ids and validation. */
#include <stdio.h>

#include "dialect/vionlabs/vionlabs.h"
#include "http/json.h"
#include "lib/check.h"
#include "task/member.h"

/* The id of the task that a path names. */
static struct id id_from_uri(const char *address, struct arena *arena)
{
	const struct route *row = NULL;
	struct request request = { .arena = arena };
	struct op op = { .arena = arena };
	unsigned allowed;
	struct err err;
	size_t skip = 0;

	must(request_add_cgi_param(&request, STR("REQUEST_METHOD"), STR("GET"), &err), &err);
	must(request_add_cgi_param(&request, STR("REQUEST_URI"), str_cstr(address), &err), &err);
	must(request_parse(&request, &err), &err);
	assert_ptr_equal(dialect_by_path(&request, &skip), &vionlabs_dialect);
	assert_int_equal(
		route_find(vionlabs_dialect.routes, &request, skip, &row, &allowed), ROUTE_FOUND);
	must(row->decode(&request, &op, &err), &err);
	return op.id;
}

static void native_tasks_have_the_id_of_their_uri(void **state)
{
	struct arena arena = { 0 };
	struct request request = { .arena = &arena };
	struct op op = { .kind = OP_CREATE, .arena = &arena };
	struct id wanted = id_from_uri(
		"/tasks/catalog-item/a%2Fb/product/markers/version/1", &arena);
	struct err err;

	(void)state;
	change_set_field(&op.change, STR("version"), STR("\"1\""));
	change_set_field(&op.change, STR("inventory_id"), STR("\"a\\u002fb\""));
	change_set_field(&op.change, STR("product"), STR("\"markers\""));
	change_set_field(&op.change, STR("priority"), STR("\"high\""));
	must(vionlabs_native_defaults(&request, &op, &err), &err);
	assert_int_equal(id_compare(&op.new_id, &wanted), 0);
	assert_int_equal(op.change.set, CHANGE_PRIORITY);
	assert_int_equal(op.change.priority, 10);
	arena_free(&arena);
}

static void name_parts_are_delimited(void **state)
{
	struct arena arena = { 0 };
	struct id one = id_from_uri(
		"/tasks/catalog-item/a/product/fingerprint/version/plus1", &arena);
	struct id other = id_from_uri(
		"/tasks/catalog-item/a/product/fingerprintplus/version/1", &arena);

	(void)state;
	assert_int_not_equal(id_compare(&one, &other), 0);
	arena_free(&arena);
}

static void native_priority_takes_precedence(void **state)
{
	struct arena arena = { 0 };
	struct request request = { .arena = &arena };
	struct op op = { .arena = &arena, .change = { .set = CHANGE_PRIORITY, .priority = 7 } };
	struct err err;

	(void)state;
	change_set_field(&op.change, STR("inventory_id"), STR("\"a\""));
	change_set_field(&op.change, STR("product"), STR("\"markers\""));
	change_set_field(&op.change, STR("version"), STR("\"1\""));
	change_set_field(&op.change, STR("priority"), STR("\"high\""));
	must(vionlabs_native_defaults(&request, &op, &err), &err);
	assert_int_equal(op.change.priority, 7);
	arena_free(&arena);
}

/* ---- priority ---- */

#define UNSET INT32_MAX

/* The native request sets the number, the word or both. */
static const struct {
	int32_t before, given;
	const char *word_before, *word_given; /* "": removed */
	int32_t after;
	const char *word_after; /* NULL: refused */
} priorities[] = {
	{ -10, UNSET, NULL, NULL, -10, "" },
	{ -10, 10, NULL, NULL, 10, "\"high\"" },
	{ -10, 7, "\"low\"", NULL, 7, "\"high\"" },
	{ 10, 0, "\"high\"", NULL, 0, "\"medium\"" },
	{ 10, INT32_MIN, "\"high\"", NULL, INT32_MIN, "\"low\"" },
	{ -10, -3, NULL, NULL, -3, "" },
	{ -10, UNSET, NULL, "\"medium\"", 0, "\"medium\"" },
	{ 7, UNSET, "\"high\"", "\"high\"", 10, "\"high\"" },
	{ 10, UNSET, "\"high\"", "", -10, "" },
	{ 0, 3, "\"medium\"", "\"high\"", 3, "\"high\"" },
	{ 0, 3, "\"medium\"", "\"low\"", 0, NULL },
	{ 0, 3, "\"medium\"", "", 0, NULL },
	{ 0, -1, "\"medium\"", "", -1, "" },
	/* of an earlier build: low, medium, high were 0, 1, 2 */
	{ 0, UNSET, NULL, NULL, 0, "" },
	{ 2, UNSET, "\"high\"", NULL, 2, "\"high\"" },
	{ 1, 0, "\"medium\"", NULL, 0, "\"medium\"" },
};

static void number_and_word_agree(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(priorities) / sizeof(priorities[0]); i++) {
		struct task before = { .priority = priorities[i].before }, task;
		struct op op = { 0 };
		struct err err = { 0 };

		if (priorities[i].word_before)
			task_set_field(&before, (struct field){ STR("priority"),
							str_cstr(priorities[i].word_before) });
		if (priorities[i].word_given)
			change_set_field(
				&op.change, STR("priority"), str_cstr(priorities[i].word_given));
		if (priorities[i].given != UNSET) {
			op.change.set = CHANGE_PRIORITY;
			op.change.priority = priorities[i].given;
		}
		task = before;
		must(task_apply_change(&task, &op.change, 1, &err), &err);
		if (!priorities[i].word_after) {
			assert_false(vionlabs_native_complete(&op, &before, &task, &err));
			assert_err(&err, ERR_UNPROCESSABLE);
			assert_string_equal(err.field, "priority");
			continue;
		}
		must(vionlabs_native_complete(&op, &before, &task, &err), &err);
		assert_int_equal(task.priority, priorities[i].after);
		assert_str(task_field(&task, STR("priority")), priorities[i].word_after);
	}
}

static void new_task_without_a_priority_has_the_lowest(void **state)
{
	struct arena arena = { 0 };
	struct request request = { .arena = &arena };
	struct op op = { .arena = &arena };
	struct task task = { .priority = 3 }, before = task;
	unsigned allowed;
	const struct route *row = NULL;
	struct err err;
	size_t skip = 0;

	(void)state;
	change_set_field(&op.change, STR("inventory_id"), STR("\"a\""));
	change_set_field(&op.change, STR("product"), STR("\"markers\""));
	change_set_field(&op.change, STR("version"), STR("\"1\""));
	must(vionlabs_native_defaults(&request, &op, &err), &err);
	assert_int_equal(op.change.set, CHANGE_PRIORITY);
	assert_int_equal(op.change.priority, -10);
	must(request_add_cgi_param(&request, STR("REQUEST_METHOD"), STR("POST"), &err), &err);
	must(request_add_cgi_param(&request, STR("REQUEST_URI"),
		     STR("/tasks/catalog-item/a/product/markers/version/1"), &err),
		&err);
	must(request_parse(&request, &err), &err);
	assert_ptr_equal(dialect_by_path(&request, &skip), &vionlabs_dialect);
	assert_int_equal(
		route_find(vionlabs_dialect.routes, &request, skip, &row, &allowed), ROUTE_FOUND);
	op = (struct op){ .arena = &arena };
	must(row->decode(&request, &op, &err), &err);
	must(op.before_write(&op, &before, &task, &err), &err);
	assert_int_equal(task.priority, 3);
	must(op.before_write(&op, NULL, &task, &err), &err);
	assert_int_equal(task.priority, -10);
	arena_free(&arena);
}

/* Each row removes one member of a valid creation or makes it invalid. */
static const struct {
	const char *name, *json;
} invalid_names[] = {
	{ "inventory_id", "" },
	{ "inventory_id", "1" },
	{ "inventory_id", "null" },
	{ "inventory_id", "\"\"" },
	{ "product", "" },
	{ "product", "[\"markers\"]" },
	{ "version", "" },
	{ "version", "1.0" },
	{ "version", "\"\"" },
	{ "version", "\"..\"" },
	{ "inventory_id", "\"a/./b\"" },
	{ "inventory_id", "\"a\\\\b\"" },
};

static void name_members_are_required(void **state)
{
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(invalid_names) / sizeof(invalid_names[0]); i++) {
		struct request request = { .arena = &arena };
		struct op op = { .arena = &arena };
		struct err err = { 0 };

		change_set_field(&op.change, STR("inventory_id"), STR("\"a\""));
		change_set_field(&op.change, STR("product"), STR("\"markers\""));
		change_set_field(&op.change, STR("version"), STR("\"1\""));
		change_set_field(&op.change, str_cstr(invalid_names[i].name),
			str_cstr(invalid_names[i].json));
		assert_false(vionlabs_native_defaults(&request, &op, &err));
		assert_err(&err, ERR_UNPROCESSABLE);
		assert_string_equal(err.field, invalid_names[i].name);
	}
	arena_free(&arena);
}

static void long_names_are_refused(void **state)
{
	char json[VIONLABS_VERSION_MAX + 4];
	struct arena arena = { 0 };
	struct request request = { .arena = &arena };
	struct op op = { .arena = &arena };
	struct err err;

	(void)state;
	snprintf(json, sizeof(json), "\"%0*d\"", VIONLABS_VERSION_MAX, 1);
	change_set_field(&op.change, STR("inventory_id"), STR("\"a\""));
	change_set_field(&op.change, STR("product"), STR("\"markers\""));
	change_set_field(&op.change, STR("version"), str_cstr(json));
	must(vionlabs_native_defaults(&request, &op, &err), &err);
	snprintf(json, sizeof(json), "\"%0*d\"", VIONLABS_VERSION_MAX + 1, 1);
	change_set_field(&op.change, STR("version"), str_cstr(json));
	assert_false(vionlabs_native_defaults(&request, &op, &err));
	assert_string_equal(err.field, "version");
	arena_free(&arena);
}

/* ---- validation ---- */

static void make_task(struct task *task)
{
	*task = (struct task){ .state = TASK_PENDING, .status = STR("pending") };
	task_set_field(task, (struct field){ STR("inventory_id"), STR("\"a\"") });
	task_set_field(task, (struct field){ STR("product"), STR("\"markers\"") });
	task_set_field(task, (struct field){ STR("version"), STR("\"1\"") });
}

static void valid_tasks_are_accepted(void **state)
{
	struct task task, before;
	struct err err;

	(void)state;
	make_task(&before);
	make_task(&task);
	must(vionlabs_validate(NULL, &task, &err), &err);
	must(vionlabs_validate(&before, &task, &err), &err);
	task_set_field(&task, (struct field){ STR("priority"), STR("\"medium\"") });
	task_set_field(&task, (struct field){ STR("note"), STR("{\"any\":1}") });
	task.state = TASK_FAILED;
	task.status = STR("failed");
	must(vionlabs_validate(&before, &task, &err), &err);
}

/* A task after each of these changes is rejected; when_new: a new task too. */
static const struct {
	const char *name, *json;
	bool when_new;
} invalid_changes[] = {
	{ "inventory_id", "\"b\"", false },
	{ "product", "\"similar\"", false },
	{ "version", "\"2\"", false },
	{ "inventory_id", "", true },
	{ "inventory_id", "1", true },
	{ "product", "\"foo\"", true },
	{ "product", "null", true },
	{ "version", "\"\"", true },
	{ "priority", "\"urgent\"", true },
	{ "priority", "1", true },
	{ "priority", "null", true },
};

static void invalid_tasks_are_rejected(void **state)
{

	(void)state;
	for (size_t i = 0; i < sizeof(invalid_changes) / sizeof(invalid_changes[0]); i++) {
		struct task before, task;
		struct err err = { 0 };

		make_task(&before);
		make_task(&task);
		task_set_field(&task, (struct field){ str_cstr(invalid_changes[i].name),
					      str_cstr(invalid_changes[i].json) });
		assert_false(vionlabs_validate(&before, &task, &err));
		assert_err(&err, ERR_UNPROCESSABLE);
		assert_string_equal(err.field, invalid_changes[i].name);
		assert_int_equal(
			!vionlabs_validate(NULL, &task, &err), invalid_changes[i].when_new);
	}
}

static void status_must_match_the_state(void **state)
{
	struct task task;
	struct err err;

	(void)state;
	make_task(&task);
	task.status = STR("done");
	assert_false(vionlabs_validate(NULL, &task, &err));
	task.status = STR("success");
	assert_false(vionlabs_validate(NULL, &task, &err));
	assert_string_equal(err.field, "status");
	task.status = STR("done");
	task.state = TASK_SUCCEEDED;
	must(vionlabs_validate(NULL, &task, &err), &err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(native_tasks_have_the_id_of_their_uri),
		CHECK(name_parts_are_delimited),
		CHECK(native_priority_takes_precedence),
		CHECK(number_and_word_agree),
		CHECK(new_task_without_a_priority_has_the_lowest),
		CHECK(name_members_are_required),
		CHECK(long_names_are_refused),
		CHECK(valid_tasks_are_accepted),
		CHECK(invalid_tasks_are_rejected),
		CHECK(status_must_match_the_state),
	};

	return CHECK_RUN(tests);
}
