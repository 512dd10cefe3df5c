/* Claims, reports and due tasks within the store: transactions, index, quota, what is ready. */
#include <stdio.h>

#include "claim_fixture.h"
#include "store/due.h"
#include "store/internal.h"
#include "store/wake.h"
#include "usage_fixture.h"

/* ---- the life of a task ---- */

static void index_follows_every_change(void **state)
{
	struct op_claim claim = claim_any(1);
	struct store *store = *state;
	struct op op;
	uint64_t token;

	claim_create(store, 1, "a", 3);
	fixture_verify(store, 1);
	token = claim_one(store, 1);
	fixture_verify(store, 1);
	op = claim_report(REPORT_HEARTBEAT, 1, token);
	claim_apply(store, &op);
	fixture_verify(store, 1);
	op = claim_report(REPORT_RELEASE, 1, token);
	claim_apply(store, &op);
	fixture_verify(store, 1);
	token = claim_one(store, 1);
	op = claim_report(REPORT_FAIL, 1, token);
	claim_apply(store, &op);
	fixture_verify(store, 1);
	claim_expect(store, &claim, "");
	assert_int_equal(claim_run_due(store, CLAIM_NOW + 2000), 1);
	fixture_verify(store, 1);
	token = claim_one(store, 1);
	claim_set_state(store, 1, TASK_CANCELLED);
	fixture_verify(store, 1);
	claim_set_state(store, 1, TASK_PENDING);
	fixture_verify(store, 1);
	token = claim_one(store, 1);
	op = claim_report(REPORT_COMPLETE, 1, token);
	claim_apply(store, &op);
	fixture_verify(store, 1);
	assert_int_equal(claim_read(store, 1).state, TASK_SUCCEEDED);
	assert_int_equal(claim_run_due(store, INT64_MAX / 2), 0);
}

static void report_with_another_token_changes_nothing(void **state)
{
	struct store *store = *state;
	struct task before, after;
	uint64_t token;

	claim_create(store, 1, NULL, 0);
	token = claim_one(store, 1);
	before = claim_read(store, 1);
	for (int kind = REPORT_HEARTBEAT; kind < REPORT_DUE; kind++) {
		struct op op = claim_report((enum report_kind)kind, 1, token ^ 1);

		assert_code(fixture_error(store, &op), ERR_LEASE_LOST);
	}
	after = claim_read(store, 1);
	assert_int_equal(after.revision, before.revision);
	assert_int_equal(after.updated, before.updated);
	assert_true(after.lease.token == token);
}

static void tokens_grow_with_each_claim(void **state)
{
	struct store *store = *state;
	uint64_t before = 0;

	claim_create(store, 1, NULL, 0);
	for (unsigned i = 0; i < 50; i++) {
		uint64_t token = claim_one(store, 1);
		struct op op = claim_report(REPORT_RELEASE, 1, token);

		assert_true(token > before);
		claim_apply(store, &op);
		before = token;
	}
}

static void cancelled_task_tells_its_worker(void **state)
{
	struct store *store = *state;
	struct result result = { 0 };
	struct err err = { 0 };
	struct op op;
	uint64_t token;

	claim_create(store, 1, NULL, 0);
	token = claim_one(store, 1);
	claim_set_state(store, 1, TASK_CANCELLED);
	op = claim_report(REPORT_HEARTBEAT, 1, token);
	must(store_apply(store, &op, &result, &err), &err);
	assert_true(result.nothing);
	assert_false(result.written);
	assert_int_equal(result.task.state, TASK_CANCELLED);
	store_result_free(&result);
	op.report.kind = REPORT_COMPLETE;
	assert_code(fixture_error(store, &op), ERR_LEASE_LOST);
}

/* ---- due ---- */

static void due_tasks_are_found_by_their_time(void **state)
{
	static const int64_t times[] = { 3000, 1000, 2000, 1000 };
	struct store *store = *state;
	struct buf place = BUF_INIT;
	struct err err = { 0 };
	struct str tenant;
	struct id id;
	bool found;
	char order[40] = "";

	for (unsigned i = 0; i < 4; i++) {
		struct op op = fixture_op(OP_CREATE, i + 1);

		op.tenant = i == 3 ? STR("zebra") : STR("acme");
		op.change.set = CHANGE_NOT_BEFORE;
		op.change.not_before = optional_time(CLAIM_NOW + times[i]);
		claim_apply(store, &op);
	}
	for (unsigned i = 0;; i++) {
		must(store_next_due(
			     store, CLAIM_NOW + 2000, false, &place, &tenant, &id, &found, &err),
			&err);
		if (!found)
			break;
		snprintf(order + 2 * i, sizeof(order) - 2 * i, "%d%c", id.bytes[15], tenant.ptr[0]);
	}
	assert_string_equal(order, "2a4z3a");
	buf_free(&place);
	/* Nothing was changed: it is not yet due by this clock. */
	assert_int_equal(claim_run_due(store, CLAIM_NOW + 999), 0);
	assert_int_equal(claim_run_due(store, CLAIM_NOW + 3000), 4);
	assert_int_equal(claim_run_due(store, CLAIM_NOW + 3000), 0);
}

static void expect_next_due(struct store *store, bool leases, struct buf *place, unsigned number)
{
	struct err err = { 0 };
	struct str tenant;
	struct id id;
	bool found;

	must(store_next_due(store, CLAIM_NOW + 5000, leases, place, &tenant, &id, &found, &err),
		&err);
	assert_int_equal(found, number > 0);
	if (found)
		assert_int_equal(id.bytes[15], number);
}

/* So that many delays that end earlier do not keep a lease from its end. */
static void leases_and_delays_are_passes_of_their_own(void **state)
{
	struct store *store = *state;
	struct buf leases = BUF_INIT, delays = BUF_INIT;

	for (unsigned i = 1; i <= 4; i++) {
		struct op op = fixture_op(OP_CREATE, i);

		if (i <= 2) {
			op.change.set = CHANGE_NOT_BEFORE;
			op.change.not_before = optional_time(CLAIM_NOW + 10 * i);
		}
		claim_apply(store, &op);
	}
	claim_one(store, 3);
	claim_one(store, 4);
	expect_next_due(store, false, &delays, 1);
	expect_next_due(store, true, &leases, 3);
	expect_next_due(store, false, &delays, 2);
	expect_next_due(store, false, &delays, 0);
	expect_next_due(store, true, &leases, 4);
	expect_next_due(store, true, &leases, 0);
	buf_free(&leases);
	buf_free(&delays);
	fixture_verify(store, 4);
}

/* ---- the index ---- */

static int step_plant(struct store *store, void *data, struct err *err)
{
	const struct index_key *key = data;

	(void)err;
	return store_put(store, TABLE_INDEX, key_str(key), STR(""), ENGINE_REPLACE);
}

/* Such an entry is not possible, but must not keep the others from workers. */
static void entries_without_a_ready_task_are_passed_over(void **state)
{
	struct task ghost = { .tenant = STR("acme"),
		.dialect = DIALECT_A,
		.id = fixture_id(77),
		.state = TASK_PENDING,
		.priority = 9 };
	struct op_claim claim = claim_any(3);
	struct store *store = *state;
	struct store_report report;
	struct err err = { 0 };
	unsigned numbers[] = { 77, 2, 78 };

	claim_create(store, 1, NULL, 0);
	claim_create(store, 2, NULL, 0);
	claim_set_state(store, 2, TASK_RUNNING);
	for (size_t i = 0; i < 3; i++) {
		struct index_key key;

		ghost.id = fixture_id(numbers[i]);
		assert_true(index_field_key(&key, &ghost,
			index_field_by_code(fixture_indexes, DIALECT_A, INDEX_BY_READY)));
		must(step_call(store, ENGINE_WRITE, step_plant, &key, &err), &err);
	}
	claim_expect(store, &claim, "1");
	assert_int_equal(claim_read(store, 2).lease.token, 0);
	must(store_verify(store, NULL, &report, &err), &err);
	assert_int_equal(report.stray_entries, 3);
}

static int step_spoil(struct store *store, void *data, struct err *err)
{
	const struct id *id = data;
	struct index_key key;

	(void)err;
	index_primary_key(&key, STR("acme"), id);
	return store_put(
		store, row_table(store, id), key_str(&key), STR("\x63garbage"), ENGINE_REPLACE);
}

static void task_that_cannot_be_read_is_passed_over(void **state)
{
	struct op_claim claim = claim_any(2);
	struct store *store = *state;
	struct id id = fixture_id(1);
	struct err err = { 0 };

	claim_create(store, 1, NULL, 9);
	claim_create(store, 2, NULL, 0);
	must(step_call(store, ENGINE_WRITE, step_spoil, &id, &err), &err);
	expect_log("record-unreadable");
	claim_expect(store, &claim, "2");
}

static void rebuilt_index_has_the_ready_and_due_tasks(void **state)
{
	struct op_claim claim = claim_any(10);
	struct store *store = *state;
	struct err err = { 0 };

	for (unsigned i = 1; i <= 4; i++)
		claim_create(store, i, "a", (int32_t)i);
	claim_one(store, 4);
	claim_set_state(store, 1, TASK_SUCCEEDED);
	must(store_reindex(store, NULL, NULL, &err), &err);
	fixture_verify(store, 4);
	claim_expect(store, &claim, "3 2");
	assert_int_equal(claim_run_due(store, CLAIM_NOW + 800), 3);
	claim_expect(store, &claim, "4 3 2");
}

/* ---- quota, and what is ready ---- */

static void claims_are_no_creations(void **state)
{
	struct store *store = *state;
	struct store_usage before, after;
	struct op op;

	for (unsigned i = 1; i <= 20; i++)
		claim_create(store, i, NULL, i == 1);
	before = usage_of(store, "acme");
	usage_set_quota(store, before.tasks, before.bytes);
	op = claim_report(REPORT_RELEASE, 1, claim_one(store, 1));
	op.idempotency_key = STR("key");
	claim_apply(store, &op);
	after = usage_of(store, "acme");
	assert_int_equal(after.tasks, before.tasks);
	assert_in_range(after.bytes, before.bytes, before.bytes + before.bytes / 8);
	fixture_verify(store, 20);
}

/* The error makes the task larger. */
static void lease_ends_although_the_quota_is_used_up(void **state)
{
	struct op_claim claim = claim_any(1);
	struct store *store = *state;
	struct op op;

	claim_create(store, 1, NULL, 1);
	claim_create(store, 2, NULL, 0);
	op = claim_report(REPORT_HEARTBEAT, 1, claim_one(store, 1));
	claim_apply(store, &op);
	usage_set_quota(store, 1, 1);
	op = claim_op(&claim);
	assert_code(fixture_error(store, &op), ERR_STORAGE_QUOTA);
	assert_int_equal(claim_run_due(store, CLAIM_NOW + 60000), 1);
	assert_int_equal(claim_read(store, 1).state, TASK_PENDING);
	fixture_verify(store, 2);
}

static uint64_t ready_changes(struct store *store)
{
	return store_wake_count(store, store_ready_source(STR("acme")));
}

static void changes_that_make_a_task_ready_are_counted(void **state)
{
	struct store *store = *state;
	uint64_t count = ready_changes(store), token;
	struct op op;

	claim_create(store, 1, NULL, 0);
	assert_int_not_equal(ready_changes(store), count);
	count = ready_changes(store);
	token = claim_one(store, 1);
	op = claim_report(REPORT_HEARTBEAT, 1, token);
	claim_apply(store, &op);
	op = claim_report(REPORT_FAIL, 1, token);
	claim_apply(store, &op);
	assert_int_equal(ready_changes(store), count);
	claim_run_due(store, CLAIM_NOW + 5000);
	assert_int_not_equal(ready_changes(store), count);
	count = ready_changes(store);
	op = claim_report(REPORT_RELEASE, 1, claim_one(store, 1));
	claim_apply(store, &op);
	assert_int_not_equal(ready_changes(store), count);
	count = ready_changes(store);
	claim_set_state(store, 1, TASK_SUCCEEDED);
	assert_int_equal(ready_changes(store), count);
	claim_set_state(store, 1, TASK_PENDING);
	assert_int_not_equal(ready_changes(store), count);
}

/* Claims that wait for one kind look for it again. */
static void changes_that_move_a_ready_task_are_counted(void **state)
{
	struct op op = fixture_op(OP_UPDATE, 1);
	struct store *store = *state;
	uint64_t count;

	claim_create(store, 1, "a", 0);
	count = ready_changes(store);
	op.change.set = CHANGE_PROGRESS | CHANGE_MAX_ATTEMPTS | CHANGE_KIND | CHANGE_PRIORITY;
	op.change.progress = STR("1");
	op.change.max_attempts = 3;
	op.change.kind = STR("a");
	op.change.status = STR("other");
	claim_apply(store, &op);
	assert_int_equal(ready_changes(store), count);
	op.change.kind = STR("b");
	claim_apply(store, &op);
	assert_int_not_equal(ready_changes(store), count);
	count = ready_changes(store);
	op.change.kind = STR("");
	claim_apply(store, &op);
	assert_int_not_equal(ready_changes(store), count);
	count = ready_changes(store);
	op.change.priority = -1;
	claim_apply(store, &op);
	assert_int_not_equal(ready_changes(store), count);
	count = ready_changes(store);
	claim_apply(store, &op);
	assert_int_equal(ready_changes(store), count);
	/* no worker can get it */
	claim_one(store, 1);
	op.change.kind = STR("c");
	claim_apply(store, &op);
	assert_int_equal(ready_changes(store), count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(index_follows_every_change),
		ON_EVERY_ENGINE(report_with_another_token_changes_nothing),
		ON_EVERY_ENGINE(tokens_grow_with_each_claim),
		ON_EVERY_ENGINE(cancelled_task_tells_its_worker),
		ON_EVERY_ENGINE(due_tasks_are_found_by_their_time),
		ON_EVERY_ENGINE(leases_and_delays_are_passes_of_their_own),
		ON_EVERY_ENGINE(entries_without_a_ready_task_are_passed_over),
		ON_EVERY_ENGINE(task_that_cannot_be_read_is_passed_over),
		ON_ONE_MACHINE(rebuilt_index_has_the_ready_and_due_tasks),
		ON_EVERY_ENGINE(claims_are_no_creations),
		ON_EVERY_ENGINE(lease_ends_although_the_quota_is_used_up),
		ON_EVERY_ENGINE(changes_that_make_a_task_ready_are_counted),
		ON_EVERY_ENGINE(changes_that_move_a_ready_task_are_counted),
	};

	return CHECK_RUN(tests);
}
