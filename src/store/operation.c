#include <errno.h>
#include <stdlib.h>

#include "store/list.h"
#include "task/member.h"

struct work {
	const struct op *op;
	struct result *result;
	bool again;   /* the op's key was used before: the result is that of then */
	bool nothing; /* nothing was changed */
	bool blocked; /* by connected tasks */
	struct dependents dependents;
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
	rc = row_get(store, txn, op->tenant, &op->id, record, 0);
	if (rc != 0)
		return rc;
	if (!row_decode(&work->result->task, record, op->tenant, &op->id, err))
		return STEP_FAILED;
	return is_theirs(&work->result->task, op) ? DB_NOTFOUND : 0;
}

static bool read_one(
	struct store *store, const struct op *op, struct result *result, struct err *err)
{
	struct work work = { .op = op, .result = result };

	return step_run(store, STEP_READ, step_read, &work, err);
}

/* ---- create ---- */

/* Makes the task of an op and leaves its record in `record`. */
static int insert(
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
	int rc = op->assign_number ? number_next(store, txn, op, &task.number) : 0;

	if (rc == 0 && op->quota.max_tasks > 0)
		rc = quota_check(store, txn, op, err);
	if (rc != 0)
		return rc;
	if (op->change.state == TASK_STATE_NONE)
		task_set_state(&task, TASK_PENDING, op->now);
	if (!change_apply(op, NULL, &task, err) || !row_encode(&task, record, err))
		return STEP_FAILED;
	return row_put(store, txn, &task, buf_str(record), DB_NOOVERWRITE);
}

static int create(struct store *store, DB_TXN *txn, struct work *work, struct err *err)
{
	return insert(store, txn, work->op, &work->result->record, err);
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
	return STEP_FAILED;
}

/* Reads a task that is to be changed, into store->before. */
static int load_for_update(struct store *store, DB_TXN *txn, const struct op *op,
	const struct id *id, struct task *task, struct err *err)
{
	int rc;

	buf_reset(&store->before);
	rc = row_get(store, txn, op->tenant, id, &store->before, DB_RMW);
	if (rc != 0)
		return rc;
	if (!row_decode(task, &store->before, op->tenant, id, err))
		return STEP_FAILED;
	return is_theirs(task, op) ? DB_NOTFOUND : 0;
}

static int save(struct store *store, DB_TXN *txn, const struct op *op, struct task *task,
	struct buf *record, struct err *err)
{
	task->revision++;
	if (op->now > task->updated)
		task->updated = op->now;
	task->updated_by = op->actor;
	if (!row_encode(task, record, err))
		return STEP_FAILED;
	return row_put(store, txn, task, buf_str(record), 0);
}

static int delete_task(struct store *store, DB_TXN *txn, struct work *work, const struct id *id)
{
	struct buf *record = &work->result->record;

	buf_reset(record);
	buf_put_str(record, buf_str(&store->before));
	if (!buf_ok(record))
		return ENOMEM;
	return row_delete(store, txn, work->op->tenant, id);
}

/* What happens to a task happens to those that are connected with it. */
static int cascade(struct store *store, DB_TXN *txn, const struct work *work, struct err *err)
{
	const struct op *op = work->op;
	struct buf record = BUF_INIT;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < work->dependents.count; i++) {
		const struct id *id = &work->dependents.ids[i];
		struct task task;

		if (op->kind == OP_REMOVE) {
			rc = row_delete(store, txn, op->tenant, id);
			continue;
		}
		rc = load_for_update(store, txn, op, id, &task, err);
		if (rc != 0 || task.archived)
			continue;
		task.archived = true;
		rc = save(store, txn, op, &task, &record, err);
	}
	buf_free(&record);
	return rc;
}

/* Finds what is connected; work->blocked when that stands in the way. */
static int check_dependents(struct store *store, DB_TXN *txn, struct work *work, struct err *err)
{
	int rc;

	free(work->dependents.ids);
	work->dependents = (struct dependents){ 0 };
	if (!work->op->dependents.field)
		return 0;
	rc = dependents_find(store, txn, work->op, &work->dependents, err);
	work->blocked = rc == 0 && work->dependents.count > 0 && !work->op->dependents.cascade;
	return rc;
}

static int change_taken(
	struct store *store, DB_TXN *txn, struct work *work, struct task *task, struct err *err)
{
	const struct op *op = work->op;
	struct task before = *task;

	if (op->kind == OP_ARCHIVE)
		task->archived = true;
	if (!change_apply(op, &before, task, err))
		return STEP_FAILED;
	return save(store, txn, op, task, &work->result->record, err);
}

static int modify(struct store *store, DB_TXN *txn, struct work *work, struct err *err)
{
	const struct op *op = work->op;
	struct task task;
	int rc = load_for_update(store, txn, op, &op->id, &task, err);

	if (rc != 0)
		return rc;
	if (!has_revision(op, task.revision))
		return refuse_precondition(err);
	rc = check_dependents(store, txn, work, err);
	if (rc != 0)
		return rc;
	if (work->blocked) {
		work->nothing = true;
		buf_reset(&work->result->record);
		buf_put_str(&work->result->record, buf_str(&store->before));
		return no_memory(buf_ok(&work->result->record));
	}
	rc = op->kind == OP_REMOVE ? delete_task(store, txn, work, &op->id)
				   : change_taken(store, txn, work, &task, err);
	return rc == 0 ? cascade(store, txn, work, err) : rc;
}

/* ---- upsert ---- */

static int insert_absent(struct store *store, DB_TXN *txn, struct work *work, struct err *err)
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
	rc = insert(store, txn, op, &work->result->record, err);
	/* Somebody else made it between the two. */
	return rc == DB_KEYEXIST ? STEP_RETRY : rc;
}

static int upsert(struct store *store, DB_TXN *txn, struct work *work, struct err *err)
{
	const struct op *op = work->op;
	struct task task, before;
	int rc = load_for_update(store, txn, op, &op->new_id, &task, err);

	work->result->created = false;
	if (rc == DB_NOTFOUND)
		return insert_absent(store, txn, work, err);
	if (rc != 0)
		return rc;
	if (op->must_not_exist || !has_revision(op, task.revision))
		return refuse_precondition(err);
	before = task;
	if (!upsert_apply(op, &task, err))
		return STEP_FAILED;
	if (!task_equal(&before, &task))
		return save(store, txn, op, &task, &work->result->record, err);
	work->nothing = true;
	return row_encode(&task, &work->result->record, err) ? 0 : STEP_FAILED;
}

/* ---- the operations ---- */

typedef int do_write(struct store *store, DB_TXN *txn, struct work *work, struct err *err);

static const struct {
	bool (*look)(struct store *, const struct op *, struct result *, struct err *);
	do_write *write;
} kinds[OP_KINDS] = {
	[OP_READ] = { .look = read_one },
	[OP_LIST] = { .look = list_open },
	[OP_CREATE] = { .write = create },
	[OP_UPSERT] = { .write = upsert },
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
		rc = idempotency_lookup(store, txn, op, work->result, &work->again, err);
	if (rc != 0 || work->again)
		return rc;
	rc = kinds[op->kind].write(store, txn, work, err);
	if (rc == 0 && op->companion && !work->nothing)
		rc = insert(store, txn, op->companion, &work->result->companion_record, err);
	if (rc == 0 && op->idempotency_key.len > 0 && !work->blocked)
		rc = idempotency_store(store, txn, op, work->result);
	return rc;
}

/* Connected tasks that stand in the way are what the answer names. */
static bool list_dependents(
	struct store *store, struct work *work, struct result *result, struct err *err)
{
	struct id *ids = work->dependents.ids;

	if (!work->blocked)
		return true;
	work->dependents.ids = NULL;
	result->has_dependents = true;
	result->listing = listing_of_ids(store, work->op->tenant, ids, work->dependents.count);
	return result->listing || err_no_memory(err);
}

static bool write_one(
	struct store *store, const struct op *op, struct result *result, struct err *err)
{
	struct work work = { .op = op, .result = result };
	bool ok = step_run(store, STEP_WRITE, step_write, &work, err) &&
		  row_decode(&result->task, &result->record, op->tenant, &op->id, err) &&
		  (result->companion_record.len == 0 ||
			  row_decode(&result->companion, &result->companion_record, op->tenant,
				  &op->id, err)) &&
		  list_dependents(store, &work, result, err);

	free(work.dependents.ids);
	result->written = ok && !work.nothing && !work.again && !store->sync_commits;
	return ok;
}

static bool execute(
	struct store *store, const struct op *op, struct result *result, struct err *err)
{
	struct op found;

	if (op->number == 0)
		return kinds[op->kind].look ? kinds[op->kind].look(store, op, result, err)
					    : write_one(store, op, result, err);
	found = *op;
	found.number = 0;
	return number_find(store, op, &found.id, err) && execute(store, &found, result, err);
}

bool store_apply(struct store *store, const struct op *op, struct result *result, struct err *err)
{
	bool ok;

	if (op->kind >= OP_KINDS || (!kinds[op->kind].look && !kinds[op->kind].write))
		return err_set(err, ERR_INTERNAL, NULL, "no such operation");
	if (kinds[op->kind].write && !store_may_write(store, err))
		return false;
	store_enter(store);
	ok = execute(store, op, result, err);
	store_leave(store);
	if (!ok) {
		store_result_free(result);
		return false;
	}
	result->kind = op->kind;
	return true;
}

void store_result_free(struct result *result)
{
	listing_free(result->listing);
	buf_free(&result->record);
	buf_free(&result->companion_record);
	*result = (struct result){ 0 };
}
