/* Numbers of tasks: one sequence per tenant and dialect, never assigned twice. */
#include "operation_fixture.h"

static uint64_t create_numbered(struct store *store, unsigned id, struct str tenant)
{
	struct op op = fixture_op(OP_CREATE, id);
	struct result result;
	uint64_t number;

	op.assign_number = true;
	op.tenant = tenant;
	result = apply(store, &op);
	number = result.task.number;
	store_result_free(&result);
	return number;
}

static struct op by_number(enum op_kind kind, uint64_t number)
{
	struct op op = fixture_op(kind, 0);

	op.number = number;
	return op;
}

static void each_tenant_counts_from_one(void **state)
{
	struct store *store = *state;

	assert_int_equal(create_numbered(store, 1, STR("acme")), 1);
	assert_int_equal(create_numbered(store, 2, STR("acme")), 2);
	assert_int_equal(create_numbered(store, 3, STR("other")), 1);
}

static void refused_task_takes_no_number(void **state)
{
	struct store *store = *state;
	struct op taken = fixture_op(OP_CREATE, 1);

	assert_int_equal(create_numbered(store, 1, STR("acme")), 1);
	taken.assign_number = true;
	assert_code(fixture_error(store, &taken), ERR_CONFLICT);
	assert_int_equal(create_numbered(store, 4, STR("acme")), 2);
}

static void task_is_found_by_its_number(void **state)
{
	struct store *store = *state;
	struct op op = by_number(OP_READ, 2);
	struct result result;

	create_numbered(store, 1, STR("acme"));
	create_numbered(store, 2, STR("acme"));
	create_numbered(store, 3, STR("other"));
	result = apply(store, &op);
	assert_int_equal(last_byte(&result.task), 2);
	store_result_free(&result);
	op.number = 4;
	assert_code(fixture_error(store, &op), ERR_NOT_FOUND);
	op.number = 2;
	op.tenant = STR("other");
	assert_code(fixture_error(store, &op), ERR_NOT_FOUND);
}

static void imported_number_is_not_assigned_again(void **state)
{
	struct store *store = *state;
	struct op op = by_number(OP_READ, 2);
	struct result result;
	struct err err = { 0 };
	struct task task;

	create_numbered(store, 1, STR("acme"));
	create_numbered(store, 2, STR("acme"));
	result = apply(store, &op);
	task = result.task;
	task.id = fixture_id(50);
	task.number = 70;
	must(store_put_tasks(store, &task, 1, &err), &err);
	store_result_free(&result);
	assert_int_equal(create_numbered(store, 51, STR("acme")), 71);
}

static void number_of_a_removed_task_is_not_assigned_again(void **state)
{
	struct store *store = *state;
	struct op op = by_number(OP_REMOVE, 2);

	create_numbered(store, 1, STR("acme"));
	create_numbered(store, 2, STR("acme"));
	apply_only(store, &op);
	assert_code(fixture_error(store, &op), ERR_NOT_FOUND);
	assert_int_equal(create_numbered(store, 3, STR("acme")), 3);
}

static void archived_task_is_found_by_its_number(void **state)
{
	struct store *store = *state;
	struct op op = by_number(OP_ARCHIVE, 1);
	struct result result;

	create_numbered(store, 1, STR("acme"));
	result = apply(store, &op);
	assert_true(result.task.archived);
	store_result_free(&result);
	op.kind = OP_READ;
	assert_code(fixture_error(store, &op), ERR_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(each_tenant_counts_from_one),
		ON_EVERY_ENGINE(refused_task_takes_no_number),
		ON_EVERY_ENGINE(task_is_found_by_its_number),
		ON_EVERY_ENGINE(imported_number_is_not_assigned_again),
		ON_EVERY_ENGINE(number_of_a_removed_task_is_not_assigned_again),
		ON_EVERY_ENGINE(archived_task_is_found_by_its_number),
	};

	fixture_tables = operation_tables;
	return CHECK_RUN(tests);
}
