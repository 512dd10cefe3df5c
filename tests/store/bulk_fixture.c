#include "bulk_fixture.h"

#include "base/clock.h"

struct op bulk_action;

static bool decode(const struct task *bulk, struct op *op, struct err *err)
{
	struct arena *arena = op->arena;

	if (str_eq(task_field(bulk, STR("type")), STR("\"damaged\"")))
		return err_set(err, ERR_INTERNAL, NULL, NULL);
	*op = bulk_action;
	op->arena = arena;
	return true;
}

static void update(struct op *op)
{
	op->kind = OP_UPDATE;
	op->actor = STR("polytask");
}

static const struct store_bulk_rules rules = { .decode = decode, .update = update };

struct op bulk_action_on(const char *state, enum op_kind kind)
{
	struct op op = fixture_list(BY_STATE, state);

	op.kind = kind;
	assert_true(list_sort_add(&op.list, BY_ALL, kind == OP_REMOVE));
	return op;
}

void bulk_set_retry(void)
{
	bulk_action = bulk_action_on("failed", OP_UPDATE);
	bulk_action.report.kind = REPORT_RETRY;
}

struct op bulk_op(struct op_bulk *bulk, unsigned number)
{
	struct op op = bulk_action;

	bulk->dialect = DIALECT_A;
	bulk->request = STR("retry");
	op.kind = OP_BULK;
	op.report.kind = REPORT_NONE;
	op.before_write = NULL;
	op.follow = NULL;
	op.bulk = bulk;
	op.now = CLAIM_NOW;
	op.new_id = fixture_id(number);
	op.change.state = TASK_RUNNING;
	return op;
}

uint64_t bulk_apply(struct store *store, const struct op *op, char token[BULK_TOKEN_SIZE])
{
	struct result result = { 0 };
	struct err err = { 0 };
	uint64_t count;

	must(store_apply(store, op, &result, &err), &err);
	while (result.unfinished)
		must(store_go_on(&result, op->slice_steps, &err), &err);
	count = result.bulk->count;
	assert_int_equal(result.bulk->is_dry_run, op->bulk->dry_run);
	assert_int_equal(result.written, !op->bulk->dry_run && fixture_needs_flush(store));
	if (op->bulk->dry_run)
		strcpy(token, result.bulk->token);
	else
		assert_true(task_is_running_bulk(&result.task));
	store_result_free(&result);
	return count;
}

uint64_t bulk_start(struct store *store, unsigned number)
{
	struct op_bulk bulk = { 0 };
	struct op op = bulk_op(&bulk, number);

	return bulk_apply(store, &op, NULL);
}

bool bulk_run_once(struct store *store, struct store_bulks *bulks)
{
	struct err err = { 0 };
	bool more;

	must(store_run_bulks(store, bulks, &rules, clock_mono_us() + 1, &more, &err), &err);
	return more;
}

void bulk_run_all(struct store *store)
{
	struct store_bulks bulks = { 0 };

	while (bulk_run_once(store, &bulks))
		;
	store_bulks_free(&bulks);
}

void bulk_create_in(
	struct store *store, unsigned from, unsigned count, enum task_state state, const char *type)
{
	for (unsigned i = from; i < from + count; i++) {
		fixture_create(store, i, "waiting", type);
		claim_set_state(store, i, state);
	}
}

enum err_code bulk_change(
	struct store *store, unsigned number, enum op_kind kind, enum task_state to)
{
	struct arena arena = { 0 };
	struct op op = fixture_op(kind, number);
	enum err_code code;

	op.arena = &arena;
	op.change.state = to;
	code = fixture_error(store, &op);
	arena_free(&arena);
	return code;
}

void bulk_cancel(struct store *store, unsigned number)
{
	assert_int_equal(bulk_change(store, number, OP_UPDATE, TASK_CANCELLED), ERR_NONE);
}

void bulk_expect_counts(struct store *store, unsigned number, const char *json)
{
	struct op op = fixture_op(OP_READ, number);
	struct result result = { 0 };
	struct err err = { 0 };

	must(store_apply(store, &op, &result, &err), &err);
	assert_str(result.task.progress, json);
	assert_str(result.task.result, result.task.state == TASK_SUCCEEDED ? json : "");
	store_result_free(&result);
}

unsigned bulk_count_in(struct store *store, enum task_state state, unsigned from, unsigned count)
{
	unsigned found = 0;

	for (unsigned i = from; i < from + count; i++)
		found += claim_read(store, i).state == state;
	return found;
}

static int step_has_row(struct store *store, void *data, struct err *err)
{
	const struct id id = fixture_id(BULK);
	struct bulk_row row;

	(void)err;
	*(bool *)data = bulk_row_get(store, STR("acme"), &id, false, &row) == 0;
	return 0;
}

bool bulk_has_row(struct store *store)
{
	struct err err = { 0 };
	bool found;

	must(step_call(store, ENGINE_READ, step_has_row, &found, &err), &err);
	return found;
}
