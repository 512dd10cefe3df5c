/* The task of a bulk: its changes and its end; dry runs, limits and turns. */
#include "bulk_fixture.h"

/* Until the transaction with the task is made. */
static void run_until_pending(struct store *store, struct store_bulks *bulks, unsigned number)
{
	while (claim_read(store, number).state == TASK_FAILED)
		assert_true(bulk_run_once(store, bulks));
}

static void cancelled_bulk_tells_what_was_done(void **state)
{
	struct store_bulks bulks = { 0 };
	struct store *store = *state;
	char json[80];
	unsigned done;

	bulk_set_retry();
	bulk_create_in(store, 1, 40, TASK_FAILED, NULL);
	bulk_start(store, BULK);
	run_until_pending(store, &bulks, 1);
	bulk_cancel(store, BULK);
	while (bulk_run_once(store, &bulks))
		;
	done = bulk_count_in(store, TASK_PENDING, 1, 40);
	assert_in_range(done, 1, 16);
	snprintf(json, sizeof(json), "{\"done\":%u,\"refused\":0,\"total\":40}", done);
	bulk_expect_counts(store, BULK, json);
	assert_false(bulk_has_row(store));
	store_bulks_free(&bulks);
	fixture_verify(store, 41);
}

static void running_bulk_can_only_be_cancelled(void **state)
{
	struct store *store = *state;
	struct op lock = claim_report(REPORT_LOCK, BULK, 0);

	bulk_set_retry();
	bulk_start(store, BULK);
	lock.report.holder = STR("w1");
	lock.report.lease_ms = 1000;
	assert_int_equal(fixture_error(store, &lock), ERR_LEASE_LOST);
	assert_int_equal(bulk_change(store, BULK, OP_UPDATE, TASK_PENDING), ERR_CONFLICT);
	assert_int_equal(bulk_change(store, BULK, OP_UPDATE, TASK_SUCCEEDED), ERR_CONFLICT);
	assert_int_equal(bulk_change(store, BULK, OP_UPDATE, TASK_STATE_NONE), ERR_CONFLICT);
	assert_int_equal(bulk_change(store, BULK, OP_ARCHIVE, TASK_STATE_NONE), ERR_CONFLICT);
	assert_int_equal(bulk_change(store, BULK, OP_REMOVE, TASK_STATE_NONE), ERR_CONFLICT);
	assert_int_equal(bulk_change(store, BULK, OP_UPDATE, TASK_CANCELLED), ERR_NONE);
	assert_int_equal(bulk_change(store, BULK, OP_UPDATE, TASK_PENDING), ERR_CONFLICT);
	assert_int_equal(bulk_change(store, BULK, OP_UPDATE, TASK_RUNNING), ERR_CONFLICT);
	assert_int_equal(bulk_change(store, BULK, OP_ARCHIVE, TASK_STATE_NONE), ERR_NONE);
	assert_int_equal(bulk_change(store, BULK, OP_REMOVE, TASK_STATE_NONE), ERR_NONE);
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
	char json[80];
	unsigned left;

	bulk_set_retry();
	bulk_create_in(store, 1, 40, TASK_FAILED, NULL);
	bulk_start(store, BULK);
	run_until_pending(store, &bulks, 1);
	revision = claim_read(store, 1).revision;
	left = bulk_count_in(store, TASK_FAILED, 1, 40);
	must(step_call(store, ENGINE_WRITE, step_remove_row, NULL, &err), &err);
	while (bulk_run_once(store, &bulks))
		;
	snprintf(json, sizeof(json), "{\"done\":%u,\"refused\":0,\"total\":%u}", left, left);
	bulk_expect_counts(store, BULK, json);
	assert_int_equal(bulk_count_in(store, TASK_PENDING, 1, 40), 40);
	assert_int_equal(claim_read(store, 1).revision, revision);
	assert_int_equal(claim_read(store, BULK).state, TASK_SUCCEEDED);
	assert_false(bulk_has_row(store));
	store_bulks_free(&bulks);
	fixture_verify(store, 41);
}

static void bulk_that_says_nothing_fails(void **state)
{
	struct op_bulk bulk = { 0 };
	struct store *store = *state;
	struct op op;

	bulk_set_retry();
	bulk_create_in(store, 1, 1, TASK_FAILED, NULL);
	op = bulk_op(&bulk, BULK);
	assert_true(change_set_field(&op.change, STR("type"), STR("\"damaged\"")));
	bulk_apply(store, &op, NULL);
	expect_log("bulk");
	bulk_run_all(store);
	assert_int_equal(claim_read(store, BULK).state, TASK_FAILED);
	assert_int_equal(claim_read(store, 1).state, TASK_FAILED);
	assert_false(bulk_has_row(store));
	fixture_verify(store, 2);
}

/* ---- dry runs, limits ---- */

static void token_is_of_one_request_and_count(void **state)
{
	struct op_bulk bulk = { .dry_run = true };
	struct store *store = *state;
	char token[BULK_TOKEN_SIZE];
	struct op op, other;

	bulk_set_retry();
	bulk_create_in(store, 1, 3, TASK_FAILED, NULL);
	op = bulk_op(&bulk, BULK);
	assert_int_equal(bulk_apply(store, &op, token), 3);
	assert_int_equal(bulk_count_in(store, TASK_FAILED, 1, 3), 3);
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
	bulk_create_in(store, 4, 1, TASK_FAILED, NULL);
	assert_int_equal(fixture_error(store, &op), ERR_CONFLICT);
	claim_set_state(store, 4, TASK_CANCELLED);
	assert_int_equal(bulk_apply(store, &op, NULL), 3);
	fixture_verify(store, 5);
}

static void ninth_bulk_of_a_tenant_is_refused(void **state)
{
	struct op_bulk bulk = { 0 };
	struct store *store = *state;
	struct op op;

	bulk_set_retry();
	for (unsigned i = 0; i < BULKS_OF_TENANT; i++)
		bulk_start(store, BULK + i);
	op = bulk_op(&bulk, BULK + BULKS_OF_TENANT);
	assert_int_equal(fixture_error(store, &op), ERR_CONFLICT);
	op.tenant = STR("other");
	assert_int_equal(fixture_error(store, &op), ERR_NONE);
	bulk_cancel(store, BULK);
	bulk_start(store, BULK + BULKS_OF_TENANT);
	bulk_run_all(store);
	fixture_verify(store, BULKS_OF_TENANT + 2);
}

/* Eight tenants have as many bulks as they may. */
static void another_tenant_may_have_one_bulk(void **state)
{
	const struct str tenants[] = { STR("t1"), STR("t2"), STR("t3"), STR("t4"), STR("t5"),
		STR("t6"), STR("t7"), STR("t8") };
	struct op_bulk bulk = { 0 };
	struct store *store = *state;
	struct op op;

	bulk_set_retry();
	for (unsigned i = 0; i < BULKS_SHARED; i++) {
		op = bulk_op(&bulk, BULK + i);
		op.tenant = tenants[i / BULKS_OF_TENANT];
		assert_int_equal(fixture_error(store, &op), ERR_NONE);
	}
	bulk_start(store, BULK + BULKS_SHARED);
	op = bulk_op(&bulk, BULK + BULKS_SHARED + 1);
	assert_int_equal(fixture_error(store, &op), ERR_CONFLICT);
	bulk_cancel(store, BULK + BULKS_SHARED);
	bulk_start(store, BULK + BULKS_SHARED + 1);
	fixture_verify(store, BULKS_SHARED + 2);
}

/* After each page. */
static void bulks_take_turns(void **state)
{
	struct store_bulks bulks = { 0 };
	struct store *store = *state;

	bulk_set_retry();
	bulk_create_in(store, 2001, LIST_PAGE_MAX + 40, TASK_FAILED, NULL);
	bulk_start(store, BULK);
	bulk_start(store, BULK + 1);
	run_until_pending(store, &bulks, 2000 + LIST_PAGE_MAX);
	run_until_pending(store, &bulks, 2000 + LIST_PAGE_MAX + 40);
	bulk_cancel(store, BULK);
	bulk_cancel(store, BULK + 1);
	bulk_expect_counts(store, BULK, "{\"done\":1000,\"refused\":0,\"total\":1040}");
	bulk_expect_counts(store, BULK + 1, "{\"done\":40,\"refused\":0,\"total\":1040}");
	store_bulks_free(&bulks);
}

static void key_is_used_once(void **state)
{
	struct op_bulk bulk = { 0 };
	struct store *store = *state;
	struct op op;

	bulk_set_retry();
	op = bulk_op(&bulk, BULK);
	op.idempotency_key = STR("k");
	assert_int_equal(fixture_error(store, &op), ERR_NONE);
	op.new_id = fixture_id(BULK + 1);
	assert_int_equal(fixture_error(store, &op), ERR_NONE);
	op.idempotency_fingerprint[0] = 1;
	assert_int_equal(fixture_error(store, &op), ERR_KEY_REUSED);
	fixture_verify(store, 1);
}

static void waits_while_the_disk_is_full(void **state)
{
	struct store_bulks bulks = { 0 };
	struct store *store = *state;

	bulk_set_retry();
	bulk_create_in(store, 1, 1, TASK_FAILED, NULL);
	bulk_start(store, BULK);
	fixture_set_read_only(store, true);
	assert_false(bulk_run_once(store, &bulks));
	assert_int_equal(claim_read(store, 1).state, TASK_FAILED);
	fixture_set_read_only(store, false);
	bulk_run_all(store);
	assert_int_equal(claim_read(store, 1).state, TASK_PENDING);
	store_bulks_free(&bulks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BDB(cancelled_bulk_tells_what_was_done),
		ON_BDB(running_bulk_can_only_be_cancelled),
		ON_BDB(bulk_without_its_row_begins_again),
		ON_BDB(bulk_that_says_nothing_fails),
		ON_BDB(token_is_of_one_request_and_count),
		ON_BDB(ninth_bulk_of_a_tenant_is_refused),
		ON_BDB(another_tenant_may_have_one_bulk),
		FIXTURE_TEST(bulks_take_turns, "Berkeley DB in files", fixture_setup_folder),
		ON_BDB(key_is_used_once),
		ON_BDB(waits_while_the_disk_is_full),
	};

	return CHECK_RUN(tests);
}
