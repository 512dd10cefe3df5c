/* Reports under a worker's name: the index, the journal and the list of workers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal_fixture.h"
#include "libdb_leak.h"

/* A claim of one task by `worker`, without a first lease. */
static void claim_as(struct store *store, const char *worker, const char *number)
{
	const struct claim_topic topic = { DIALECT_A, .lease_ms = 60000 };
	const struct op_claim claim = {
		.worker = str_cstr(worker), .max = 1, .topics = &topic, .topic_count = 1
	};

	claim_expect(store, &claim, number);
}

static struct op report_as(const char *worker, enum report_kind kind, unsigned number)
{
	struct op op = claim_report(kind, number, 0);

	op.report.holder = str_cstr(worker);
	if (kind == REPORT_LOCK)
		op.report.lease_ms = 60000;
	return op;
}

static void apply_as(
	struct store *store, const char *worker, enum report_kind kind, unsigned number)
{
	struct op op = report_as(worker, kind, number);

	claim_apply(store, &op);
}

static struct op unlock(unsigned number)
{
	struct op op = claim_report(REPORT_RELEASE, number, 0);

	op.report.any_holder = true;
	return op;
}

static void list_workers(struct store *store, struct result *result)
{
	static const struct op_workers all = { .limit = WORKERS_ROWS_MAX };
	struct op op = fixture_op(OP_WORKERS, 0);
	struct err err = { 0 };

	op.dialect = 0;
	op.now = CLAIM_NOW;
	op.workers = &all;
	must(store_apply(store, &op, result, &err), &err);
}

/* The workers as text: "w1:2 w2" (tasks). */
static void expect_workers(struct store *store, const char *want)
{
	struct result result = { 0 };
	char text[200] = "";
	size_t used = 0;

	list_workers(store, &result);
	for (size_t i = 0; i < result.workers->count; i++) {
		const struct worker_row *row = &result.workers->rows[i];

		used += claim_put_worker(row, i == 0, text + used, sizeof(text) - used);
	}
	assert_string_equal(text, want);
	store_result_free(&result);
}

/* ---- after the end of a lease ---- */

static void name_remains_on_a_task_that_nobody_holds(void **state)
{
	struct store *store = *state;
	struct task task;

	claim_create(store, 1, NULL, 0);
	claim_as(store, "w1", "1");
	expect_workers(store, "w1:1");
	apply_as(store, "w1", REPORT_HEARTBEAT, 1);
	assert_int_equal(claim_run_due(store, CLAIM_NOW + 60000), 1);
	task = claim_read(store, 1);
	assert_int_equal(task.state, TASK_PENDING);
	assert_int_equal(task.lease.token, 0);
	assert_int_equal(task.lease.holder.len, 2);
	expect_workers(store, "w1");
	fixture_verify(store, 1);
	apply_as(store, "w1", REPORT_COMPLETE, 1);
	assert_int_equal(claim_read(store, 1).attempt, 1);
	journal_expect(store, 1, "completed expired claimed created", false);
	assert_int_equal(journal_newest(store, 1).attempt, 1);
	expect_workers(store, "w1");
	fixture_verify(store, 1);
}

static void next_claim_ends_the_rights_of_the_name(void **state)
{
	struct store *store = *state;
	struct op late = report_as("w1", REPORT_COMPLETE, 1);

	claim_create(store, 1, NULL, 0);
	claim_as(store, "w1", "1");
	claim_run_due(store, CLAIM_NOW + 60000);
	claim_as(store, "w2", "1");
	assert_code(fixture_error(store, &late), ERR_LEASE_LOST);
	expect_workers(store, "w1 w2:1");
	apply_as(store, "w2", REPORT_COMPLETE, 1);
	assert_code(fixture_error(store, &late), ERR_NOT_FOUND);
}

/* A change of the state ends them as well; another one does not. */
static void other_state_ends_the_rights_of_the_name(void **state)
{
	struct store *store = *state;
	struct op fail = report_as("w1", REPORT_FAIL, 1);

	claim_create(store, 1, NULL, 0);
	claim_as(store, "w1", "1");
	fail.report.delay = optional_time(5000);
	claim_apply(store, &fail);
	journal_change(store, 1, 7);
	claim_apply(store, &fail);
	journal_expect(store, 1, "failed changed failed claimed created", false);
	assert_int_equal(claim_read(store, 1).attempt, 1);
	claim_set_state(store, 1, TASK_RUNNING);
	assert_code(fixture_error(store, &fail), ERR_LEASE_LOST);
	claim_set_state(store, 1, TASK_PENDING);
	assert_code(fixture_error(store, &fail), ERR_LEASE_LOST);
	fixture_verify(store, 1);
}

/* ---- unlock ---- */

static void unlock_gives_back_what_anyone_has(void **state)
{
	struct store *store = *state;
	struct result result = { 0 };
	struct op op = unlock(1);
	struct err err = { 0 };

	claim_create(store, 1, NULL, 0);
	claim_as(store, "w1", "1");
	must(store_apply(store, &op, &result, &err), &err);
	assert_true(
		result.written == fixture_needs_flush(store) && !result.nothing && !result.drain);
	store_result_free(&result);
	assert_int_equal(claim_read(store, 1).attempt, 0);
	journal_expect(store, 1, "released claimed created", false);
	assert_int_equal(journal_newest(store, 1).attempt, 1);
	must(store_apply(store, &op, &result, &err), &err);
	assert_true(!result.written && result.nothing);
	store_result_free(&result);
	claim_as(store, "w2", "1");
	fixture_verify(store, 1);
}

/* The name and the delay are forgotten; the attempt has failed. */
static void unlock_of_a_pending_task_makes_it_ready(void **state)
{
	struct store *store = *state;
	struct op fail = report_as("w1", REPORT_FAIL, 1), op = unlock(1);

	claim_create(store, 1, NULL, 0);
	claim_as(store, "w1", "1");
	fail.report.delay = optional_time(5000);
	claim_apply(store, &fail);
	claim_apply(store, &op);
	assert_code(fixture_error(store, &fail), ERR_LEASE_LOST);
	assert_int_equal(claim_read(store, 1).attempt, 1);
	journal_expect(store, 1, "ready failed claimed created", false);
	claim_apply(store, &op);
	journal_expect(store, 1, "ready failed claimed created", false);
	fixture_verify(store, 1);
	claim_as(store, "w2", "1");
}

/* The history has it as released. */
static void unlock_takes_a_silent_attempt_back(void **state)
{
	struct store *store = *state;
	struct op op = unlock(1);

	claim_create(store, 1, NULL, 0);
	claim_as(store, "w1", "1");
	claim_run_due(store, CLAIM_NOW + 60000);
	assert_int_equal(claim_read(store, 1).attempt, 1);
	claim_apply(store, &op);
	assert_int_equal(claim_read(store, 1).attempt, 0);
	journal_expect(store, 1, "released expired claimed created", false);
	assert_int_equal(journal_newest(store, 1).attempt, 1);
	fixture_verify(store, 1);
}

/* ---- locks ---- */

static void lock_claims_a_task_with_a_delay(void **state)
{
	struct op_claim claim = claim_any(1);
	struct op fail = report_as("w1", REPORT_FAIL, 1);
	struct store *store = *state;

	claim_create(store, 1, NULL, 0);
	claim_as(store, "w1", "1");
	fail.report.delay = optional_time(5000);
	claim_apply(store, &fail);
	apply_as(store, "w2", REPORT_LOCK, 1);
	assert_int_equal(claim_read(store, 1).attempt, 2);
	expect_workers(store, "w1 w2:1");
	fixture_verify(store, 1);
	/* An extension has no entry. */
	apply_as(store, "w2", REPORT_LOCK, 1);
	journal_expect(store, 1, "claimed failed claimed created", false);
	assert_int_equal(journal_newest(store, 1).attempt, 2);
	claim_expect(store, &claim, "");
	assert_int_equal(claim_run_due(store, CLAIM_NOW + 60000), 1);
	assert_int_equal(claim_read(store, 1).state, TASK_PENDING);
	fixture_verify(store, 1);
}

/* The keeper has not ended it yet. */
static void lock_takes_a_task_whose_lease_is_over(void **state)
{
	struct op lock = report_as("w2", REPORT_LOCK, 1);
	struct store *store = *state;
	struct arena arena = { 0 };

	claim_create(store, 1, NULL, 0);
	claim_as(store, "w1", "1");
	lock.arena = &arena;
	assert_code(fixture_error(store, &lock), ERR_LEASE_LOST);
	lock.now += 59999;
	assert_code(fixture_error(store, &lock), ERR_LEASE_LOST);
	lock.now++;
	claim_apply(store, &lock);
	journal_expect(store, 1, "claimed claimed created", false);
	assert_int_equal(journal_newest(store, 1).from, TASK_RUNNING);
	expect_workers(store, "w1 w2:1");
	fixture_verify(store, 1);
	arena_free(&arena);
}

/* ---- drain ---- */

static bool drain_of(struct store *store, const struct op *op)
{
	struct result result = { 0 };
	struct err err = { 0 };
	bool drain;

	must(store_apply(store, op, &result, &err), &err);
	drain = result.drain;
	store_result_free(&result);
	return drain;
}

/* Of a task that it already has, the lock is extended. */
static void drained_worker_may_report_and_locks_no_task(void **state)
{
	static const struct op_drain drain = { STR("w1"), true };
	struct op op = fixture_op(OP_DRAIN, 0), release = unlock(1);
	struct op lock = report_as("w1", REPORT_LOCK, 1), other = report_as("w1", REPORT_LOCK, 2);
	struct op heartbeat = report_as("w1", REPORT_HEARTBEAT, 1);
	struct store *store = *state;

	claim_create(store, 1, NULL, 0);
	claim_create(store, 2, NULL, 0);
	claim_as(store, "w1", "1");
	op.dialect = 0;
	op.now = CLAIM_NOW;
	op.drain = &drain;
	claim_apply(store, &op);
	assert_true(drain_of(store, &lock));
	assert_true(drain_of(store, &heartbeat));
	assert_code(fixture_error(store, &other), ERR_LEASE_LOST);
	assert_int_equal(claim_read(store, 2).attempt, 0);
	assert_false(drain_of(store, &release));
	assert_code(fixture_error(store, &lock), ERR_LEASE_LOST);
	lock = report_as("w2", REPORT_LOCK, 1);
	assert_false(drain_of(store, &lock));
	/* What is wrong with the task counts first. */
	claim_set_state(store, 2, TASK_CANCELLED);
	assert_code(fixture_error(store, &other), ERR_NOT_FOUND);
}

/* ---- any sequence ---- */

#define TASKS 4

static void apply_at_random(struct store *store, int64_t now, struct arena *arena)
{
	static const char *const names[] = { "a", "b", "c" };
	static const enum report_kind kinds[] = { REPORT_HEARTBEAT, REPORT_COMPLETE, REPORT_FAIL,
		REPORT_RELEASE, REPORT_LOCK, REPORT_RETRIES };
	unsigned number = 1 + (unsigned)rand() % TASKS;
	struct op op = report_as(names[rand() % 3], kinds[rand() % 6], number);

	op.arena = arena;
	op.now = now;
	op.report.lease_ms = 500;
	op.report.retries = (uint32_t)rand() % 4;
	op.report.sets_retries = rand() % 2;
	op.report.delay = optional_time(rand() % 1000);
	op.report.any_holder = op.report.kind == REPORT_RELEASE && rand() % 2;
	if (op.report.kind == REPORT_COMPLETE && rand() % 4 > 0)
		op.report.kind = REPORT_FAIL;
	fixture_error(store, &op);
}

/* The tasks that the list of workers counts. */
static uint64_t count_held(struct store *store)
{
	struct result result = { 0 };
	uint64_t count = 0;

	list_workers(store, &result);
	for (size_t i = 0; i < result.workers->count; i++)
		count += result.workers->rows[i].tasks;
	store_result_free(&result);
	return count;
}

static void held_tasks_are_the_running_ones(void **state)
{
	const struct claim_topic topic = { DIALECT_A, .lease_ms = 400 };
	const struct op_claim claim = {
		.worker = STR("a"), .max = 1, .topics = &topic, .topic_count = 1
	};
	struct store *store = *state;
	struct arena arena = { 0 };
	int64_t now = CLAIM_NOW;

	srand(3);
	for (unsigned i = 1; i <= TASKS; i++)
		claim_create(store, i, NULL, 0);
	for (int i = 0; i < 300; i++) {
		uint64_t running = 0;
		char text[100];

		now += rand() % 200;
		if (i % 3 == 0)
			claim_numbers(store, &claim, now, text, sizeof(text));
		else if (i % 3 == 1)
			claim_run_due(store, now);
		apply_at_random(store, now, &arena);
		for (unsigned j = 1; j <= TASKS; j++)
			running += claim_read(store, j).state == TASK_RUNNING;
		assert_int_equal(count_held(store), running);
		if (i % 10 == 0)
			fixture_verify(store, TASKS);
		/* All have succeeded. */
		if (i % 60 == 59) {
			for (unsigned j = 1; j <= TASKS; j++)
				claim_set_state(store, j, TASK_PENDING);
		}
	}
	fixture_verify(store, TASKS);
	arena_free(&arena);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(name_remains_on_a_task_that_nobody_holds),
		ON_EVERY_ENGINE(next_claim_ends_the_rights_of_the_name),
		ON_EVERY_ENGINE(other_state_ends_the_rights_of_the_name),
		ON_EVERY_ENGINE(unlock_gives_back_what_anyone_has),
		ON_EVERY_ENGINE(unlock_of_a_pending_task_makes_it_ready),
		ON_EVERY_ENGINE(unlock_takes_a_silent_attempt_back),
		ON_EVERY_ENGINE(lock_claims_a_task_with_a_delay),
		ON_EVERY_ENGINE(lock_takes_a_task_whose_lease_is_over),
		ON_EVERY_ENGINE(drained_worker_may_report_and_locks_no_task),
		ON_EVERY_ENGINE(held_tasks_are_the_running_ones),
	};

	return CHECK_RUN(tests);
}
