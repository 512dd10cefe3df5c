#include <errno.h>
#include <stdlib.h>

#include "store/bdb_list.h"

struct work {
	const struct op *op;
	struct result *result;
	bool again;   /* the op's key was used before: the result is that of then */
	bool nothing; /* nothing was changed */
	bool blocked; /* by connected tasks */
	struct bdb_connected connected;
};

/* Somebody else's task is answered like one that does not exist. */
static bool is_theirs(const struct task *task, const struct op *op)
{
	return !str_eq(task->tenant, op->tenant) ||
	       (op->dialect != 0 ? op->dialect != task->dialect
				 : task->dialect >= INDEX_RESOURCE_DIALECTS);
}

static int no_memory(bool ok)
{
	return ok ? 0 : ENOMEM;
}

/* ---- read ---- */

static int step_read(struct store *store, DB_TXN *txn, void *data, struct err *err)
{
	const struct work *work = data;
	const struct op *op = work->op;
	struct buf *record = &work->result->record;
	int rc;

	buf_reset(record);
	rc = bdb_get_task(store, txn, op->tenant, &op->id, record, 0);
	if (rc != 0)
		return rc;
	if (!bdb_decode_task(&work->result->task, record, op->tenant, &op->id, err))
		return BDB_REFUSED;
	return is_theirs(&work->result->task, op) ? DB_NOTFOUND : 0;
}

static bool read_one(
	struct store *store, const struct op *op, struct result *result, struct err *err)
{
	struct work work = { .op = op, .result = result };

	return bdb_run(store, BDB_READ, step_read, &work, err);
}

/* ---- create ---- */

/* Makes the task of an op and leaves its record in `record`. */
static int make(
	struct store *store, DB_TXN *txn, const struct op *op, struct buf *record, struct err *err)
{
	struct task task = {
		.id = op->new_id,
		.tenant = op->tenant,
		.dialect = op->dialect,
		.created = op->now,
		.updated = op->now,
		.revision = op->client_named && op->now > 0 ? (uint64_t)op->now : 1,
		.created_by = op->actor,
		.updated_by = op->actor,
	};
	int rc = op->assign_number ? bdb_next_number(store, txn, op, &task.number) : 0;

	if (rc == 0 && op->quota.max_tasks > 0)
		rc = bdb_check_quota(store, txn, op, err);
	if (rc != 0)
		return rc;
	if (op->change.state == TASK_STATE_NONE)
		task_set_state(&task, TASK_PENDING, op->now);
	if (!bdb_change_task(op, NULL, &task, err) || !bdb_encode_task(&task, record, err))
		return BDB_REFUSED;
	return bdb_put_task(store, txn, &task, buf_str(record), DB_NOOVERWRITE);
}

static int create(struct store *store, DB_TXN *txn, struct work *work, struct err *err)
{
	return make(store, txn, work->op, &work->result->record, err);
}

/* ---- update, archive, remove ---- */

static bool has_revision(const struct op *op, uint64_t revision)
{
	for (size_t i = 0; i < op->if_match_count; i++) {
		if (op->if_match[i] == revision)
			return true;
	}
	return op->if_match_count == 0;
}

static int refuse_precondition(struct err *err)
{
	err_set(err, ERR_PRECONDITION, NULL, NULL);
	return BDB_REFUSED;
}

/* Reads a task that is to be changed, into store->before. */
static int take_up(struct store *store, DB_TXN *txn, const struct op *op, const struct id *id,
	struct task *task, struct err *err)
{
	int rc;

	buf_reset(&store->before);
	rc = bdb_get_task(store, txn, op->tenant, id, &store->before, DB_RMW);
	if (rc != 0)
		return rc;
	if (!bdb_decode_task(task, &store->before, op->tenant, id, err))
		return BDB_REFUSED;
	return is_theirs(task, op) ? DB_NOTFOUND : 0;
}

static int put_back(struct store *store, DB_TXN *txn, const struct op *op, struct task *task,
	struct buf *record, struct err *err)
{
	task->revision++;
	if (op->now > task->updated)
		task->updated = op->now;
	task->updated_by = op->actor;
	if (!bdb_encode_task(task, record, err))
		return BDB_REFUSED;
	return bdb_put_task(store, txn, task, buf_str(record), 0);
}

static int take_out(struct store *store, DB_TXN *txn, struct work *work, const struct id *id)
{
	struct buf *record = &work->result->record;

	buf_reset(record);
	buf_put_str(record, buf_str(&store->before));
	if (!buf_ok(record))
		return ENOMEM;
	return bdb_remove_task(store, txn, work->op->tenant, id);
}

/* What happens to a task happens to those that are connected with it. */
static int follow(struct store *store, DB_TXN *txn, const struct work *work, struct err *err)
{
	const struct op *op = work->op;
	struct buf record = BUF_INIT;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < work->connected.count; i++) {
		const struct id *id = &work->connected.ids[i];
		struct task task;

		if (op->kind == OP_REMOVE) {
			rc = bdb_remove_task(store, txn, op->tenant, id);
			continue;
		}
		rc = take_up(store, txn, op, id, &task, err);
		if (rc != 0 || task.archived)
			continue;
		task.archived = true;
		rc = put_back(store, txn, op, &task, &record, err);
	}
	buf_free(&record);
	return rc;
}

/* Finds what is connected; work->blocked when that stands in the way. */
static int face_connected(struct store *store, DB_TXN *txn, struct work *work, struct err *err)
{
	int rc;

	free(work->connected.ids);
	work->connected = (struct bdb_connected){ 0 };
	if (!work->op->dependents.field)
		return 0;
	rc = bdb_find_connected(store, txn, work->op, &work->connected, err);
	work->blocked = rc == 0 && work->connected.count > 0 && !work->op->dependents.cascade;
	return rc;
}

static int change_taken(
	struct store *store, DB_TXN *txn, struct work *work, struct task *task, struct err *err)
{
	const struct op *op = work->op;
	struct task before = *task;

	if (op->kind == OP_ARCHIVE)
		task->archived = true;
	if (!bdb_change_task(op, &before, task, err))
		return BDB_REFUSED;
	return put_back(store, txn, op, task, &work->result->record, err);
}

static int modify(struct store *store, DB_TXN *txn, struct work *work, struct err *err)
{
	const struct op *op = work->op;
	struct task task;
	int rc = take_up(store, txn, op, &op->id, &task, err);

	if (rc != 0)
		return rc;
	if (!has_revision(op, task.revision))
		return refuse_precondition(err);
	rc = face_connected(store, txn, work, err);
	if (rc != 0)
		return rc;
	if (work->blocked) {
		work->nothing = true;
		buf_reset(&work->result->record);
		buf_put_str(&work->result->record, buf_str(&store->before));
		return no_memory(buf_ok(&work->result->record));
	}
	rc = op->kind == OP_REMOVE ? take_out(store, txn, work, &op->id)
				   : change_taken(store, txn, work, &task, err);
	return rc == 0 ? follow(store, txn, work, err) : rc;
}

/* ---- ensure ---- */

static int make_ensured(struct store *store, DB_TXN *txn, struct work *work, struct err *err)
{
	const struct op *op = work->op;
	int rc;

	/* An id that is there, but not for this one: of another dialect. */
	if (store->before.len > 0)
		return DB_KEYEXIST;
	/* What is not there has none of the revisions. */
	if (op->if_match_count > 0 || op->must_exist)
		return refuse_precondition(err);
	work->result->created = true;
	rc = make(store, txn, op, &work->result->record, err);
	/* Somebody else made it between the two. */
	return rc == DB_KEYEXIST ? BDB_AGAIN : rc;
}

static int ensure(struct store *store, DB_TXN *txn, struct work *work, struct err *err)
{
	const struct op *op = work->op;
	struct task task, before;
	int rc = take_up(store, txn, op, &op->new_id, &task, err);

	work->result->created = false;
	if (rc == DB_NOTFOUND)
		return make_ensured(store, txn, work, err);
	if (rc != 0)
		return rc;
	if (op->must_not_exist || !has_revision(op, task.revision))
		return refuse_precondition(err);
	before = task;
	if (!bdb_renew_task(op, &task, err))
		return BDB_REFUSED;
	if (!bdb_same_task(&before, &task))
		return put_back(store, txn, op, &task, &work->result->record, err);
	work->nothing = true;
	return bdb_encode_task(&task, &work->result->record, err) ? 0 : BDB_REFUSED;
}

/* ---- the operations ---- */

typedef int do_write(struct store *store, DB_TXN *txn, struct work *work, struct err *err);

static const struct {
	bool (*look)(struct store *, const struct op *, struct result *, struct err *);
	do_write *write;
} kinds[OP_KINDS] = {
	[OP_READ] = { .look = read_one },
	[OP_LIST] = { .look = bdb_list },
	[OP_CREATE] = { .write = create },
	[OP_UPSERT] = { .write = ensure },
	[OP_UPDATE] = { .write = modify },
	[OP_REMOVE] = { .write = modify },
	[OP_ARCHIVE] = { .write = modify },
};

static int step_write(struct store *store, DB_TXN *txn, void *data, struct err *err)
{
	struct work *work = data;
	const struct op *op = work->op;
	int rc = 0;

	work->nothing = work->blocked = false;
	buf_reset(&work->result->companion_record);
	if (op->idempotency_key.len > 0)
		rc = bdb_recall(store, txn, op, work->result, &work->again, err);
	if (rc != 0 || work->again)
		return rc;
	rc = kinds[op->kind].write(store, txn, work, err);
	if (rc == 0 && op->companion && !work->nothing)
		rc = make(store, txn, op->companion, &work->result->companion_record, err);
	if (rc == 0 && op->idempotency_key.len > 0 && !work->blocked)
		rc = bdb_remember(store, txn, op, work->result);
	return rc;
}

/* Connected tasks that stand in the way are what the answer names. */
static bool list_connected(
	struct store *store, struct work *work, struct result *result, struct err *err)
{
	struct id *ids = work->connected.ids;

	if (!work->blocked)
		return true;
	work->connected.ids = NULL;
	result->has_dependents = true;
	result->listing = bdb_listing_of(store, work->op->tenant, ids, work->connected.count);
	return result->listing || err_set(err, ERR_NO_MEMORY, NULL, NULL);
}

static bool write_one(
	struct store *store, const struct op *op, struct result *result, struct err *err)
{
	struct work work = { .op = op, .result = result };
	bool ok = bdb_run(store, BDB_WRITE, step_write, &work, err) &&
		  bdb_decode_task(&result->task, &result->record, op->tenant, &op->id, err) &&
		  (result->companion_record.len == 0 ||
			  bdb_decode_task(&result->companion, &result->companion_record, op->tenant,
				  &op->id, err)) &&
		  list_connected(store, &work, result, err);

	free(work.connected.ids);
	result->written = ok && !work.nothing && !work.again && !store->sync_commits;
	return ok;
}

static bool carry_out(
	struct store *store, const struct op *op, struct result *result, struct err *err)
{
	struct op found;

	if (op->number == 0)
		return kinds[op->kind].look ? kinds[op->kind].look(store, op, result, err)
					    : write_one(store, op, result, err);
	found = *op;
	found.number = 0;
	return bdb_find_number(store, op, &found.id, err) && carry_out(store, &found, result, err);
}

bool store_apply(struct store *store, const struct op *op, struct result *result, struct err *err)
{
	bool ok;

	if (op->kind >= OP_KINDS || (!kinds[op->kind].look && !kinds[op->kind].write))
		return err_set(err, ERR_INTERNAL, NULL, "no such operation");
	if (kinds[op->kind].write && !bdb_may_write(store, err))
		return false;
	bdb_enter(store);
	ok = carry_out(store, op, result, err);
	bdb_leave(store);
	if (!ok) {
		store_result_free(result);
		return false;
	}
	result->kind = op->kind;
	return true;
}

void store_result_free(struct result *result)
{
	bdb_listing_free(result->listing);
	buf_free(&result->record);
	buf_free(&result->companion_record);
	*result = (struct result){ 0 };
}
