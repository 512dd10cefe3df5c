/* How the store handles failures of its engine: retries, errors, counters. */
#include "memory_engine.h"
#include "operation_fixture.h"
#include "store/auth_table.h"
#include "store/internal.h"

/* The engine in memory, whose put, commit, flush and one chore fail on request. */
static struct engine_ops failing;
static enum engine_status status; /* of the next failures */
static unsigned failures;	  /* calls that will still fail */
static unsigned calls;		  /* of put */
static enum engine_table failing_table;

static bool fails(void)
{
	if (failures == 0)
		return false;
	failures--;
	return true;
}

static enum engine_status put(struct engine *engine, enum engine_table table, struct str key,
	struct str value, enum engine_put how)
{
	if (table == failing_table) {
		calls++;
		if (fails())
			return status;
	}
	return memory_engine_ops.put(engine, table, key, value, how);
}

static enum engine_status commit(struct engine *engine)
{
	if (failing_table != ENGINE_TABLES || !fails())
		return memory_engine_ops.commit(engine);
	memory_engine_ops.abort(engine);
	return status;
}

static enum engine_status flush(struct engine *engine)
{
	(void)engine;
	return fails() ? status : ENGINE_OK;
}

static enum engine_status chore(struct engine *engine, bool low_space, bool *more)
{
	*more = low_space;
	snprintf(engine->message, sizeof(engine->message), "%s",
		low_space ? "low space" : "enough space");
	return fails() ? status : ENGINE_OK;
}

static const struct engine_chore chores[] = {
	{ .name = "test", .interval_ms = 1000, .duty_percent = 5, .run = chore },
	{ 0 },
};

static int setup(void **state)
{
	int rc = fixture_setup_memory(state);
	struct store *store = *state;

	failing = memory_engine_ops;
	failing.put = put;
	failing.commit = commit;
	failing.flush = flush;
	failing.chores = chores;
	failures = calls = 0;
	failing_table = row_table(store, &(struct id){ { 1 } });
	store->engine->ops = &failing;
	return rc;
}

static void fail_next(enum engine_status wanted, unsigned count)
{
	status = wanted;
	failures = count;
	calls = 0;
}

static enum err_code create_error(struct store *store, unsigned number)
{
	struct op op = fixture_op(OP_CREATE, number);

	return fixture_error(store, &op);
}

static void conflict_is_retried(void **state)
{
	fail_next(ENGINE_RETRY, 3);
	assert_code(create_error(*state, 1), ERR_NONE);
	assert_int_equal(calls, 4);
	fixture_verify(*state, 1);
}

static void lasting_conflict_ends_as_busy(void **state)
{
	fail_next(ENGINE_RETRY, 1000);
	assert_code(create_error(*state, 1), ERR_BUSY);
	assert_int_equal(calls, 20);
	failures = 0;
	fixture_verify(*state, 0);
}

/* A status that is not retried, and its error. */
static void check_error(struct store *store, enum engine_status wanted, enum err_code code)
{
	fail_next(wanted, 1);
	assert_code(create_error(store, 1), code);
	assert_int_equal(calls, 1);
	fixture_verify(store, 0);
}

static void other_failures_are_errors_immediately(void **state)
{
	check_error(*state, ENGINE_BUSY, ERR_BUSY);
	check_error(*state, ENGINE_FULL, ERR_DISK_FULL);
	check_error(*state, ENGINE_NO_MEMORY, ERR_NO_MEMORY);
	check_error(*state, ENGINE_DAMAGED, ERR_DAMAGED);
	check_error(*state, ENGINE_EXISTS, ERR_CONFLICT);
}

static void lost_environment_is_logged_once(void **state)
{
	expect_log("store-lost");
	check_error(*state, ENGINE_LOST, ERR_PANIC);
	check_error(*state, ENGINE_LOST, ERR_PANIC);
}

/* The entries that were written before the failure are undone with the task. */
static void failure_after_some_entries_undoes_all(void **state)
{
	failing_table = TABLE_INDEX;
	check_error(*state, ENGINE_FULL, ERR_DISK_FULL);
	assert_code(create_error(*state, 1), ERR_NONE);
	fixture_verify(*state, 1);
}

/* Another process stores the same key between lookup and store. */
static void key_that_appears_meanwhile_is_looked_up_again(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_CREATE, 1);

	op.idempotency_key = STR("k");
	failing_table = TABLE_IDEMPOTENCY;
	fail_next(ENGINE_EXISTS, 2);
	assert_code(fixture_error(store, &op), ERR_NONE);
	/* The third run writes the key and the tenant's number of keys. */
	assert_int_equal(calls, 4);
	fixture_verify(store, 1);
}

static bool set_one(struct str old, struct buf *value, void *data, struct err *err)
{
	(void)old, (void)data, (void)err;
	buf_putc(value, '1');
	return true;
}

/* Not a conflict of the service's records: update decides, given the record that exists now. */
static void record_that_appears_meanwhile_is_updated_again(void **state)
{
	const struct store_auth_edit edit = { STORE_USERS, STR("a"), set_one, NULL };
	struct err err = { 0 };

	failing_table = TABLE_USERS;
	fail_next(ENGINE_EXISTS, 1);
	must(store_auth_update(*state, &edit, 1, &err), &err);
	assert_int_equal(calls, 2);
}

static void number_that_appears_meanwhile_is_read_again(void **state)
{
	struct op op = fixture_op(OP_CREATE, 1);

	op.assign_number = true;
	failing_table = TABLE_META;
	fail_next(ENGINE_EXISTS, 1);
	assert_code(fixture_error(*state, &op), ERR_NONE);
	assert_int_equal(calls, 2);
}

static void imported_task_that_appears_meanwhile_is_replaced(void **state)
{
	struct task task = {
		.id = fixture_id(1), .tenant = STR("acme"), .dialect = DIALECT_A, .revision = 1
	};
	struct err err = { 0 };

	fail_next(ENGINE_EXISTS, 1);
	must(store_put_tasks(*state, &task, 1, &err), &err);
	assert_int_equal(calls, 2);
	fixture_verify(*state, 1);
}

static void failed_commit_is_counted(void **state)
{
	struct store *store = *state;
	uint64_t started = store->shared->commits.started;

	failing_table = ENGINE_TABLES;
	fail_next(ENGINE_FULL, 1);
	assert_code(create_error(store, 1), ERR_DISK_FULL);
	assert_int_equal(store->shared->commits.started, started + 1);
	assert_int_equal(store->shared->commits.done, started + 1);
	fixture_verify(store, 0);
}

static void failed_flush_has_an_unknown_outcome(void **state)
{
	struct store *store = *state;
	struct err err = { 0 };

	assert_code(create_error(store, 1), ERR_NONE);
	fail_next(ENGINE_FULL, 1);
	assert_fails(store_flush(store, &err), &err, ERR_UNKNOWN_OUTCOME);
	assert_false(store_is_flushed(store));
	expect_log("store-lost");
	fail_next(ENGINE_LOST, 1);
	assert_fails(store_flush(store, &err), &err, ERR_PANIC);
	assert_false(store_is_flushed(store));
	must(store_flush(store, &err), &err);
	assert_true(store_is_flushed(store));
}

static void chore_reports_more_work_and_the_message_of_the_engine(void **state)
{
	struct store *store = *state;
	struct store_chore first;
	struct err err = { 0 };
	bool more = true;

	assert_true(store_chore(store, 0, &first));
	assert_string_equal(first.name, "test");
	assert_int_equal(first.interval_ms, 1000);
	assert_int_equal(first.duty_percent, 5);
	must(store_run_chore(store, 0, false, &more, &err), &err);
	assert_false(more);
	must(store_run_chore(store, 0, true, &more, &err), &err);
	assert_true(more);
	fail_next(ENGINE_FAILED, 1);
	assert_fails(store_run_chore(store, 0, true, &more, &err), &err, ERR_INTERNAL);
	assert_string_equal(err.text, "low space");
	assert_int_equal(store->depth, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(conflict_is_retried),
		TEST(lasting_conflict_ends_as_busy),
		TEST(other_failures_are_errors_immediately),
		TEST(lost_environment_is_logged_once),
		TEST(failure_after_some_entries_undoes_all),
		TEST(key_that_appears_meanwhile_is_looked_up_again),
		TEST(record_that_appears_meanwhile_is_updated_again),
		TEST(number_that_appears_meanwhile_is_read_again),
		TEST(imported_task_that_appears_meanwhile_is_replaced),
		TEST(failed_commit_is_counted),
		TEST(failed_flush_has_an_unknown_outcome),
		TEST(chore_reports_more_work_and_the_message_of_the_engine),
	};

	return CHECK_RUN(tests);
}
