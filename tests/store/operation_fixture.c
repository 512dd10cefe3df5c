#include "operation_fixture.h"

static const struct index_field fields_a[] = {
	INDEX_COMMON_FIELDS(task_own_kind),
	{ .code = BY_PARENT, .source = INDEX_FIELD, .name = "parent", .refers_to = "name" },
	{ .code = BY_NAME, .source = INDEX_FIELD, .name = "name" },
	{ .code = BY_NUMBER, .source = INDEX_NUMBER, .name = "number" },
	{ 0 },
};
static const struct index_field fields_point[] = {
	{ .code = INDEX_BY_CREATED, .source = INDEX_ALL, .name = "created" },
	{ 0 },
};
const struct index_table operation_tables[] = {
	{ CODE_A, fields_a },
	{ CODE_POINT, fields_point },
	{ 0, NULL },
};

struct result apply(struct store *store, const struct op *op)
{
	struct result result = { 0 };
	struct err err = { 0 };

	must(store_apply(store, op, &result, &err), &err);
	return result;
}

void apply_only(struct store *store, const struct op *op)
{
	struct result result = apply(store, op);

	store_result_free(&result);
}

uint64_t count_all(struct store *store, uint8_t dialect)
{
	struct op op = fixture_op(OP_LIST, 0);
	struct result result;
	uint64_t total;

	op.dialect = dialect;
	op.list.want_total = true;
	op.list.scope = LIST_BOTH;
	result = apply(store, &op);
	total = result.total;
	store_result_free(&result);
	return total;
}

void create_child(struct store *store, unsigned id, const char *name, const char *parent)
{
	struct op op = fixture_op(OP_CREATE, id);

	if (name)
		change_set_field(&op.change, STR("name"), str_cstr(name));
	change_set_field(&op.change, STR("parent"), str_cstr(parent));
	apply_only(store, &op);
}

unsigned last_byte(const struct task *task)
{
	return task->id.bytes[sizeof(task->id.bytes) - 1];
}
