#include <stdlib.h>

#include "base/clock.h"
#include "store/tasks/dependents.h"

/*
 * Removal of finished tasks (task/retention.h). pass.c finds the tasks that may be due; this file
 * decides by their records and removes them.
 *
 * A task that others refer to is kept as long as these are kept: a reference never leads nowhere.
 * So the tasks at the end of a chain are removed first. Those of a circle are removed together.
 */
#define GROUP_MAX 64 /* tasks of a circle: more are kept */

/* One transaction: tasks that it removes, and tasks that it keeps because others refer to them. */
struct removal {
	const struct retention_batch *batch;
	size_t first, count; /* of the batch's ids */
	uint64_t removed, kept;
	struct buf record;
	struct dependents group;
};

/* A record that cannot be read is not due; verify reports it. */
static bool is_due(
	const struct store *store, const struct buf *record, int64_t now, struct task *task)
{
	struct optional_time until;

	if (!record_decode(task, buf_str(record)))
		return false;
	until = retention_until(&store->retention.rules, task);
	return optional_time_is_set(until) && optional_time_ms(until) <= now;
}

/* ---- references ---- */

/* The field by which tasks of the dialect refer to each other, or NULL. */
static const struct index_field *reference_field(const struct store *store, uint8_t dialect)
{
	const struct index_field *field = index_fields(store->indexes, dialect);

	while (field && field->source != INDEX_END && !field->refers_to)
		field++;
	return field && field->source != INDEX_END ? field : NULL;
}

/* Finds the tasks that refer to the task. *known false: there are too many. */
static int find_group(struct store *store, struct removal *removal, const struct task *task,
	bool *known, struct err *err)
{
	const struct index_field *field = reference_field(store, task->dialect);
	char text[ID_TEXT_LEN + 3] = "\"";
	struct op op = { .tenant = task->tenant, .dialect = task->dialect, .id = task->id };
	unsigned steps = 0;
	bool done;
	int rc;

	*known = true;
	dependents_free(&removal->group);
	if (!field)
		return 0;
	id_format(&task->id, text + 1);
	text[ID_TEXT_LEN + 1] = '"';
	op.dependents = (struct op_dependents){ .field = field->code,
		.key_member = field->refers_to,
		.value = task_field(task, str_cstr(field->refers_to)) };
	if (!op.dependents.value.ptr)
		op.dependents.value = (struct str){ text, ID_TEXT_LEN + 2 };
	rc = dependents_begin(&removal->group, store, &op, err);
	if (rc == 0)
		rc = dependents_find(&removal->group, GROUP_MAX, 0, &steps, &done, err);
	*known = rc == 0 && !removal->group.more;
	return rc;
}

/* The user is the one of the service's other changes (dialect/service_report.h). */
static int remove_row(struct store *store, const struct removal *removal, const struct task *task,
	const struct buf *record)
{
	const struct op op = { .now = removal->batch->now, .actor = STR("polytask") };

	return row_remove(store, &op, task, buf_str(record));
}

/* Removes a task of the group, or finds out only whether it is due. */
static int visit_member(struct store *store, const struct removal *removal, const struct id *id,
	bool remove, bool *due)
{
	struct buf *record = &store->old_record;
	struct task task;
	int rc;

	buf_reset(record);
	rc = row_get(store, removal->batch->tenant, id, true, record);
	if (rc != 0)
		return rc == ENGINE_NOT_FOUND ? 0 : rc;
	*due = is_due(store, record, removal->batch->now, &task);
	return remove ? remove_row(store, removal, &task, record) : 0;
}

static int visit_group(struct store *store, const struct removal *removal, bool remove, bool *due)
{
	int rc = 0;

	*due = true;
	for (size_t i = 0; rc == 0 && *due && i < removal->group.count; i++)
		rc = visit_member(store, removal, &removal->group.ids[i], remove, due);
	return rc;
}

/* ---- one transaction ---- */

static int remove_task(
	struct store *store, struct removal *removal, const struct id *id, struct err *err)
{
	struct task task;
	bool due;
	int rc;

	buf_reset(&removal->record);
	rc = row_get(store, removal->batch->tenant, id, true, &removal->record);
	if (rc != 0)
		return rc == ENGINE_NOT_FOUND ? 0 : rc;
	if (!is_due(store, &removal->record, removal->batch->now, &task))
		return 0;
	rc = find_group(store, removal, &task, &due, err);
	if (rc == 0 && due)
		rc = visit_group(store, removal, false, &due);
	if (rc != 0)
		return rc;
	if (!due) {
		removal->kept++;
		return 0;
	}
	removal->removed += removal->group.count + 1;
	rc = remove_row(store, removal, &task, &removal->record);
	return rc == 0 ? visit_group(store, removal, true, &due) : rc;
}

static int step_remove(struct store *store, void *data, struct err *err)
{
	struct removal *removal = data;
	int rc = 0;

	removal->removed = removal->kept = 0;
	for (size_t i = 0; rc == 0 && i < removal->count; i++)
		rc = remove_task(store, removal, &removal->batch->ids[removal->first + i], err);
	return rc;
}

static bool remove_tasks(struct store *store, struct removal *removal, struct err *err)
{
	struct retention_pass *pass = &store->retention;

	if (!step_call_write(store, removal->batch->tenant, step_remove, removal, err))
		return false;
	pass->removed += removal->removed;
	pass->kept += removal->kept;
	atomic_fetch_add(&store->shared->health.retention_removed, removal->removed);
	return true;
}

/* ---- a batch ---- */

struct check {
	struct str tenant;
	const struct id *id;
	struct buf record;
};

static int step_read(struct store *store, void *data, struct err *err)
{
	struct check *check = data;
	int rc;

	(void)err;
	buf_reset(&check->record);
	rc = row_get(store, check->tenant, check->id, false, &check->record);
	return rc == ENGINE_NOT_FOUND ? 0 : rc;
}

/* Keeps the ids of tasks that are due: locks are taken for these only. Damaged ones are left. */
static bool keep_due(struct store *store, struct retention_batch *batch, struct err *err)
{
	struct check check = { .tenant = batch->tenant };
	size_t count = 0;
	struct task task;
	bool ok = true;

	for (size_t i = 0; ok && i < batch->count; i++) {
		check.id = &batch->ids[i];
		ok = step_call(store, ENGINE_READ, step_read, &check, err);
		if (ok && is_due(store, &check.record, batch->now, &task))
			batch->ids[count++] = batch->ids[i];
		ok = ok || err->code == ERR_DAMAGED;
	}
	batch->count = count;
	buf_free(&check.record);
	return ok;
}

bool retention_remove(struct store *store, struct retention_batch *batch, struct err *err)
{
	struct removal removal = { .batch = batch };
	bool ok = keep_due(store, batch, err);

	removal.count = batch->count;
	if (ok && batch->count > 0 && !remove_tasks(store, &removal, err)) {
		/* Some task or index entry is on a damaged page: leave that one task. */
		ok = err->code == ERR_DAMAGED;
		removal.count = 1;
		for (; ok && removal.first < batch->count; removal.first++)
			ok = remove_tasks(store, &removal, err) || err->code == ERR_DAMAGED;
	}
	dependents_free(&removal.group);
	buf_free(&removal.record);
	return ok;
}
