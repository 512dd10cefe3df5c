#include "store/tasks/create.h"

#include "store/journal/journal.h"
#include "task/member.h"

int create_task(struct store *store, const struct op *op, const struct task *other,
	struct buf *record, struct err *err)
{
	struct task task = {
		.id = op->new_id,
		.tenant = op->tenant,
		.dialect = op->dialect,
		.created = op->now,
		.updated = op->now,
		.created_by = op->actor,
		.updated_by = op->actor,
		.trace = op->trace,
		.is_bulk = op->bulk != NULL,
	};
	int rc = revision_first(store, op, &task.revision);

	if (rc == 0 && op->assign_number)
		rc = number_next(store, op, &task.number, err);
	if (rc == 0 && op->quota.max_tasks > 0)
		rc = quota_check(store, op, err);
	if (rc != 0)
		return rc;
	if (op->change.state == TASK_STATE_NONE)
		task_set_state(&task, TASK_PENDING, op->now);
	if (!change_apply(op, NULL, &task, err) ||
		(other && op->complete && !op->complete(op, other, &task, err)))
		return STEP_FAILED;
	change_settle(store, op, NULL, &task);
	rc = journal_note(store, op, NULL, &task);
	if (rc != 0)
		return rc;
	if (!row_encode(store, &task, record, err))
		return STEP_FAILED;
	rc = row_insert(store, &task, buf_str(record));
	return rc == 0 ? follow_run(store, op, NULL, &task, err) : rc;
}

int create_companion(
	struct store *store, struct result *result, const struct op *op, struct err *err)
{
	struct task other;

	if (!row_decode(&other, &result->record, op->tenant, &op->id, err))
		return STEP_FAILED;
	return create_task(store, op->companion, &other, &result->companion_record, err);
}

int create_once(struct store *store, struct write *write, struct err *err)
{
	const struct op *op = write->op;
	int rc = 0;

	store->enforce_quota = true;
	if (op->idempotency_key.len > 0)
		rc = idempotency_lookup(store, op, write->result, &write->replayed, err);
	if (rc != 0 || write->replayed)
		return rc;
	rc = create_task(store, op, NULL, &write->result->record, err);
	if (rc == 0 && op->idempotency_key.len > 0)
		rc = idempotency_store(store, op, write->result, err);
	return rc;
}
