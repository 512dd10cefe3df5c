/* Vionlabs tasks that come in by the native API: what they are named and what they may be. */
#include <stdio.h>

#include "dialect/vionlabs.h"
#include "http/json.h"
#include "lib/check.h"

/* The id that the address of the same task has. */
static struct id id_of(const char *address, struct mem *mem)
{
	const struct route *row = NULL;
	struct request request = { .mem = mem };
	struct op op = { .mem = mem };
	unsigned allowed;
	struct err err;
	size_t skip = 0;

	must(request_add_param(&request, STR("REQUEST_METHOD"), STR("GET"), &err), &err);
	must(request_add_param(&request, STR("REQUEST_URI"), str_of(address), &err), &err);
	must(request_parse(&request, &err), &err);
	assert_ptr_equal(dialect_by_path(&request, &skip), &vionlabs_dialect);
	assert_int_equal(
		route_find(vionlabs_dialect.routes, &request, skip, &row, &allowed), ROUTE_FOUND);
	must(row->decode(&request, &op, &err), &err);
	return op.id;
}

static void native_tasks_have_the_id_of_their_address(void **state)
{
	struct mem mem = { 0 };
	struct request request = { .mem = &mem };
	struct op op = { .kind = OP_CREATE, .mem = &mem };
	struct id wanted = id_of("/tasks/catalog-item/a%2Fb/product/markers/version/1", &mem);
	struct err err;
	(void)state;

	change_set(&op.change, STR("version"), STR("\"1\""));
	change_set(&op.change, STR("inventory_id"), STR("\"a\\u002fb\""));
	change_set(&op.change, STR("product"), STR("\"markers\""));
	change_set(&op.change, STR("priority"), STR("\"high\""));
	must(vionlabs_prepare(&request, &op, &err), &err);
	assert_int_equal(id_compare(&op.fresh, &wanted), 0);
	assert_int_equal(op.change.set, CHANGE_PRIORITY);
	assert_int_equal(op.change.priority, 2);
	mem_free(&mem);
}

static void parts_of_a_name_do_not_run_together(void **state)
{
	struct mem mem = { 0 };
	struct id one = id_of("/tasks/catalog-item/a/product/fingerprint/version/plus1", &mem);
	struct id other = id_of("/tasks/catalog-item/a/product/fingerprintplus/version/1", &mem);
	(void)state;

	assert_int_not_equal(id_compare(&one, &other), 0);
	mem_free(&mem);
}

static void a_priority_of_the_native_api_goes_first(void **state)
{
	struct mem mem = { 0 };
	struct request request = { .mem = &mem };
	struct op op = { .mem = &mem, .change = { .set = CHANGE_PRIORITY, .priority = 7 } };
	struct err err;
	(void)state;

	change_set(&op.change, STR("inventory_id"), STR("\"a\""));
	change_set(&op.change, STR("product"), STR("\"markers\""));
	change_set(&op.change, STR("version"), STR("\"1\""));
	change_set(&op.change, STR("priority"), STR("\"high\""));
	must(vionlabs_prepare(&request, &op, &err), &err);
	assert_int_equal(op.change.priority, 7);
	mem_free(&mem);
}

/* Each row takes or spoils one member of a good creation. */
static void names_must_be_whole(void **state)
{
	static const struct {
		const char *name, *json;
	} rows[] = {
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
	struct mem mem = { 0 };
	(void)state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct request request = { .mem = &mem };
		struct op op = { .mem = &mem };
		struct err err = { 0 };

		change_set(&op.change, STR("inventory_id"), STR("\"a\""));
		change_set(&op.change, STR("product"), STR("\"markers\""));
		change_set(&op.change, STR("version"), STR("\"1\""));
		change_set(&op.change, str_of(rows[i].name), str_of(rows[i].json));
		assert_false(vionlabs_prepare(&request, &op, &err));
		assert_int_equal(err.code, ERR_UNPROCESSABLE);
		assert_string_equal(err.field, rows[i].name);
	}
	mem_free(&mem);
}

static void long_names_are_refused(void **state)
{
	char json[VIONLABS_VERSION_MAX + 4];
	struct mem mem = { 0 };
	struct request request = { .mem = &mem };
	struct op op = { .mem = &mem };
	struct err err;
	(void)state;

	snprintf(json, sizeof(json), "\"%0*d\"", VIONLABS_VERSION_MAX, 1);
	change_set(&op.change, STR("inventory_id"), STR("\"a\""));
	change_set(&op.change, STR("product"), STR("\"markers\""));
	change_set(&op.change, STR("version"), str_of(json));
	must(vionlabs_prepare(&request, &op, &err), &err);
	snprintf(json, sizeof(json), "\"%0*d\"", VIONLABS_VERSION_MAX + 1, 1);
	change_set(&op.change, STR("version"), str_of(json));
	assert_false(vionlabs_prepare(&request, &op, &err));
	assert_string_equal(err.field, "version");
	mem_free(&mem);
}

/* ---- what a task may be ---- */

static void make_task(struct task *task)
{
	*task = (struct task){ .state = TASK_PENDING, .word = STR("pending") };
	task_set_field(task, (struct field){ STR("inventory_id"), STR("\"a\"") });
	task_set_field(task, (struct field){ STR("product"), STR("\"markers\"") });
	task_set_field(task, (struct field){ STR("version"), STR("\"1\"") });
}

static void good_tasks_are_admitted(void **state)
{
	struct task task, before;
	struct err err;
	(void)state;

	make_task(&before);
	make_task(&task);
	must(vionlabs_admit(NULL, &task, &err), &err);
	must(vionlabs_admit(&before, &task, &err), &err);
	task_set_field(&task, (struct field){ STR("priority"), STR("\"medium\"") });
	task_set_field(&task, (struct field){ STR("note"), STR("{\"any\":1}") });
	task.state = TASK_FAILED;
	task.word = STR("failed");
	must(vionlabs_admit(&before, &task, &err), &err);
}

static void others_are_not(void **state)
{
	static const struct {
		const char *name, *json;
		bool when_new;
	} rows[] = {
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
	(void)state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct task before, task;
		struct err err = { 0 };

		make_task(&before);
		make_task(&task);
		task_set_field(&task, (struct field){ str_of(rows[i].name), str_of(rows[i].json) });
		assert_false(vionlabs_admit(&before, &task, &err));
		assert_int_equal(err.code, ERR_UNPROCESSABLE);
		assert_string_equal(err.field, rows[i].name);
		assert_int_equal(!vionlabs_admit(NULL, &task, &err), rows[i].when_new);
	}
}

static void words_go_with_their_states(void **state)
{
	struct task task;
	struct err err;
	(void)state;

	make_task(&task);
	task.word = STR("done");
	assert_false(vionlabs_admit(NULL, &task, &err));
	task.word = STR("success");
	assert_false(vionlabs_admit(NULL, &task, &err));
	assert_string_equal(err.field, "word");
	task.word = STR("done");
	task.state = TASK_SUCCEEDED;
	must(vionlabs_admit(NULL, &task, &err), &err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(native_tasks_have_the_id_of_their_address),
		CHECK(parts_of_a_name_do_not_run_together),
		CHECK(a_priority_of_the_native_api_goes_first),
		CHECK(names_must_be_whole),
		CHECK(long_names_are_refused),
		CHECK(good_tasks_are_admitted),
		CHECK(others_are_not),
		CHECK(words_go_with_their_states),
	};

	return CHECK_RUN(tests);
}
