/* Operations beyond one task: ensure, numbers, second tasks, connected tasks, keys. */
#include <stdio.h>

#include "fixture.h"

enum { CODE_A = 1, CODE_POINT = INDEX_RESOURCE_DIALECTS };
#define DAY (STORE_IDEMPOTENCY_HOURS * 3600000LL)
enum { O_PARENT = INDEX_FIRST_OWN, O_NAME, O_NUMBER };

static const struct index_field fields_a[] = {
	INDEX_COMMON_FIELDS,
	{ .code = O_PARENT, .source = INDEX_FIELD, .name = "parent" },
	{ .code = O_NAME, .source = INDEX_FIELD, .name = "name" },
	{ .code = O_NUMBER, .source = INDEX_NUMBER, .name = "number" },
	{ 0 },
};
static const struct index_field fields_point[] = {
	{ .code = INDEX_BY_CREATED, .source = INDEX_ALL, .name = "created" },
	{ 0 },
};
static const struct index_table tables[] = {
	{ CODE_A, fields_a },
	{ CODE_POINT, fields_point },
	{ 0, NULL },
};

static struct result run(struct store *store, const struct op *op)
{
	struct result result = { 0 };
	struct err err = { 0 };

	must(store_apply(store, op, &result, &err), &err);
	return result;
}

static uint64_t count_all(struct store *store, uint8_t dialect)
{
	struct op op = fixture_op(OP_LIST, 0);
	struct result result;
	uint64_t total;

	op.dialect = dialect;
	op.list.want_total = true;
	op.list.scope = LIST_BOTH;
	result = run(store, &op);
	total = result.total;
	store_result_free(&result);
	return total;
}

/* ---- ensure ---- */

static struct op ensure(unsigned number, const char *priority)
{
	struct op op = fixture_op(OP_UPSERT, 0);

	op.new_id = fixture_id(number);
	op.change.state = TASK_PENDING;
	op.change.status = STR("pending");
	if (priority)
		change_set_field(&op.change, STR("priority"), str_cstr(priority));
	return op;
}

static void test_ensure(void **state)
{
	struct store *store = *state;
	struct op op = ensure(1, "1"), end = fixture_op(OP_UPDATE, 1);
	struct result result = run(store, &op);

	assert_true(result.created && result.written);
	assert_int_equal(result.task.revision, 1);
	store_result_free(&result);
	result = run(store, &op); /* nothing new: nothing written */
	assert_true(!result.created && !result.written);
	assert_int_equal(result.task.revision, 1);
	store_result_free(&result);
	end.change.state = TASK_RUNNING;
	end.change.status = STR("processing");
	end.now = 2000;
	result = run(store, &end);
	store_result_free(&result);
	op = ensure(1, "2"); /* one that runs keeps its state */
	result = run(store, &op);
	assert_true(result.written);
	assert_int_equal(result.task.state, TASK_RUNNING);
	assert_str(result.task.status, "processing");
	assert_int_equal(result.task.started, 2000);
	assert_str(task_field(&result.task, STR("priority")), "2");
	store_result_free(&result);
	end.change.state = TASK_FAILED;
	end.change.status = STR("failed");
	end.change.set = CHANGE_ERROR;
	end.change.error = STR("\"why\"");
	result = run(store, &end);
	store_result_free(&result);
	op = ensure(1, NULL); /* one that has ended begins anew */
	result = run(store, &op);
	assert_int_equal(result.task.state, TASK_PENDING);
	assert_int_equal(result.task.started, 0);
	assert_int_equal(result.task.finished, 0);
	assert_int_equal(result.task.error.len, 0);
	assert_str(task_field(&result.task, STR("priority")), "2");
	store_result_free(&result);
	end = fixture_op(OP_ARCHIVE, 1);
	result = run(store, &end);
	assert_true(result.task.archived);
	store_result_free(&result);
	result = run(store, &op);
	assert_false(result.task.archived);
	store_result_free(&result);
	fixture_verify(store, 1);
}

static void test_ensure_conditions(void **state)
{
	struct store *store = *state;
	struct op op = ensure(1, NULL);
	struct result result;

	op.if_match[0] = 1;
	op.if_match_count = 1;
	assert_code(fixture_error(store, &op), ERR_PRECONDITION); /* of nothing */
	op.if_match_count = 0;
	result = run(store, &op);
	store_result_free(&result);
	op = ensure(1, "5");
	op.if_match[0] = 7;
	op.if_match_count = 1;
	assert_code(fixture_error(store, &op), ERR_PRECONDITION);
	op.if_match[op.if_match_count++] = 1;
	assert_code(fixture_error(store, &op), ERR_NONE);
	op = ensure(1, "6");
	op.must_not_exist = true;
	assert_code(fixture_error(store, &op), ERR_PRECONDITION);
	op.new_id = fixture_id(2);
	op.must_not_exist = false;
	op.must_exist = true;
	assert_code(fixture_error(store, &op), ERR_PRECONDITION);
	op.new_id = fixture_id(1);
	assert_code(fixture_error(store, &op), ERR_NONE);
	op = ensure(1, NULL);
	op.dialect = CODE_POINT;
	assert_code(fixture_error(store, &op), ERR_CONFLICT);
	fixture_verify(store, 1);
}

/* ---- numbers ---- */

static uint64_t make_numbered(struct store *store, unsigned id, struct str tenant)
{
	struct op op = fixture_op(OP_CREATE, id);
	struct result result;
	uint64_t number;

	op.assign_number = true;
	op.tenant = tenant;
	result = run(store, &op);
	number = result.task.number;
	store_result_free(&result);
	return number;
}

static void test_numbers(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_READ, 0), taken = fixture_op(OP_CREATE, 1);
	struct result result;
	struct task task;
	struct err err = { 0 };

	assert_int_equal(make_numbered(store, 1, STR("acme")), 1);
	assert_int_equal(make_numbered(store, 2, STR("acme")), 2);
	assert_int_equal(make_numbered(store, 3, STR("other")), 1);
	taken.assign_number = true; /* what is refused takes no number */
	assert_code(fixture_error(store, &taken), ERR_CONFLICT);
	assert_int_equal(make_numbered(store, 4, STR("acme")), 3);
	op.number = 2;
	result = run(store, &op);
	assert_int_equal(result.task.id.bytes[15], 2);
	task = result.task;
	task.id = fixture_id(50);
	task.number = 70;
	must(store_put_tasks(store, &task, 1, &err), &err);
	store_result_free(&result);
	/* neither a removed task's number nor an imported one is given again */
	assert_int_equal(make_numbered(store, 51, STR("acme")), 71);
	op.kind = OP_REMOVE;
	op.number = 71;
	result = run(store, &op);
	store_result_free(&result);
	assert_code(fixture_error(store, &op), ERR_NOT_FOUND);
	assert_int_equal(make_numbered(store, 52, STR("acme")), 72);
	op.kind = OP_READ;
	op.number = 4;
	assert_code(fixture_error(store, &op), ERR_NOT_FOUND);
	op.number = 2;
	op.tenant = STR("other");
	assert_code(fixture_error(store, &op), ERR_NOT_FOUND);
	op = fixture_op(OP_ARCHIVE, 0);
	op.number = 1;
	result = run(store, &op);
	assert_true(result.task.archived);
	store_result_free(&result);
	op.kind = OP_READ; /* archived, but still found */
	assert_code(fixture_error(store, &op), ERR_NONE);
}

/* ---- a second task ---- */

static void test_second_task(void **state)
{
	struct store *store = *state;
	struct op also = fixture_op(OP_CREATE, 2), op = fixture_op(OP_CREATE, 1);
	struct result result;

	op.dialect = CODE_POINT;
	op.companion = &also;
	result = run(store, &op);
	assert_int_equal(result.task.dialect, CODE_POINT);
	assert_int_equal(result.companion.dialect, CODE_A);
	assert_int_equal(result.companion.id.bytes[15], 2);
	store_result_free(&result);
	op.new_id = fixture_id(3); /* the second cannot be: the first is not either */
	assert_code(fixture_error(store, &op), ERR_CONFLICT);
	assert_int_equal(count_all(store, CODE_POINT), 1);
	op = fixture_op(OP_REMOVE, 1);
	op.dialect = CODE_POINT;
	op.companion = &also;
	also.new_id = fixture_id(4);
	result = run(store, &op);
	assert_int_equal(result.companion.id.bytes[15], 4);
	store_result_free(&result);
	assert_int_equal(count_all(store, CODE_POINT), 0);
	assert_int_equal(count_all(store, CODE_A), 2);
	op = fixture_op(OP_READ, 1); /* a resource is no task of any dialect */
	op.dialect = 0;
	assert_code(fixture_error(store, &op), ERR_NOT_FOUND);
	assert_int_equal(count_all(store, 0), 2);
	fixture_verify(store, 2);
}

/* ---- connected tasks ---- */

static void make_child(struct store *store, unsigned id, const char *name, const char *parent)
{
	struct op op = fixture_op(OP_CREATE, id);
	struct result result;

	if (name)
		change_set_field(&op.change, STR("name"), str_cstr(name));
	change_set_field(&op.change, STR("parent"), str_cstr(parent));
	result = run(store, &op);
	store_result_free(&result);
}

static struct op connected(enum op_kind kind, unsigned id, const char *value, bool follow)
{
	struct op op = fixture_op(kind, id);

	op.dependents = (struct op_dependents){
		.field = O_PARENT, .key_member = "name", .value = str_cstr(value), .cascade = follow
	};
	return op;
}

static unsigned walk_blocked(struct store *store, const struct op *op)
{
	struct result result = run(store, op);
	struct task row;
	struct err err = { 0 };
	unsigned seen = 0;
	bool end = false;

	assert_true(result.has_dependents && result.listing && !result.written);
	for (;;) {
		must(store_list_next(&result, &row, &end, &err), &err);
		if (end)
			break;
		seen = seen * 10 + row.id.bytes[15];
	}
	store_result_free(&result);
	return seen;
}

static void test_connected(void **state)
{
	struct store *store = *state;
	struct op op;
	struct result result;

	make_child(store, 1, "\"one\"", "null");
	make_child(store, 2, "\"two\"", "\"one\"");
	make_child(store, 3, NULL, "\"two\"");
	make_child(store, 4, "\"four\"", "\"00000000-0000-0000-0000-000000000003\"");
	make_child(store, 5, "\"five\"", "\"nobody\"");
	op = connected(OP_REMOVE, 1, "\"one\"", false);
	assert_int_equal(walk_blocked(store, &op), 23);
	assert_int_equal(count_all(store, CODE_A), 5);
	op = connected(OP_REMOVE, 5, "\"five\"", false);
	result = run(store, &op);
	assert_true(!result.has_dependents && result.written);
	store_result_free(&result);
	op = connected(OP_ARCHIVE, 2, "\"two\"", true);
	result = run(store, &op);
	store_result_free(&result);
	op = fixture_op(OP_READ, 3);
	result = run(store, &op);
	assert_true(result.task.archived);
	assert_int_equal(result.task.revision, 2);
	store_result_free(&result);
	op = connected(OP_REMOVE, 1, "\"one\"", true); /* archived ones go, too */
	result = run(store, &op);
	store_result_free(&result);
	assert_int_equal(count_all(store, CODE_A), 1);
	fixture_verify(store, 1);
}

/* Tasks that are connected in a ring, and more than may be. */
static void test_connected_limits(void **state)
{
	struct store *store = *state;
	struct op op;
	struct result result;

	make_child(store, 1, "\"one\"", "\"two\"");
	make_child(store, 2, "\"two\"", "\"one\"");
	op = connected(OP_REMOVE, 1, "\"one\"", false);
	assert_int_equal(walk_blocked(store, &op), 2);
	op.dependents.cascade = true;
	result = run(store, &op);
	store_result_free(&result);
	assert_int_equal(count_all(store, CODE_A), 0);
	make_child(store, 1, "\"one\"", "null");
	for (unsigned i = 2; i < 1003; i++)
		make_child(store, i, NULL, "\"one\"");
	assert_code(fixture_error(store, &op), ERR_TOO_LARGE);
	assert_int_equal(count_all(store, CODE_A), 1002);
}

/* ---- keys ---- */

static struct op keyed(unsigned id, const char *key, uint8_t print)
{
	struct op op = fixture_op(OP_CREATE, id);

	op.idempotency_key = str_cstr(key);
	memset(op.idempotency_fingerprint, print, sizeof(op.idempotency_fingerprint));
	change_set_field(&op.change, STR("name"), STR("\"first\""));
	return op;
}

static void test_keys(void **state)
{
	struct store *store = *state;
	struct op op = keyed(1, "k", 1), update = fixture_op(OP_UPDATE, 1);
	struct result result = run(store, &op);
	struct err err = { 0 };
	uint64_t forgotten;

	assert_true(result.written);
	store_result_free(&result);
	change_set_field(&update.change, STR("name"), STR("\"later\""));
	result = run(store, &update);
	store_result_free(&result);
	op = keyed(2, "k", 1); /* the answer of then, whatever happened since */
	result = run(store, &op);
	assert_false(result.written);
	assert_int_equal(result.task.id.bytes[15], 1);
	assert_int_equal(result.task.revision, 1);
	assert_str(task_field(&result.task, STR("name")), "\"first\"");
	store_result_free(&result);
	op = keyed(2, "k", 2);
	assert_code(fixture_error(store, &op), ERR_KEY_REUSED);
	assert_int_equal(count_all(store, CODE_A), 1);
	op = keyed(2, "k", 2); /* another user's key, another tenant's */
	op.actor = STR("bob");
	assert_code(fixture_error(store, &op), ERR_NONE);
	op = keyed(3, "k", 3);
	op.tenant = STR("other");
	assert_code(fixture_error(store, &op), ERR_NONE);
	op = keyed(1, "x", 1); /* what is refused is not remembered */
	assert_code(fixture_error(store, &op), ERR_CONFLICT);
	op.new_id = fixture_id(4);
	assert_code(fixture_error(store, &op), ERR_NONE);
	op = keyed(5, "k", 9); /* a day later the key is free again */
	op.now += DAY + 1;
	assert_code(fixture_error(store, &op), ERR_NONE);
	must(store_expire_idempotency(store, op.now, &forgotten, &err), &err);
	assert_int_equal(forgotten, 0);
	must(store_expire_idempotency(store, op.now + DAY, &forgotten, &err), &err);
	assert_int_equal(forgotten, 4);
	op = keyed(7, "early", 9); /* by two whose clocks differ, at the border of two days */
	op.now = 10 * DAY + 1;
	assert_code(fixture_error(store, &op), ERR_NONE);
	op.new_id = fixture_id(8);
	op.now = 10 * DAY - 1;
	result = run(store, &op);
	assert_int_equal(result.task.id.bytes[15], 7);
	store_result_free(&result);
	op = keyed(6, "late", 9); /* across the border of two days */
	op.now += 2 * DAY - 5000;
	assert_code(fixture_error(store, &op), ERR_NONE);
	op.now += DAY / 2;
	op.idempotency_fingerprint[0] = 1;
	assert_code(fixture_error(store, &op), ERR_KEY_REUSED);
}

static void test_keys_and_second_tasks(void **state)
{
	struct store *store = *state;
	struct op also = fixture_op(OP_CREATE, 2), op = keyed(1, "k", 1);
	struct result result;

	op.dialect = CODE_POINT;
	op.companion = &also;
	for (int i = 0; i < 2; i++) {
		result = run(store, &op);
		assert_int_equal(result.task.id.bytes[15], 1);
		assert_int_equal(result.companion.id.bytes[15], 2);
		store_result_free(&result);
	}
	assert_int_equal(count_all(store, CODE_A), 1);
}

/* What stood in the way is not remembered as done. */
static void test_keys_and_connected(void **state)
{
	struct store *store = *state;
	struct op also = fixture_op(OP_CREATE, 9), op = fixture_op(OP_REMOVE, 1);
	struct result result;

	make_child(store, 1, NULL, "null");
	make_child(store, 2, NULL, "\"one\"");
	op.dependents = (struct op_dependents){ .field = O_PARENT, .value = STR("\"one\"") };
	op.companion = &also;
	op.idempotency_key = STR("k");
	for (int i = 0; i < 2; i++) {
		result = run(store, &op);
		assert_true(result.has_dependents);
		store_result_free(&result);
	}
	assert_int_equal(count_all(store, CODE_A), 2);
}

static void test_many_keys_are_forgotten(void **state)
{
	struct store *store = *state;
	struct err err = { 0 };
	uint64_t forgotten;
	char key[16];

	for (unsigned i = 1; i <= 700; i++) {
		struct op op;

		snprintf(key, sizeof(key), "key %u", i);
		op = keyed(i, key, 1);
		assert_code(fixture_error(store, &op), ERR_NONE);
	}
	must(store_expire_idempotency(store, 2 * DAY, &forgotten, &err), &err);
	assert_int_equal(forgotten, 700);
	must(store_expire_idempotency(store, 2 * DAY, &forgotten, &err), &err);
	assert_int_equal(forgotten, 0);
}

/* ---- adapt ---- */

static bool refuse_all(
	const struct op *op, const struct task *before, struct task *task, struct err *err)
{
	(void)op, (void)before, (void)task;
	return err_set(err, ERR_UNPROCESSABLE, "name", NULL);
}

static bool name_it(
	const struct op *op, const struct task *before, struct task *task, struct err *err)
{
	(void)op, (void)err;
	task->status = before ? STR("changed") : STR("made");
	return true;
}

static void test_adapt(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_CREATE, 1);
	struct result result;

	op.before_write = refuse_all;
	assert_code(fixture_error(store, &op), ERR_UNPROCESSABLE);
	assert_int_equal(count_all(store, CODE_A), 0);
	op.before_write = name_it;
	result = run(store, &op);
	assert_str(result.task.status, "made");
	store_result_free(&result);
	op = fixture_op(OP_UPDATE, 1);
	op.before_write = name_it;
	result = run(store, &op);
	assert_str(result.task.status, "changed");
	store_result_free(&result);
	op.before_write = refuse_all;
	assert_code(fixture_error(store, &op), ERR_UNPROCESSABLE);
}

static int open_memory(void **state)
{
	struct store_options options = fixture_options(STORE_EPHEMERAL, "none");

	options.indexes = tables;
	*state = fixture_open(&options);
	return check_setup(state);
}

#define IN_MEMORY(function) cmocka_unit_test_setup_teardown(function, open_memory, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_MEMORY(test_ensure),
		IN_MEMORY(test_ensure_conditions),
		IN_MEMORY(test_numbers),
		IN_MEMORY(test_second_task),
		IN_MEMORY(test_connected),
		IN_MEMORY(test_connected_limits),
		IN_MEMORY(test_keys),
		IN_MEMORY(test_keys_and_second_tasks),
		IN_MEMORY(test_keys_and_connected),
		IN_MEMORY(test_many_keys_are_forgotten),
		IN_MEMORY(test_adapt),
	};

	return CHECK_RUN(tests);
}
