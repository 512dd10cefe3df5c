#include <stdlib.h>

#include "store/bulk/bulk.h"
#include "store/journal/journal.h"
#include "store/list/list.h"
#include "store/stats/series.h"
#include "store/stats/stats.h"
#include "store/tasks/cascade.h"
#include "store/tasks/claim.h"
#include "store/tasks/create.h"
#include "store/tasks/create_many.h"
#include "store/tasks/retry.h"
#include "store/usage/usage.h"
#include "store/webhooks/webhooks.h"
#include "store/workers/workers.h"
#include "task/member.h"

/* ---- read ---- */

struct read {
	const struct op *op;
	struct result *result;
};

static int step_read(struct store *store, void *data, struct err *err)
{
	const struct read *read = data;
	const struct op *op = read->op;
	struct buf *record = &read->result->record;
	int rc;

	buf_reset(record);
	rc = op->is_prefetched ? row_get_prefetched(store, op->tenant, &op->id, record)
			       : row_get(store, op->tenant, &op->id, false, record);
	if (rc != 0)
		return rc;
	if (!row_decode(&read->result->task, record, op->tenant, &op->id, err))
		return STEP_FAILED;
	if (change_is_foreign(&read->result->task, op))
		return ENGINE_NOT_FOUND;
	return change_meets_conditions(op, &read->result->task) ? 0 : change_fail_precondition(err);
}

static bool read_task(
	struct store *store, const struct op *op, struct result *result, struct err *err)
{
	struct read read = { op, result };

	return step_run(store, ENGINE_READ, step_read, &read, err);
}

/* ---- create ---- */

static int write_create(struct store *store, struct write *write, struct err *err)
{
	return create_task(store, write->op, NULL, &write->result->record, err);
}

/* ---- upsert ---- */

static int insert_absent(struct store *store, struct write *write, struct err *err)
{
	const struct op *op = write->op;

	/* The id exists, but belongs to another dialect. */
	if (store->old_record.len > 0)
		return ENGINE_EXISTS;
	/* A task that does not exist has none of the revisions. */
	if (op->if_match_count > 0 || op->must_exist)
		return change_fail_precondition(err);
	write->result->created = true;
	return retry_if_exists(create_task(store, op, NULL, &write->result->record, err));
}

/* For tasks that have not succeeded: see OP_UPSERT. */
static bool change_upserted(
	const struct op *op, const struct task *old, struct task *task, struct err *err)
{
	bool reopen = task_state_is_final(old->state) || old->archived;

	if (reopen) {
		task->started = task->finished = OPTIONAL_TIME_NONE;
		task->error = task->progress = STR_NULL;
		task->archived = false;
	}
	if (!change_apply(op, old, task, err))
		return false;
	if (!reopen) {
		task->state = old->state;
		task->status = old->status;
		task->started = old->started;
		task->finished = old->finished;
		task->archived = old->archived;
	}
	return true;
}

static int write_upsert(struct store *store, struct write *write, struct err *err)
{
	const struct op *op = write->op;
	struct task task, old;
	int rc = change_load(store, op, &op->new_id, &task, err);

	write->result->created = false;
	if (rc == ENGINE_NOT_FOUND)
		return insert_absent(store, write, err);
	if (rc != 0)
		return rc;
	if (!change_meets_conditions(op, &task))
		return change_fail_precondition(err);
	old = task;
	if (old.state != TASK_SUCCEEDED && !change_upserted(op, &old, &task, err))
		return STEP_FAILED;
	if (!task_equal(&old, &task))
		return change_save(store, op, &old, &task, &write->result->record, err);
	write->unchanged = true;
	return row_encode(store, &old, &write->result->record, err) ? 0 : STEP_FAILED;
}

/* ---- claim ---- */

static int write_claim(struct store *store, struct write *write, struct err *err)
{
	int rc = claim_tasks(store, write->op, NULL, write->ready, write->result, err);

	write->unchanged = write->result->claimed_count == 0;
	return rc;
}

/* ---- the operations ---- */

static bool claim(struct store *store, const struct op *op, struct result *result, struct err *err);

static const struct {
	/* For an operation with `write` too: runs it if it is needed. */
	bool (*read)(struct store *, const struct op *, struct result *, struct err *);
	write_step *write;
} kinds[OP_KINDS] = {
	[OP_READ] = { .read = read_task },
	[OP_LIST] = { .read = list_open },
	[OP_CREATE] = { .write = write_create },
	[OP_UPSERT] = { .write = write_upsert },
	[OP_UPDATE] = { .write = write_modify },
	[OP_REMOVE] = { .write = write_modify },
	[OP_ARCHIVE] = { .write = write_modify },
	[OP_HISTORY] = { .read = journal_read },
	[OP_FEED] = { .read = journal_feed },
	[OP_STATS] = { .read = stats_open },
	[OP_SERIES] = { .read = series_open },
	[OP_WORKERS] = { .read = workers_open },
	[OP_USAGE] = { .read = usage_read },
	[OP_HEALTH] = { .read = health_report },
	[OP_DRAIN] = { .read = drain_apply },
	[OP_CLAIM] = { .read = claim, .write = write_claim },
	[OP_RETRY] = { .read = retry_open },
	[OP_BATCH] = { .read = create_many_open },
	[OP_BULK] = { .read = bulk_open },
	[OP_WEBHOOK] = { .read = webhook_apply },
};

static int step_write(struct store *store, void *data, struct err *err)
{
	struct write *write = data;
	const struct op *op = write->op;
	int rc = 0;

	write->unchanged = write->blocked = write->unfinished = false;
	store->enforce_quota = op->kind != OP_REMOVE && op->kind != OP_ARCHIVE &&
			       op->report.kind != REPORT_DUE && op->report.kind != REPORT_UNDO;
	buf_reset(&write->result->companion_record);
	if (op->idempotency_key.len > 0)
		rc = idempotency_lookup(store, op, write->result, &write->replayed, err);
	if (rc != 0 || write->replayed)
		return rc;
	rc = kinds[op->kind].write(store, write, err);
	if (write->unfinished)
		return rc;
	if (rc == 0 && op->companion && !write->unchanged)
		rc = create_companion(store, write->result, op, err);
	if (rc == 0 && op->idempotency_key.len > 0 && !write->blocked)
		rc = idempotency_store(store, op, write->result, err);
	return rc;
}

static bool read_records(const struct op *op, struct result *result, struct err *err)
{
	return row_decode(&result->task, &result->record, op->tenant, &op->id, err) &&
	       (result->companion_record.len == 0 ||
		       row_decode(&result->companion, &result->companion_record, op->tenant,
			       &op->id, err));
}

/* A shared engine reads these rows when it locks the tenant. */
static void expect_rows(struct store *store, const struct op *op, const struct index_key *ready)
{
	if (!store->engine->ops->expect)
		return;
	usage_expect(store, op->tenant);
	if (op->idempotency_key.len > 0)
		idempotency_expect(store, op);
	if (op->assign_number)
		number_expect(store, op);
	if (!id_is_zero(&op->id))
		row_expect(store, op->tenant, &op->id);
	if (ready)
		claim_expect_first(store, op, ready);
}

/* One transaction: the whole operation, or a piece of a cascade. `ready` is for a claim. */
static bool write_once(struct store *store, const struct op *op, const struct index_key *ready,
	struct result *result, struct err *err)
{
	struct write write = { .op = op, .ready = ready, .result = result };

	expect_rows(store, op, ready);
	if (!step_run_write(store, op->tenant, step_write, &write, err))
		return false;
	if (result->cascade) {
		cascade_note_piece(store, result->cascade);
		result->steps += write.steps;
	}
	result->unfinished = write.unfinished || write.blocked;
	result->has_dependents = write.blocked;
	if (write.unfinished)
		return true;
	result->written = !write.unchanged && !write.replayed && !store->sync_commits;
	return (op->kind == OP_CLAIM || read_records(op, result, err)) &&
	       claim_decode(op, result, err);
}

/* A claim that finds nothing locks nothing. */
static bool claim(struct store *store, const struct op *op, struct result *result, struct err *err)
{
	struct index_key entry;
	bool found;

	workers_hear(store, op->claim->worker);
	if (!drain_load(store, op->tenant, err))
		return false;
	result->drain = drain_has(store, op->tenant, op->claim->worker);
	if (result->drain)
		return true;
	result->nothing = op->claim->matches_none;
	if (result->nothing)
		return true;
	if (!claim_find(store, op, &entry, &found, err) ||
		(found && !write_once(store, op, &entry, result, err)))
		return false;
	result->nothing = result->claimed_count == 0;
	return true;
}

/* Lists the dependents that block the operation in the response. */
static bool list_dependents(struct store *store, struct result *result, struct err *err)
{
	struct cascade *cascade = result->cascade;
	struct dependents *listed = &cascade->listed;
	uint64_t before = cascade->steps;
	bool done = false;

	if (!cascade_list(store, cascade, &done, err))
		return false;
	result->steps += cascade->steps - before;
	result->unfinished = !done;
	if (!done)
		return true;
	result->more_dependents = listed->more;
	result->listing = listing_of_ids(store, cascade->op.tenant, listed->ids, listed->count);
	listed->ids = NULL;
	return result->listing || err_no_memory(err);
}

static bool cascade_go_on(struct store *store, struct result *result, struct err *err)
{
	return result->has_dependents ? list_dependents(store, result, err)
				      : write_once(store, &result->cascade->op, NULL, result, err);
}

static bool write_task(
	struct store *store, const struct op *op, struct result *result, struct err *err)
{
	bool ok = (!report_is_by_worker(&op->report) || drain_load(store, op->tenant, err)) &&
		  (!op->dependents.field || cascade_new(store, op, &result->cascade, err));

	ok = ok && write_once(store, op, NULL, result, err);
	while (ok && result->unfinished && op->slice_steps == 0)
		ok = cascade_go_on(store, result, err);
	return ok;
}

static bool execute(
	struct store *store, const struct op *op, struct result *result, struct err *err)
{
	struct op found;

	if (op->number == 0)
		return kinds[op->kind].read ? kinds[op->kind].read(store, op, result, err)
					    : write_task(store, op, result, err);
	found = *op;
	found.number = 0;
	return number_find(store, op, &found.id, err) && execute(store, &found, result, err);
}

bool store_prefetch(struct store *store, const struct op *op)
{
	if (op->kind != OP_READ || op->number != 0)
		return false;
	row_prefetch(store, op->tenant, &op->id);
	return true;
}

bool store_apply(struct store *store, const struct op *op, struct result *result, struct err *err)
{
	bool ok;

	if (op->kind >= OP_KINDS || (!kinds[op->kind].read && !kinds[op->kind].write))
		return err_set(err, ERR_INTERNAL, NULL, "no such operation");
	if (kinds[op->kind].write && !store_may_write(store, err))
		return false;
	store_enter(store);
	store->heard_len = 0;
	ok = execute(store, op, result, err);
	if (ok)
		workers_note(store, op);
	serial_note_end(store);
	store_leave(store);
	if (!ok) {
		store_result_free(result);
		return false;
	}
	result->kind = op->kind;
	return true;
}

bool store_go_on(struct result *result, unsigned slice_steps, struct err *err)
{
	struct store *store;
	bool ok;

	/* Statistics may end with the workers. */
	if (result->workers_reading)
		return workers_go_on(result, slice_steps, err);
	if (result->stats_reading)
		return stats_go_on(result, slice_steps, err);
	if (result->series_reading)
		return series_go_on(result, slice_steps, err);
	if (result->retry)
		return retry_go_on(result, slice_steps, err);
	if (result->batch_run)
		return create_many_go_on(result, slice_steps, err);
	if (result->bulk_run)
		return bulk_go_on(result, slice_steps, err);
	if (!result->cascade)
		return list_go_on(result, slice_steps, err);
	store = result->cascade->path.store;
	if (!result->has_dependents && !store_may_write(store, err))
		return false;
	result->cascade->op.slice_steps = slice_steps ? slice_steps : LIST_SLICE_STEPS;
	store_enter(store);
	do {
		ok = cascade_go_on(store, result, err);
	} while (ok && result->unfinished && slice_steps == 0);
	store_leave(store);
	return ok;
}

size_t store_result_memory(const struct result *result)
{
	return result->record.capacity + result->companion_record.capacity +
	       listing_memory(result->listing) + cascade_memory(result->cascade) +
	       result->history_records.capacity + result->history_count * sizeof(*result->history) +
	       result->claimed_records.capacity + result->claimed_count * sizeof(*result->claimed) +
	       create_many_memory(result->batch_run) + bulk_memory(result->bulk_run) +
	       stats_memory(result) + series_memory(result) + workers_memory(result) +
	       journal_feed_memory(result->feed) + webhook_answer_memory(result->webhooks) +
	       (result->access ? result->access->memory : 0);
}

void store_result_free(struct result *result)
{
	listing_free(result->listing);
	cascade_free(result->cascade);
	stats_free(result);
	series_free(result);
	workers_free(result);
	webhook_answer_free(result->webhooks);
	access_answer_free(result->access);
	retry_free(result->retry);
	create_many_free(result->batch_run);
	bulk_free(result->bulk_run);
	journal_feed_free(result->feed);
	buf_free(&result->record);
	buf_free(&result->companion_record);
	buf_free(&result->claimed_records);
	buf_free(&result->history_records);
	free(result->history);
	free(result->claimed);
	free(result->health);
	*result = (struct result){ 0 };
}
