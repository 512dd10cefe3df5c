#include "store/journal/journal.h"
#include "task/member.h"

bool change_is_foreign(const struct task *task, const struct op *op)
{
	return !str_eq(task->tenant, op->tenant) || (op->shows && !op->shows(task)) ||
	       (op->dialect != 0 ? op->dialect != task->dialect
				 : task->dialect >= INDEX_RESOURCE_DIALECTS);
}

static bool has_revision(const uint64_t *revisions, size_t count, uint64_t revision)
{
	for (size_t i = 0; i < count; i++) {
		if (revisions[i] == revision)
			return true;
	}
	return false;
}

static bool is_unmodified(const struct op *op, const struct task *task)
{
	return !optional_time_is_set(op->unmodified_since) ||
	       task->updated / 1000 <= optional_time_ms(op->unmodified_since) / 1000;
}

bool change_meets_conditions(const struct op *op, const struct task *task)
{
	if (op->if_match_count > 0 &&
		!has_revision(op->if_match, op->if_match_count, task->revision))
		return false;
	return is_unmodified(op, task) && !op->must_not_exist &&
	       !has_revision(op->if_none_match, op->if_none_match_count, task->revision);
}

bool change_error_is_of_task(const struct err *err)
{
	static const bool of_task[ERR_CODES] = {
		[ERR_MALFORMED] = true,
		[ERR_INVALID] = true,
		[ERR_MISSING] = true,
		[ERR_NOT_FOUND] = true,
		[ERR_CONFLICT] = true,
		[ERR_LEASE_LOST] = true,
		[ERR_TOO_LARGE] = true,
		[ERR_UNPROCESSABLE] = true,
		[ERR_INTERNAL] = true,
		[ERR_DAMAGED] = true,
	};

	return of_task[err->code];
}

int change_fail_precondition(struct err *err)
{
	err_set(err, ERR_PRECONDITION, NULL, NULL);
	return STEP_FAILED;
}

bool change_apply(const struct op *op, const struct task *old, struct task *task, struct err *err)
{
	if (op->invalid) {
		*err = *op->invalid;
		return false;
	}
	task->updated = task_change_time(task, op->now);
	return task_apply_change(task, &op->change, task->updated, err) &&
	       (!op->before_write || op->before_write(op, old, task, err));
}

void change_settle(
	const struct store *store, const struct op *op, const struct task *old, struct task *task)
{
	struct policy policy;

	if (op->report.kind == REPORT_NONE && op->kind != OP_CLAIM)
		work_settle(old, task, op->change.set & CHANGE_NOT_BEFORE, task->updated);
	if (task->dialect >= INDEX_RESOURCE_DIALECTS)
		return;
	policy = policy_of(store, task);
	work_finish(old, task, &policy, op->change.set & CHANGE_POLICY, op->now);
}

int change_load(struct store *store, const struct op *op, const struct id *id, struct task *task,
	struct err *err)
{
	int rc;

	buf_reset(&store->old_record);
	rc = row_get(store, op->tenant, id, true, &store->old_record);
	if (rc != 0)
		return rc;
	if (!row_decode(task, &store->old_record, op->tenant, id, err))
		return STEP_FAILED;
	return change_is_foreign(task, op) ? ENGINE_NOT_FOUND : 0;
}

int change_save(struct store *store, const struct op *op, const struct task *old, struct task *task,
	struct buf *record, struct err *err)
{
	int rc;

	task->revision++;
	task->updated = task_change_time(task, op->now);
	task->updated_by = op->actor;
	change_settle(store, op, old, task);
	rc = journal_note(store, op, old, task);
	if (rc != 0)
		return rc;
	if (!row_encode(store, task, record, err))
		return STEP_FAILED;
	return row_update(store, old, buf_str(&store->old_record), task, buf_str(record));
}
