#include "store/bulk/bulk.h"
#include "store/tasks/cascade.h"
#include "store/tasks/claim.h"
#include "store/workers/workers.h"
#include "task/member.h"

/* Keeps the stored record as the result. */
static int return_stored(struct store *store, const struct write *write)
{
	struct buf *record = &write->result->record;

	buf_reset(record);
	buf_put_str(record, buf_str(&store->old_record));
	return buf_ok(record) ? 0 : ENGINE_NO_MEMORY;
}

static int delete_task(
	struct store *store, const struct write *write, const struct task *task, struct err *err)
{
	int rc = return_stored(store, write);

	if (rc == 0)
		rc = row_remove(store, write->op, task, buf_str(&store->old_record));
	return rc == 0 ? follow_run(store, write->op, task, NULL, err) : rc;
}

/* Whose report it is: its token or name was compared. Anyone may release without either. */
static void note_holder(
	struct store *store, const struct op *op, const struct task *old, struct result *result)
{
	const struct op_report *report = &op->report;
	struct str worker = report->holder.len > 0 ? report->holder : old->lease.holder;

	if (!report_is_by_worker(report))
		return;
	workers_hear(store, worker);
	result->drain = drain_has(store, op->tenant, worker);
}

/* A drained worker may extend a lease of its own, but it takes no task. */
static bool check_drain(
	struct store *store, const struct op *op, const struct task *old, struct err *err)
{
	struct str worker = op->report.holder;

	if (op->report.kind != REPORT_LOCK ||
		(task_is_held(old) && str_eq(worker, old->lease.holder)) ||
		!drain_has(store, op->tenant, worker))
		return true;
	return err_set(err, ERR_LEASE_LOST, NULL, "The worker is drained: it gets no tasks.");
}

/* *nothing: the report changes nothing. */
static bool apply_report(
	struct store *store, const struct op *op, struct task *task, bool *nothing, struct err *err)
{
	struct policy policy;
	const struct work_context context = {
		.policy = &policy, .now = op->now, .random = store_random(store), .arena = op->arena
	};

	*nothing = false;
	if (op->report.kind == REPORT_NONE)
		return true;
	/* Its token may not have been read: the error must not be that the lease is lost. */
	if (op->invalid) {
		*err = *op->invalid;
		return false;
	}
	policy = policy_of(store, task);
	return work_report(&op->report, &context, task, nothing, err);
}

/*
 * What follows the change overwrites store->old_record, but `old` and `task` borrow from it. task:
 * NULL if the report has changed nothing.
 */
static int go_on(struct store *store, struct write *write, const struct task *old,
	const struct task *task, struct err *err)
{
	const struct op *op = write->op;
	struct buf kept = store->old_record;
	int rc = 0;

	store->old_record = BUF_INIT;
	if (task)
		rc = follow_run(store, op, old, task, err);
	if (rc == 0 && op->claim)
		rc = claim_tasks(store, op, old, NULL, write->result, err);
	buf_free(&store->old_record);
	store->old_record = kept;
	return rc;
}

/* Of a repeated report only the claim is carried out. */
static int claim_again(
	struct store *store, struct write *write, const struct task *old, struct err *err)
{
	int rc = return_stored(store, write);

	if (rc == 0 && write->op->claim)
		rc = go_on(store, write, old, NULL, err);
	write->unchanged = write->result->claimed_count == 0;
	return rc;
}

static int update_task(struct store *store, struct write *write, struct task *task, struct err *err)
{
	const struct op *op = write->op;
	struct task old = *task;
	int rc;

	if (!apply_report(store, op, task, &write->result->nothing, err) ||
		!check_drain(store, op, &old, err))
		return STEP_FAILED;
	note_holder(store, op, &old, write->result);
	if (write->result->nothing)
		return claim_again(store, write, &old, err);
	if (op->kind == OP_ARCHIVE)
		task->archived = true;
	if (!change_apply(op, &old, task, err) || !op_check_end(op, &old, task, err))
		return STEP_FAILED;
	rc = task->is_bulk ? bulk_settle(store, op, &old, task, err) : 0;
	if (rc != 0)
		return rc;
	write->unchanged = op->only_changes && task_equal(&old, task);
	if (write->unchanged)
		return return_stored(store, write);
	rc = change_save(store, op, &old, task, &write->result->record, err);
	return rc == 0 ? go_on(store, write, &old, task, err) : rc;
}

/* The record of the task is read again, because the dependents use its memory. */
static int take_dependents(
	struct store *store, struct write *write, struct task *task, struct err *err)
{
	int rc = cascade_piece(store, write, err);

	if (rc != 0 || write->unfinished)
		return rc;
	return change_load(store, write->op, &write->op->id, task, err);
}

int write_modify(struct store *store, struct write *write, struct err *err)
{
	const struct op *op = write->op;
	struct task task;
	int rc = change_load(store, op, &op->id, &task, err);

	if (rc != 0)
		return rc;
	if (!change_meets_conditions(op, &task))
		return change_fail_precondition(err);
	if (write->result->cascade)
		rc = take_dependents(store, write, &task, err);
	if (rc != 0 || write->unfinished)
		return rc;
	write->unchanged = write->blocked;
	if (write->blocked)
		return return_stored(store, write);
	if (op->kind != OP_REMOVE)
		return update_task(store, write, &task, err);
	return bulk_may_remove(&task, err) ? delete_task(store, write, &task, err) : STEP_FAILED;
}
