/* Bulks (OP_BULK): what is counted, what is done to which tasks, and their end. */
#include "base/clock.h"
#include "claim_fixture.h"
#include "store/bulk/bulk.h"
#include "store/bulks.h"

#define BULK 900 /* number of the bulk's task */

/* ---- a bulk ---- */

/* The action on all failed tasks of the bulk that is carried out; see decode(). */
static struct op action;

static bool decode(const struct task *bulk, struct op *op, struct err *err)
{
	struct arena *arena = op->arena;

	if (str_eq(task_field(bulk, STR("type")), STR("\"damaged\"")))
		return err_set(err, ERR_INTERNAL, NULL, NULL);
	*op = action;
	op->arena = arena;
	return true;
}

static void update(struct op *op)
{
	op->kind = OP_UPDATE;
	op->actor = STR("polytask");
}

static const struct store_bulk_rules rules = { .decode = decode, .update = update };

static struct op action_on(const char *state, enum op_kind kind)
{
	struct op op = fixture_list(BY_STATE, state);

	op.kind = kind;
	assert_true(list_sort_add(&op.list, BY_ALL, kind == OP_REMOVE));
	return op;
}

static void set_retry(void)
{
	action = action_on("failed", OP_UPDATE);
	action.report.kind = REPORT_RETRY;
}

static struct op bulk_op(struct op_bulk *bulk, unsigned number)
{
	struct op op = action;

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

/* Returns the count. */
static uint64_t apply(struct store *store, const struct op *op, char token[BULK_TOKEN_SIZE])
{
	struct result result = { 0 };
	struct err err = { 0 };
	uint64_t count;

	must(store_apply(store, op, &result, &err), &err);
	while (result.unfinished)
		must(store_go_on(&result, op->slice_steps, &err), &err);
	count = result.bulk->count;
	assert_int_equal(result.bulk->is_dry_run, op->bulk->dry_run);
	assert_int_equal(result.written, !op->bulk->dry_run);
	if (op->bulk->dry_run)
		strcpy(token, result.bulk->token);
	else
		assert_true(task_is_running_bulk(&result.task));
	store_result_free(&result);
	return count;
}

static uint64_t start(struct store *store, unsigned number)
{
	struct op_bulk bulk = { 0 };
	struct op op = bulk_op(&bulk, number);

	return apply(store, &op, NULL);
}

/* One transaction of at most 16 tasks. */
static bool run_once(struct store *store, struct store_bulks *bulks)
{
	struct err err = { 0 };
	bool more;

	must(store_run_bulks(store, bulks, &rules, clock_mono_us() + 1, &more, &err), &err);
	return more;
}

static void run_all(struct store *store)
{
	struct store_bulks bulks = { 0 };

	while (run_once(store, &bulks))
		;
	store_bulks_free(&bulks);
}

static void create_in(
	struct store *store, unsigned from, unsigned count, enum task_state state, const char *type)
{
	for (unsigned i = from; i < from + count; i++) {
		fixture_create(store, i, "waiting", type);
		claim_set_state(store, i, state);
	}
}

/* What a request of a client does. */
static enum err_code change_bulk(
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

static void cancel(struct store *store, unsigned number)
{
	assert_int_equal(change_bulk(store, number, OP_UPDATE, TASK_CANCELLED), ERR_NONE);
}

static void expect_counts(struct store *store, unsigned number, const char *json)
{
	struct op op = fixture_op(OP_READ, number);
	struct result result = { 0 };
	struct err err = { 0 };

	must(store_apply(store, &op, &result, &err), &err);
	assert_str(result.task.progress, json);
	assert_str(result.task.result, result.task.state == TASK_SUCCEEDED ? json : "");
	store_result_free(&result);
}

static unsigned count_in(struct store *store, enum task_state state, unsigned from, unsigned count)
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

static bool has_row(struct store *store)
{
	struct err err = { 0 };
	bool found;

	must(step_call(store, ENGINE_READ, step_has_row, &found, &err), &err);
	return found;
}

/* ---- what is done ---- */

static void all_tasks_of_the_list_are_done(void **state)
{
	struct store *store = *state;

	set_retry();
	create_in(store, 1, 40, TASK_FAILED, NULL);
	create_in(store, 101, 3, TASK_SUCCEEDED, NULL);
	assert_int_equal(start(store, BULK), 40);
	assert_true(has_row(store));
	run_all(store);
	assert_int_equal(count_in(store, TASK_PENDING, 1, 40), 40);
	assert_int_equal(count_in(store, TASK_SUCCEEDED, 101, 3), 3);
	assert_int_equal(claim_read(store, BULK).state, TASK_SUCCEEDED);
	expect_counts(store, BULK, "{\"done\":40,\"refused\":0,\"total\":40}");
	assert_false(has_row(store));
	fixture_verify(store, 44);
}

static void list_without_tasks_ends_at_once(void **state)
{
	struct store *store = *state;

	set_retry();
	assert_int_equal(start(store, BULK), 0);
	run_all(store);
	expect_counts(store, BULK, "{\"done\":0,\"refused\":0,\"total\":0}");
}

/* With the newest first, so that tasks go before the ones that they refer to. */
static void removed_tasks_are_gone(void **state)
{
	struct store *store = *state;

	action = action_on("failed", OP_REMOVE);
	create_in(store, 1, 40, TASK_FAILED, NULL);
	assert_int_equal(start(store, BULK), 40);
	run_all(store);
	expect_counts(store, BULK, "{\"done\":40,\"refused\":0,\"total\":40}");
	fixture_verify(store, 1);
}

static void task_that_is_as_wanted_is_not_written(void **state)
{
	struct store *store = *state;
	uint64_t revision;

	create_in(store, 1, 2, TASK_FAILED, NULL);
	revision = claim_read(store, 1).revision;
	action = action_on("failed", OP_UPDATE);
	action.change.set = CHANGE_PRIORITY;
	assert_int_equal(start(store, BULK), 2);
	run_all(store);
	expect_counts(store, BULK, "{\"done\":2,\"refused\":0,\"total\":2}");
	assert_int_equal(claim_read(store, 1).revision, revision);
}

/* The bulk itself is in the list of running tasks, too. */
static void later_changes_are_left_alone(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_UPDATE, 2);

	create_in(store, 1, 3, TASK_RUNNING, NULL);
	action = action_on("running", OP_UPDATE);
	action.change.state = TASK_CANCELLED;
	assert_int_equal(start(store, BULK), 3);
	op.now = CLAIM_NOW + 1;
	op.change.set = CHANGE_PRIORITY;
	op.change.priority = 5;
	claim_apply(store, &op);
	op = fixture_op(OP_CREATE, 4);
	op.now = CLAIM_NOW + 1;
	op.change.state = TASK_RUNNING;
	claim_apply(store, &op);
	run_all(store);
	assert_int_equal(claim_read(store, 2).state, TASK_RUNNING);
	assert_int_equal(claim_read(store, 4).state, TASK_RUNNING);
	expect_counts(store, BULK, "{\"done\":2,\"refused\":0,\"total\":3}");
	fixture_verify(store, 5);
}

static bool refuse_even(
	const struct op *op, const struct task *before, struct task *task, struct err *err)
{
	(void)op, (void)before;
	return task->id.bytes[15] % 2 || err_set(err, ERR_UNPROCESSABLE, NULL, "An even number.");
}

/* Of a hook that is called after the task was written. */
static bool refuse_third(const struct op *op, const struct task *before, const struct task *after,
	struct op *next, struct err *err)
{
	(void)op, (void)before, (void)next;
	return after->id.bytes[15] % 3 != 0 || err_set(err, ERR_CONFLICT, NULL, "A third one.");
}

static void refused_tasks_are_counted_and_unchanged(void **state)
{
	struct store *store = *state;

	set_retry();
	action.before_write = refuse_even;
	action.follow = refuse_third;
	create_in(store, 1, 36, TASK_FAILED, NULL);
	assert_int_equal(start(store, BULK), 36);
	run_all(store);
	assert_int_equal(count_in(store, TASK_PENDING, 1, 36), 12);
	assert_int_equal(count_in(store, TASK_FAILED, 1, 36), 24);
	expect_counts(store, BULK, "{\"done\":12,\"refused\":24,\"total\":36}");
	fixture_verify(store, 37);
}

/* ---- its end ---- */

static void cancelled_bulk_tells_what_was_done(void **state)
{
	struct store_bulks bulks = { 0 };
	struct store *store = *state;
	char json[80];
	unsigned done;

	set_retry();
	create_in(store, 1, 40, TASK_FAILED, NULL);
	start(store, BULK);
	assert_true(run_once(store, &bulks));
	cancel(store, BULK);
	while (run_once(store, &bulks))
		;
	done = count_in(store, TASK_PENDING, 1, 40);
	assert_in_range(done, 1, 16);
	snprintf(json, sizeof(json), "{\"done\":%u,\"refused\":0,\"total\":40}", done);
	expect_counts(store, BULK, json);
	assert_false(has_row(store));
	store_bulks_free(&bulks);
	fixture_verify(store, 41);
}

static void running_bulk_can_only_be_cancelled(void **state)
{
	struct store *store = *state;
	struct op lock = claim_report(REPORT_LOCK, BULK, 0);

	set_retry();
	start(store, BULK);
	lock.report.holder = STR("w1");
	lock.report.lease_ms = 1000;
	assert_int_equal(fixture_error(store, &lock), ERR_LEASE_LOST);
	assert_int_equal(change_bulk(store, BULK, OP_UPDATE, TASK_PENDING), ERR_CONFLICT);
	assert_int_equal(change_bulk(store, BULK, OP_UPDATE, TASK_SUCCEEDED), ERR_CONFLICT);
	assert_int_equal(change_bulk(store, BULK, OP_UPDATE, TASK_STATE_NONE), ERR_CONFLICT);
	assert_int_equal(change_bulk(store, BULK, OP_ARCHIVE, TASK_STATE_NONE), ERR_CONFLICT);
	assert_int_equal(change_bulk(store, BULK, OP_REMOVE, TASK_STATE_NONE), ERR_CONFLICT);
	assert_int_equal(change_bulk(store, BULK, OP_UPDATE, TASK_CANCELLED), ERR_NONE);
	assert_int_equal(change_bulk(store, BULK, OP_UPDATE, TASK_PENDING), ERR_CONFLICT);
	assert_int_equal(change_bulk(store, BULK, OP_UPDATE, TASK_RUNNING), ERR_CONFLICT);
	assert_int_equal(change_bulk(store, BULK, OP_ARCHIVE, TASK_STATE_NONE), ERR_NONE);
	assert_int_equal(change_bulk(store, BULK, OP_REMOVE, TASK_STATE_NONE), ERR_NONE);
	fixture_verify(store, 0);
}

static int step_remove_row(struct store *store, void *data, struct err *err)
{
	const struct id id = fixture_id(BULK);
	struct index_key key = { .bytes = "bulk\0acme" };

	(void)data, (void)err;
	memcpy(key.bytes + 10, id.bytes, sizeof(id.bytes));
	key.len = 10 + sizeof(id.bytes);
	return store_del(store, TABLE_META, key_str(&key));
}

/* As after an import. */
static void bulk_without_its_row_begins_again(void **state)
{
	struct store_bulks bulks = { 0 };
	struct store *store = *state;
	struct err err = { 0 };
	uint64_t revision;

	set_retry();
	create_in(store, 1, 40, TASK_FAILED, NULL);
	start(store, BULK);
	assert_true(run_once(store, &bulks));
	revision = claim_read(store, 1).revision;
	must(step_call(store, ENGINE_WRITE, step_remove_row, NULL, &err), &err);
	while (run_once(store, &bulks))
		;
	assert_int_equal(count_in(store, TASK_PENDING, 1, 40), 40);
	assert_int_equal(claim_read(store, 1).revision, revision);
	assert_int_equal(claim_read(store, BULK).state, TASK_SUCCEEDED);
	assert_false(has_row(store));
	store_bulks_free(&bulks);
	fixture_verify(store, 41);
}

static void bulk_that_says_nothing_fails(void **state)
{
	struct op_bulk bulk = { 0 };
	struct store *store = *state;
	struct op op;

	set_retry();
	create_in(store, 1, 1, TASK_FAILED, NULL);
	op = bulk_op(&bulk, BULK);
	assert_true(change_set_field(&op.change, STR("type"), STR("\"damaged\"")));
	apply(store, &op, NULL);
	expect_log("bulk");
	run_all(store);
	assert_int_equal(claim_read(store, BULK).state, TASK_FAILED);
	assert_int_equal(claim_read(store, 1).state, TASK_FAILED);
	assert_false(has_row(store));
	fixture_verify(store, 2);
}

/* ---- dry runs, limits ---- */

static void token_is_of_one_request_and_count(void **state)
{
	struct op_bulk bulk = { .dry_run = true };
	struct store *store = *state;
	char token[BULK_TOKEN_SIZE];
	struct op op, other;

	set_retry();
	create_in(store, 1, 3, TASK_FAILED, NULL);
	op = bulk_op(&bulk, BULK);
	assert_int_equal(apply(store, &op, token), 3);
	assert_int_equal(count_in(store, TASK_FAILED, 1, 3), 3);
	bulk.dry_run = false;
	bulk.token = str_cstr(token);
	other = op;
	other.actor = STR("bob");
	assert_int_equal(fixture_error(store, &other), ERR_UNPROCESSABLE);
	other = op;
	other.now += BULK_TOKEN_MS + 1;
	assert_int_equal(fixture_error(store, &other), ERR_CONFLICT);
	bulk.request = STR("delete");
	assert_int_equal(fixture_error(store, &op), ERR_UNPROCESSABLE);
	bulk.request = STR("retry");
	bulk.token = STR("AQ");
	assert_int_equal(fixture_error(store, &op), ERR_UNPROCESSABLE);
	bulk.token = str_cstr(token);
	create_in(store, 4, 1, TASK_FAILED, NULL);
	assert_int_equal(fixture_error(store, &op), ERR_CONFLICT);
	claim_set_state(store, 4, TASK_CANCELLED);
	assert_int_equal(apply(store, &op, NULL), 3);
	fixture_verify(store, 5);
}

static void ninth_bulk_of_a_tenant_is_refused(void **state)
{
	struct op_bulk bulk = { 0 };
	struct store *store = *state;
	struct op op;

	set_retry();
	for (unsigned i = 0; i < BULKS_OF_TENANT; i++)
		start(store, BULK + i);
	op = bulk_op(&bulk, BULK + BULKS_OF_TENANT);
	assert_int_equal(fixture_error(store, &op), ERR_CONFLICT);
	op.tenant = STR("other");
	assert_int_equal(fixture_error(store, &op), ERR_NONE);
	cancel(store, BULK);
	start(store, BULK + BULKS_OF_TENANT);
	run_all(store);
	fixture_verify(store, BULKS_OF_TENANT + 2);
}

static void bulks_take_turns(void **state)
{
	struct store_bulks bulks = { 0 };
	struct store *store = *state;

	set_retry();
	create_in(store, 1, 40, TASK_FAILED, NULL);
	start(store, BULK);
	start(store, BULK + 1);
	run_once(store, &bulks);
	run_once(store, &bulks);
	cancel(store, BULK);
	cancel(store, BULK + 1);
	expect_counts(store, BULK, "{\"done\":16,\"refused\":0,\"total\":40}");
	expect_counts(store, BULK + 1, "{\"done\":16,\"refused\":0,\"total\":40}");
	assert_int_equal(count_in(store, TASK_PENDING, 1, 32), 32);
	store_bulks_free(&bulks);
}

static void key_is_used_once(void **state)
{
	struct op_bulk bulk = { 0 };
	struct store *store = *state;
	struct op op;

	set_retry();
	op = bulk_op(&bulk, BULK);
	op.idempotency_key = STR("k");
	assert_int_equal(fixture_error(store, &op), ERR_NONE);
	op.new_id = fixture_id(BULK + 1);
	assert_int_equal(fixture_error(store, &op), ERR_NONE);
	op.idempotency_fingerprint[0] = 1;
	assert_int_equal(fixture_error(store, &op), ERR_KEY_REUSED);
	fixture_verify(store, 1);
}

static bool is_of_type_a(const void *data, const struct task *task)
{
	(void)data;
	return str_eq(task_field(task, STR("type")), STR("\"a\""));
}

static void create_pending(struct store *store, unsigned from, unsigned count, const char *type)
{
	for (unsigned i = from; i < from + count; i++)
		fixture_create(store, i, "waiting", type);
}

/* More rows than one list tests: LIST_SCAN_MAX. */
static void tasks_are_counted_by_their_rows(void **state)
{
	struct store *store = *state;

	action = action_on("pending", OP_UPDATE);
	action.change.state = TASK_CANCELLED;
	action.list.test = is_of_type_a;
	create_pending(store, 1001, 100, "\"a\"");
	create_pending(store, 2001, LIST_SCAN_MAX + 100, "\"b\"");
	create_pending(store, 42001, 100, "\"a\"");
	assert_int_equal(start(store, BULK), 200);
	run_all(store);
	expect_counts(store, BULK, "{\"done\":200,\"refused\":0,\"total\":200}");
	fixture_verify(store, LIST_SCAN_MAX + 301);
}

static void waits_while_the_disk_is_full(void **state)
{
	struct store_bulks bulks = { 0 };
	struct store *store = *state;

	set_retry();
	create_in(store, 1, 1, TASK_FAILED, NULL);
	start(store, BULK);
	fixture_set_read_only(store, true);
	assert_false(run_once(store, &bulks));
	assert_int_equal(claim_read(store, 1).state, TASK_FAILED);
	fixture_set_read_only(store, false);
	run_all(store);
	assert_int_equal(claim_read(store, 1).state, TASK_PENDING);
	store_bulks_free(&bulks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(all_tasks_of_the_list_are_done),
		ON_BDB(list_without_tasks_ends_at_once),
		ON_EVERY_ENGINE(removed_tasks_are_gone),
		ON_BDB(task_that_is_as_wanted_is_not_written),
		ON_BDB(later_changes_are_left_alone),
		ON_EVERY_ENGINE(refused_tasks_are_counted_and_unchanged),
		ON_BDB(cancelled_bulk_tells_what_was_done),
		ON_BDB(running_bulk_can_only_be_cancelled),
		ON_BDB(bulk_without_its_row_begins_again),
		ON_BDB(bulk_that_says_nothing_fails),
		ON_BDB(token_is_of_one_request_and_count),
		ON_BDB(ninth_bulk_of_a_tenant_is_refused),
		ON_BDB(bulks_take_turns),
		ON_BDB(key_is_used_once),
		FIXTURE_TEST(tasks_are_counted_by_their_rows, "Berkeley DB in files",
			fixture_setup_folder),
		ON_BDB(waits_while_the_disk_is_full),
	};

	return CHECK_RUN(tests);
}
