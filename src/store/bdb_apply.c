#include <errno.h>

#include "base/log.h"
#include "store/bdb.h"

struct work {
	const struct op *op;
	struct result *result;
};

/* ---- one task ---- */

bool bdb_unreadable(const struct index_key *key, struct err *err)
{
	char text[ID_TEXT_LEN + 1];
	struct id id = { { 0 } };

	if (key->len >= sizeof(id.bytes))
		memcpy(id.bytes, key->bytes + key->len - sizeof(id.bytes), sizeof(id.bytes));
	id_format(&id, text);
	log_error("record-unreadable", "task %s", text);
	return err_set(err, ERR_INTERNAL, NULL, NULL);
}

static bool decode(struct task *task, const struct buf *record, struct str tenant,
	const struct id *id, struct err *err)
{
	struct index_key key;

	if (record_decode(task, buf_str(record)))
		return true;
	index_task_key(&key, tenant, id);
	return bdb_unreadable(&key, err);
}

int bdb_get_task(struct store *store, DB_TXN *txn, struct str tenant, const struct id *id,
	struct buf *out, uint32_t flags)
{
	struct index_key key;

	index_task_key(&key, tenant, id);
	return bdb_get(store->tasks, txn, bdb_key(&key), out, flags);
}

static int put_task(struct store *store, DB_TXN *txn, struct str tenant, const struct id *id,
	struct str record, uint32_t flags)
{
	struct index_key key;

	index_task_key(&key, tenant, id);
	return bdb_put(store->tasks, txn, bdb_key(&key), record, flags);
}

/* Somebody else's task is answered like one that does not exist. */
static bool is_theirs(const struct task *task, const struct op *op)
{
	return !str_eq(task->tenant, op->tenant) ||
	       (op->dialect != 0 && op->dialect != task->dialect);
}

static bool encode(const struct task *task, struct buf *record, struct err *err)
{
	buf_reset(record);
	if (!record_encode(task, record))
		return err_set(err, ERR_NO_MEMORY, NULL, NULL);
	if (record->len > STORE_RECORD_MAX)
		return err_set(err, ERR_TOO_LARGE, NULL, "The task would be larger than %zu bytes.",
			STORE_RECORD_MAX);
	return true;
}

static bool apply_change(struct task *task, const struct op *op, struct err *err)
{
	const struct change *change = &op->change;

	if (change->state != TASK_STATE_NONE)
		task_enter(task, change->state, op->now);
	if (change->word.len > 0)
		task->word = change->word;
	for (size_t i = 0; i < change->field_count; i++) {
		if (!task_set_field(task, change->fields[i]))
			return err_set(err, ERR_UNPROCESSABLE, NULL,
				"A task may have at most %d members.", TASK_FIELDS_MAX);
	}
	return true;
}

/* ---- read ---- */

static int step_read(struct store *store, DB_TXN *txn, void *data, struct err *err)
{
	const struct work *work = data;
	struct buf *record = &work->result->record;
	int rc;

	buf_reset(record);
	rc = bdb_get_task(store, txn, work->op->tenant, &work->op->id, record, 0);
	if (rc != 0)
		return rc;
	if (!decode(&work->result->task, record, work->op->tenant, &work->op->id, err))
		return BDB_REFUSED;
	return is_theirs(&work->result->task, work->op) ? DB_NOTFOUND : 0;
}

static bool read_one(
	struct store *store, const struct op *op, struct result *result, struct err *err)
{
	struct work work = { op, result };

	return bdb_run(store, BDB_READ, step_read, &work, err);
}

/* ---- create ---- */

static int step_create(struct store *store, DB_TXN *txn, void *data, struct err *err)
{
	const struct work *work = data;

	(void)err;
	return put_task(store, txn, work->op->tenant, &work->op->fresh,
		buf_str(&work->result->record), DB_NOOVERWRITE);
}

static bool create(struct store *store, const struct op *op, struct result *result, struct err *err)
{
	struct work work = { op, result };
	struct task task = {
		.id = op->fresh,
		.tenant = op->tenant,
		.dialect = op->dialect,
		.created = op->now,
		.updated = op->now,
		.revision = 1,
		.created_by = op->actor,
		.updated_by = op->actor,
	};

	if (op->change.state == TASK_STATE_NONE)
		task_enter(&task, TASK_PENDING, op->now);
	return apply_change(&task, op, err) && encode(&task, &result->record, err) &&
	       bdb_run(store, BDB_WRITE, step_create, &work, err) &&
	       decode(&result->task, &result->record, op->tenant, &op->fresh, err);
}

/* ---- update, archive, remove ---- */

static int write_back(struct store *store, DB_TXN *txn, const struct work *work, struct task *task,
	struct err *err)
{
	const struct op *op = work->op;

	if (op->kind == OP_ARCHIVE)
		task->archived = true;
	else if (!apply_change(task, op, err))
		return BDB_REFUSED;
	task->revision++;
	if (op->now > task->updated)
		task->updated = op->now;
	task->updated_by = op->actor;
	if (!encode(task, &work->result->record, err))
		return BDB_REFUSED;
	return put_task(store, txn, op->tenant, &op->id, buf_str(&work->result->record), 0);
}

static int take_out(struct store *store, DB_TXN *txn, const struct work *work)
{
	struct buf *record = &work->result->record;
	struct index_key key;
	DBT at;

	index_task_key(&key, work->op->tenant, &work->op->id);
	at = bdb_in(bdb_key(&key));
	buf_reset(record);
	buf_put_str(record, buf_str(&store->before));
	return buf_ok(record) ? store->tasks->del(store->tasks, txn, &at, 0) : ENOMEM;
}

static bool has_revision(const struct op *op, uint64_t revision)
{
	for (size_t i = 0; i < op->revision_count; i++) {
		if (op->revisions[i] == revision)
			return true;
	}
	return op->revision_count == 0;
}

static int step_modify(struct store *store, DB_TXN *txn, void *data, struct err *err)
{
	const struct work *work = data;
	const struct op *op = work->op;
	struct task task;
	int rc;

	buf_reset(&store->before);
	rc = bdb_get_task(store, txn, op->tenant, &op->id, &store->before, DB_RMW);
	if (rc != 0)
		return rc;
	if (!decode(&task, &store->before, op->tenant, &op->id, err))
		return BDB_REFUSED;
	if (is_theirs(&task, op))
		return DB_NOTFOUND;
	if (!has_revision(op, task.revision)) {
		err_set(err, ERR_PRECONDITION, NULL, NULL);
		return BDB_REFUSED;
	}
	return op->kind == OP_REMOVE ? take_out(store, txn, work)
				     : write_back(store, txn, work, &task, err);
}

static bool modify(struct store *store, const struct op *op, struct result *result, struct err *err)
{
	struct work work = { op, result };

	return bdb_run(store, BDB_WRITE, step_modify, &work, err) &&
	       decode(&result->task, &result->record, op->tenant, &op->id, err);
}

/* ---- the operations ---- */

static const struct {
	bool (*carry_out)(struct store *, const struct op *, struct result *, struct err *);
	bool writes;
} kinds[OP_KINDS] = {
	[OP_READ] = { read_one, false },
	[OP_LIST] = { bdb_list, false },
	[OP_CREATE] = { create, true },
	[OP_UPDATE] = { modify, true },
	[OP_REMOVE] = { modify, true },
	[OP_ARCHIVE] = { modify, true },
};

bool store_apply(struct store *store, const struct op *op, struct result *result, struct err *err)
{
	bool ok = false;

	if (op->kind >= OP_KINDS || !kinds[op->kind].carry_out)
		return err_set(err, ERR_INTERNAL, NULL, "no such operation");
	if (kinds[op->kind].writes && !bdb_may_write(store, err))
		return false;
	bdb_enter(store);
	ok = kinds[op->kind].carry_out(store, op, result, err);
	bdb_leave(store);
	if (!ok) {
		buf_reset(&result->record);
		result->task = (struct task){ 0 };
		return false;
	}
	result->kind = op->kind;
	result->written = kinds[op->kind].writes && !store->sync_commits;
	return true;
}

void store_result_free(struct result *result)
{
	bdb_listing_free(result->listing);
	buf_free(&result->record);
	*result = (struct result){ 0 };
}

/* ---- import ---- */

struct import {
	const struct task *tasks;
	size_t count;
};

static int step_import(struct store *store, DB_TXN *txn, void *data, struct err *err)
{
	const struct import *import = data;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < import->count; i++) {
		const struct task *task = &import->tasks[i];

		if (!encode(task, &store->before, err))
			return BDB_REFUSED;
		rc = put_task(store, txn, task->tenant, &task->id, buf_str(&store->before), 0);
	}
	return rc;
}

bool store_put_tasks(struct store *store, const struct task *tasks, size_t count, struct err *err)
{
	struct import import = { tasks, count };
	bool ok;

	if (!bdb_may_write(store, err))
		return false;
	bdb_enter(store);
	ok = bdb_run(store, BDB_WRITE, step_import, &import, err);
	bdb_leave(store);
	return ok;
}
