#include "store/internal.h"
#include "task/member.h"

/* A record that does not exist is not changed: it may have been removed by itself. */
static int apply(struct store *store, const struct op *next, struct err *err)
{
	struct buf record = BUF_INIT;
	struct task task, old;
	int rc = change_load(store, next, &next->id, &task, err);

	if (rc == ENGINE_NOT_FOUND)
		return 0;
	if (rc != 0)
		return rc;
	if (next->kind == OP_REMOVE)
		return row_remove(store, next, &task, buf_str(&store->old_record));
	old = task;
	if (!change_apply(next, &old, &task, err))
		return STEP_FAILED;
	if (!task_equal(&old, &task))
		rc = change_save(store, next, &old, &task, &record, err);
	buf_free(&record);
	return rc;
}

int follow_run(struct store *store, const struct op *op, const struct task *before,
	const struct task *after, struct err *err)
{
	struct op next = { .tenant = op->tenant,
		.actor = op->actor,
		.request = op->request,
		.now = op->now,
		.tz = op->tz,
		.arena = op->arena,
		.leave_end = true };

	if (!op->follow)
		return 0;
	if (!op->follow(op, before, after, &next, err))
		return STEP_FAILED;
	if (next.kind == OP_NONE)
		return 0;
	return apply(store, &next, err);
}
