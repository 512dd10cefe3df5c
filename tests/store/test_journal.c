/* The journal: an entry for each event, the chain of a task, pages. */
#include <stdio.h>

#include "journal_fixture.h"
#include "store/internal.h"
#include "store/journal/journal.h"

/* ---- events ---- */

static void report(struct store *store, enum report_kind kind, unsigned number, uint64_t token)
{
	struct op op = claim_report(kind, number, token);
	struct arena arena = { 0 };

	op.arena = &arena;
	op.request = STR("r9");
	claim_apply(store, &op);
	arena_free(&arena);
}

static void creation_and_changes_have_their_entries(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_CREATE, 1);
	struct result result;
	const struct journal_entry *entry;

	op.request = STR("r1");
	op.change.state = TASK_PENDING;
	op.change.status = STR("new");
	claim_apply(store, &op);
	op = fixture_op(OP_UPDATE, 1);
	op.actor = STR("bob");
	op.now = 5000;
	op.change.state = TASK_SUCCEEDED;
	op.change.status = STR("done");
	claim_apply(store, &op);
	op = fixture_op(OP_ARCHIVE, 1);
	claim_apply(store, &op);
	journal_expect(store, 1, "archived changed created", false);
	result = journal_page(store, 1, 0, 10);
	entry = &result.history[2];
	assert_int_equal(entry->from, TASK_STATE_NONE);
	assert_int_equal(entry->to, TASK_PENDING);
	assert_int_equal(entry->at, 1001);
	assert_int_equal(entry->previous, 0);
	assert_int_equal(entry->revision, 1);
	assert_int_equal(entry->attempt, 0);
	assert_str(entry->actor, "alice");
	assert_str(entry->request, "r1");
	assert_str(entry->worker, "");
	assert_str(entry->status, "new");
	assert_str(entry->error, "");
	entry = &result.history[1];
	assert_int_equal(entry->from, TASK_PENDING);
	assert_int_equal(entry->to, TASK_SUCCEEDED);
	assert_int_equal(entry->at, 5000);
	assert_int_equal(entry->revision, 2);
	assert_str(entry->actor, "bob");
	assert_str(entry->request, "");
	assert_str(entry->status, "done");
	store_result_free(&result);
}

static void heartbeat_counts_only_with_progress(void **state)
{
	struct store *store = *state;
	struct journal_entry entry;
	uint64_t token;
	struct op op;

	claim_create(store, 1, NULL, 0);
	token = claim_one(store, 1);
	report(store, REPORT_HEARTBEAT, 1, token);
	journal_expect(store, 1, "claimed created", false);
	op = claim_report(REPORT_HEARTBEAT, 1, token);
	op.change.set = CHANGE_PROGRESS;
	op.change.progress = STR("50");
	claim_apply(store, &op);
	claim_apply(store, &op);
	journal_expect(store, 1, "progress claimed created", false);
	entry = journal_newest(store, 1);
	assert_int_equal(entry.from, TASK_RUNNING);
	assert_int_equal(entry.to, TASK_RUNNING);
	assert_int_equal(entry.attempt, 1);
}

static void end_of_an_attempt_has_worker_and_error(void **state)
{
	struct store *store = *state;
	struct result result;
	uint64_t token;
	struct op op;

	claim_create(store, 1, NULL, 0);
	token = claim_one(store, 1);
	op = claim_report(REPORT_FAIL, 1, token);
	op.request = STR("r2");
	op.change.set = CHANGE_ERROR;
	op.change.error = STR("\"broken\"");
	claim_apply(store, &op);
	assert_int_equal(claim_run_due(store, CLAIM_NOW + 10000), 1);
	journal_expect(store, 1, "ready failed claimed created", false);
	result = journal_page(store, 1, 0, 10);
	for (size_t i = 1; i < 3; i++) {
		assert_int_equal(result.history[i].attempt, 1);
		assert_str(result.history[i].worker, "w1");
	}
	assert_str(result.history[1].error, "\"broken\"");
	assert_str(result.history[1].request, "r2");
	assert_int_equal(result.history[1].to, TASK_PENDING);
	/* the error of the task is still that of the attempt, but the delay's end is none of it */
	assert_str(result.history[0].error, "");
	assert_str(result.history[0].worker, "");
	assert_int_equal(result.history[0].attempt, 0);
	store_result_free(&result);
}

static void each_report_has_its_event(void **state)
{
	static const struct {
		enum report_kind kind;
		const char *events;
		enum task_state to;
	} rows[] = {
		{ REPORT_COMPLETE, "completed claimed created", TASK_SUCCEEDED },
		{ REPORT_FAIL, "failed claimed created", TASK_PENDING },
		{ REPORT_RELEASE, "released claimed created", TASK_PENDING },
		{ REPORT_UNDO, "undone claimed created", TASK_PENDING },
	};
	struct store *store = *state;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct journal_entry entry;

		claim_create(store, i + 1, NULL, 9);
		report(store, rows[i].kind, i + 1, claim_one(store, i + 1));
		journal_expect(store, i + 1, rows[i].events, false);
		entry = journal_newest(store, i + 1);
		assert_int_equal(entry.from, TASK_RUNNING);
		assert_int_equal(entry.to, rows[i].to);
		assert_int_equal(entry.attempt, 1);
		claim_set_state(store, i + 1, TASK_CANCELLED);
	}
}

/* A lease that no worker confirmed is undone, one that was is a failed attempt. */
static void end_of_a_lease_has_its_event(void **state)
{
	struct store *store = *state;
	struct result result;
	uint64_t token;

	claim_create(store, 1, NULL, 0);
	claim_one(store, 1);
	claim_run_due(store, CLAIM_NOW + 1000);
	journal_expect(store, 1, "undone claimed created", false);
	token = claim_one(store, 1);
	report(store, REPORT_HEARTBEAT, 1, token);
	claim_run_due(store, CLAIM_NOW + 61000);
	journal_expect(store, 1, "expired claimed undone claimed created", false);
	result = journal_page(store, 1, 0, 1);
	assert_str(result.history[0].error, "\"The worker w1 stopped reporting.\"");
	assert_str(result.history[0].worker, "w1");
	store_result_free(&result);
}

static void claim_undone_too_often_is_a_failed_attempt(void **state)
{
	struct store *store = *state;

	claim_create(store, 1, NULL, 0);
	for (unsigned i = 1; i <= UNCONFIRMED_MAX; i++) {
		claim_run_due(store, CLAIM_NOW + 600000);
		report(store, REPORT_UNDO, 1, claim_one(store, 1));
		assert_int_equal(journal_newest(store, 1).event,
			i < UNCONFIRMED_MAX ? JOURNAL_UNDONE : JOURNAL_EXPIRED);
	}
	assert_int_equal(journal_newest(store, 1).attempt, 1);
}

static void late_report_takes_up_an_attempt_that_was_undone(void **state)
{
	struct store *store = *state;
	struct journal_entry entry;
	uint64_t token;

	claim_create(store, 1, NULL, 0);
	token = claim_one(store, 1);
	claim_run_due(store, CLAIM_NOW + 1000);
	report(store, REPORT_COMPLETE, 1, token);
	journal_expect(store, 1, "completed undone claimed created", false);
	entry = journal_newest(store, 1);
	assert_int_equal(entry.attempt, 1);
}

static void next_claim_of_a_report_is_an_event(void **state)
{
	struct op_claim claim = claim_any(1);
	struct store *store = *state;
	uint64_t token;
	struct op op;

	claim_create(store, 1, NULL, 1);
	claim_create(store, 2, NULL, 0);
	token = claim_one(store, 1);
	op = claim_report(REPORT_COMPLETE, 1, token);
	op.claim = &claim;
	claim_apply(store, &op);
	journal_expect(store, 1, "completed claimed created", false);
	journal_expect(store, 2, "claimed created", false);
}

/* ---- what writes none ---- */

static bool refuse(const struct op *op, const struct task *old, struct task *task, struct err *err)
{
	(void)op, (void)old, (void)task;
	return err_set(err, ERR_INVALID, NULL, NULL);
}

static bool refuse_after(const struct op *op, const struct task *before, const struct task *after,
	struct op *next, struct err *err)
{
	(void)op, (void)before, (void)after, (void)next;
	return err_set(err, ERR_INVALID, NULL, NULL);
}

static void operation_that_fails_writes_none(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_UPDATE, 1);
	uint64_t token;

	claim_create(store, 1, NULL, 0);
	op.change.state = TASK_RUNNING;
	op.before_write = refuse;
	assert_code(fixture_error(store, &op), ERR_INVALID);
	/* after the entry was written, within the transaction */
	op.before_write = NULL;
	op.follow = refuse_after;
	assert_code(fixture_error(store, &op), ERR_INVALID);
	journal_expect(store, 1, "created", false);
	token = claim_one(store, 1);
	op = claim_report(REPORT_COMPLETE, 1, token + 1);
	assert_code(fixture_error(store, &op), ERR_LEASE_LOST);
	journal_change(store, 1, 5);
	journal_expect(store, 1, "changed claimed created", false);
}

static void upsert_without_a_change_writes_none(void **state)
{
	struct op op = fixture_op(OP_UPSERT, 1);
	struct store *store = *state;

	op.new_id = fixture_id(1);
	claim_apply(store, &op);
	claim_apply(store, &op);
	journal_expect(store, 1, "created", false);
	op.change.set = CHANGE_PRIORITY;
	op.change.priority = 7;
	claim_apply(store, &op);
	journal_expect(store, 1, "changed created", false);
}

static void resources_write_none(void **state)
{
	struct op op = fixture_op(OP_CREATE, 1);
	struct store *store = *state;
	uint64_t next = journal_next(store);

	op.dialect = INDEX_RESOURCE_DIALECTS;
	claim_apply(store, &op);
	assert_int_equal(journal_next(store), next);
	op = fixture_op(OP_HISTORY, 1);
	op.dialect = 0;
	op.history.limit = 1;
	assert_code(fixture_error(store, &op), ERR_NOT_FOUND);
}

static void without_a_journal_nothing_is_written(void **state)
{
	struct store *store = *state;

	store->journal_entries = 0;
	claim_create(store, 1, NULL, 0);
	journal_expect(store, 1, "", true);
	assert_int_equal(journal_next(store), 1);
	store->journal_entries = 10;
	journal_change(store, 1, 5);
	journal_expect(store, 1, "changed", true);
}

/* ---- reads ---- */

static void history_is_of_one_task(void **state)
{
	struct store *store = *state;
	struct op op = fixture_op(OP_HISTORY, 1);

	op.history.limit = 10;
	assert_code(fixture_error(store, &op), ERR_NOT_FOUND);
	fixture_create(store, 1, "new", NULL);
	fixture_create(store, 2, "new", NULL);
	journal_change(store, 1, 1);
	journal_change(store, 2, 1);
	journal_expect(store, 1, "changed created", false);
	op.dialect = DIALECT_B;
	assert_code(fixture_error(store, &op), ERR_NOT_FOUND);
	op.dialect = DIALECT_A;
	op.tenant = STR("acm");
	assert_code(fixture_error(store, &op), ERR_NOT_FOUND);
	op.tenant = STR("acme");
	assert_code(fixture_error(store, &op), ERR_NONE);
	op.kind = OP_ARCHIVE;
	assert_code(fixture_error(store, &op), ERR_NONE);
	journal_expect(store, 1, "archived changed created", false);
	op.kind = OP_REMOVE;
	assert_code(fixture_error(store, &op), ERR_NONE);
	op.kind = OP_HISTORY;
	assert_code(fixture_error(store, &op), ERR_NOT_FOUND);
	/* a task of the same id begins anew */
	fixture_create(store, 1, "new", NULL);
	journal_expect(store, 1, "created", false);
}

static void pages_continue_each_other(void **state)
{
	struct store *store = *state;
	uint64_t before = 0, revision = 10;
	unsigned pages = 0;

	fixture_create(store, 1, "new", NULL);
	for (int i = 1; i < 10; i++) {
		journal_change(store, 1, i);
		fixture_create(store, (unsigned)i + 1, "new", NULL);
	}
	do {
		struct result result = journal_page(store, 1, before, 3);

		assert_int_equal(result.history_count, revision >= 3 ? 3 : revision);
		for (size_t i = 0; i < result.history_count; i++) {
			assert_int_equal(result.history[i].revision, revision--);
			/* a change between two pages shows in neither */
			journal_change(store, 1, 100 + (int)revision);
		}
		assert_false(result.history_cut);
		before = result.history_next;
		store_result_free(&result);
		pages++;
	} while (before != 0);
	assert_int_equal(revision, 0);
	assert_int_equal(pages, 4);
}

static void wrong_place_shows_no_other_task(void **state)
{
	static const uint64_t places[] = { 1, 3, 4, 5, 6, UINT64_MAX };
	static const size_t counts[] = { 0, 0, 2, 0, 3, 3 };
	struct store *store = *state;

	fixture_create(store, 1, "new", NULL); /* 1 */
	fixture_create(store, 2, "new", NULL); /* 2 */
	journal_change(store, 1, 1);	       /* 3 */
	journal_change(store, 2, 1);	       /* 4 */
	journal_change(store, 1, 2);	       /* 5 */
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct result result = journal_page(store, 1, places[i], 10);

		assert_int_equal(result.history_count, counts[i]);
		assert_int_equal(result.history_cut, counts[i] == 0);
		assert_int_equal(result.history_next, 0);
		store_result_free(&result);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(creation_and_changes_have_their_entries),
		ON_EVERY_ENGINE(heartbeat_counts_only_with_progress),
		ON_EVERY_ENGINE(end_of_an_attempt_has_worker_and_error),
		ON_EVERY_ENGINE(each_report_has_its_event),
		ON_EVERY_ENGINE(end_of_a_lease_has_its_event),
		ON_EVERY_ENGINE(claim_undone_too_often_is_a_failed_attempt),
		ON_EVERY_ENGINE(late_report_takes_up_an_attempt_that_was_undone),
		ON_EVERY_ENGINE(next_claim_of_a_report_is_an_event),
		ON_EVERY_ENGINE(operation_that_fails_writes_none),
		ON_EVERY_ENGINE(upsert_without_a_change_writes_none),
		ON_EVERY_ENGINE(resources_write_none),
		ON_ONE_MACHINE(without_a_journal_nothing_is_written),
		ON_EVERY_ENGINE(history_is_of_one_task),
		ON_EVERY_ENGINE(pages_continue_each_other),
		ON_EVERY_ENGINE(wrong_place_shows_no_other_task),
	};

	return CHECK_RUN(tests);
}
