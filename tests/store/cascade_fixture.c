#include "cascade_fixture.h"

struct op cascade_op(enum op_kind kind, unsigned id, const char *value, unsigned steps)
{
	struct op op = fixture_op(kind, id);

	op.slice_steps = steps;
	op.dependents = (struct op_dependents){
		.field = BY_PARENT, .key_member = "name", .value = str_cstr(value), .cascade = true
	};
	return op;
}

void cascade_create(struct store *store, unsigned number, unsigned parent)
{
	char name[16], refers_to[16];

	snprintf(name, sizeof(name), "\"t%u\"", number);
	snprintf(refers_to, sizeof(refers_to), "\"t%u\"", parent);
	create_child(store, number, name, parent ? refers_to : "null");
}

void cascade_create_tree(struct store *store, unsigned count, unsigned width)
{
	for (unsigned n = 1; n <= count; n++)
		cascade_create(store, n, n == 1 ? 0 : (n - 2) / width + 1);
}

bool cascade_exists(struct store *store, unsigned number, bool *archived)
{
	struct op op = fixture_op(OP_READ, number);
	struct result result = { 0 };
	struct err err = { 0 };
	bool found = store_apply(store, &op, &result, &err);

	assert_true(found || err.code == ERR_NOT_FOUND);
	*archived = found && result.task.archived;
	store_result_free(&result);
	return found;
}

void cascade_expect_no_orphan(struct store *store, unsigned count, unsigned width)
{
	bool archived, parent_archived;

	for (unsigned n = 2; n <= count; n++) {
		if (!cascade_exists(store, n, &archived))
			continue;
		assert_true(cascade_exists(store, (n - 2) / width + 1, &parent_archived));
		assert_true(archived || !parent_archived);
	}
}

void cascade_go_on_once(struct result *result, unsigned steps)
{
	struct err err = { 0 };

	must(store_go_on(result, steps, &err), &err);
}

void cascade_finish(struct result *result, unsigned steps)
{
	while (result->unfinished)
		cascade_go_on_once(result, steps);
}

void cascade_move(struct store *store, unsigned number, const char *parent)
{
	struct op op = fixture_op(OP_UPDATE, number);

	change_set_field(&op.change, STR("parent"), str_cstr(parent));
	apply_only(store, &op);
}
