#include <stdlib.h>

#include "store/internal.h"
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
		rc = row_delete(store, task, buf_str(&store->old_record));
	return rc == 0 ? follow_run(store, write->op, task, NULL, err) : rc;
}

static int update_task(struct store *store, struct write *write, struct task *task, struct err *err)
{
	const struct op *op = write->op;
	struct task old = *task;
	int rc;

	if (op->kind == OP_ARCHIVE)
		task->archived = true;
	if (!change_apply(op, &old, task, err) || !op_check_end(op, &old, task, err))
		return STEP_FAILED;
	write->unchanged = op->only_changes && task_equal(&old, task);
	if (write->unchanged)
		return return_stored(store, write);
	rc = change_save(store, op, &old, task, &write->result->record, err);
	return rc == 0 ? follow_run(store, op, &old, task, err) : rc;
}

static int cascade_to(struct store *store, const struct op *op, const struct id *id,
	struct buf *record, struct err *err)
{
	struct task task, old;
	int rc = change_load(store, op, id, &task, err);

	if (rc != 0)
		return rc;
	if (op->kind == OP_REMOVE)
		return row_delete(store, &task, buf_str(&store->old_record));
	if (task.archived)
		return 0;
	old = task;
	task.archived = true;
	return change_save(store, op, &old, &task, record, err);
}

/* Archives or removes the dependents too. */
static int cascade(struct store *store, const struct write *write, struct err *err)
{
	struct buf record = BUF_INIT;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < write->dependents.count; i++)
		rc = cascade_to(store, write->op, &write->dependents.ids[i], &record, err);
	buf_free(&record);
	return rc;
}

/* Finds the dependents; sets write->blocked when they forbid the operation. */
static int check_dependents(struct store *store, struct write *write, struct err *err)
{
	const struct op *op = write->op;
	int rc;

	free(write->dependents.ids);
	write->dependents = (struct dependents){ 0 };
	if (!op->dependents.field)
		return 0;
	rc = dependents_find(store, op, &write->dependents, err);
	write->blocked = rc == 0 && write->dependents.count > 0 && !op->dependents.cascade;
	return rc;
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
	rc = check_dependents(store, write, err);
	if (rc != 0)
		return rc;
	write->unchanged = write->blocked;
	if (write->blocked)
		return return_stored(store, write);
	rc = op->kind == OP_REMOVE ? delete_task(store, write, &task, err)
				   : update_task(store, write, &task, err);
	return rc == 0 ? cascade(store, write, err) : rc;
}
