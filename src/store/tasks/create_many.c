#include "store/tasks/create_many.h"

#include <stdlib.h>

#include "base/clock.h"
#include "store/tasks/create.h"
#include "store/tasks/idempotency.h"

/* What became of an item. */
struct item {
	size_t start, len;     /* of its record */
	const struct err *err; /* in the op's arena; NULL: it was created */
};

struct batch_run {
	struct store *store;
	struct op op;	    /* borrows from the request */
	struct arena arena; /* of the item that is being created */
	bool has_key;	    /* the row of the request's key is committed */
	size_t at;	    /* the item that is next */
	size_t read;	    /* the same for store_batch_next() */
	struct task task;   /* that it has read last */
	struct buf records; /* of the tasks that were created */
	struct id *ids;	    /* of the items of an atomic batch */
	struct batch_answer answer;
	struct item items[];
};

/* ---- one item ---- */

static bool make_id(struct batch_run *run, struct id *id, struct err *err)
{
	return store_new_id(run->store, run->op.now, id) || err_set(err, ERR_INTERNAL, NULL, NULL);
}

static bool set_key(const struct batch_run *run, struct op *each, struct err *err)
{
	if (run->op.idempotency_key.len == 0)
		return true;
	each->idempotency_key = idempotency_item_key(run->op.idempotency_key, run->at, each->arena);
	memcpy(each->idempotency_fingerprint, run->op.idempotency_fingerprint,
		sizeof(each->idempotency_fingerprint));
	return each->idempotency_key.ptr || err_no_memory(err);
}

/* Makes the operation of the item that is next. */
static bool decode_item(
	struct batch_run *run, const struct id *id, struct op *each, struct err *err)
{
	const struct op *op = &run->op;

	arena_reset(&run->arena);
	*each = (struct op){ .arena = &run->arena,
		.tenant = op->tenant,
		.actor = op->actor,
		.request = op->request,
		.now = op->now,
		.tz = op->tz,
		.trace = op->trace,
		.leave_end = op->leave_end,
		.new_id = *id };
	if (!op->batch->decode(op->batch, run->at, each, err) || !set_key(run, each, err))
		return false;
	each->quota = op->quota;
	each->quota.max_tasks = op->item_quotas ? op->item_quotas[each->dialect] : 0;
	return true;
}

/* Whether the error concerns the item only. */
static bool is_of_item(const struct err *err)
{
	return change_error_is_of_task(err) || err->code == ERR_QUOTA ||
	       err->code == ERR_STORAGE_QUOTA || err->code == ERR_TOO_MANY_REQUESTS;
}

/* Copies what is in the arena of the item. */
static bool copy_error(const struct batch_run *run, struct err *copy, const struct err *err)
{
	*copy = *err;
	copy->detail = STR_NULL;
	if (err->detail.len > 0)
		copy->detail = arena_copy(run->op.arena, err->detail);
	return err->detail.len == 0 || copy->detail.ptr;
}

static bool keep_error(struct batch_run *run, struct err *err)
{
	struct err *copy = arena_alloc(run->op.arena, sizeof(*copy));

	if (!copy || !copy_error(run, copy, err))
		return err_no_memory(err);
	run->items[run->at++] = (struct item){ .err = copy };
	return true;
}

static bool keep_record(struct batch_run *run, const struct buf *record)
{
	run->items[run->at] = (struct item){ .start = run->records.len, .len = record->len };
	buf_put_str(&run->records, buf_str(record));
	return buf_ok(&run->records);
}

/* ---- the key of the request ---- */

static int take_key(struct store *store, const struct batch_run *run, struct err *err)
{
	struct result none = { 0 };
	bool known;
	int rc;

	if (run->op.idempotency_key.len == 0)
		return 0;
	rc = idempotency_lookup(store, &run->op, &none, &known, err);
	if (rc == 0 && !known)
		rc = idempotency_store(store, &run->op, &none, err);
	buf_free(&none.record);
	buf_free(&none.companion_record);
	return rc;
}

static int step_take_key(struct store *store, void *data, struct err *err)
{
	return take_key(store, data, err);
}

/* ---- each item alone ---- */

static int step_item(struct store *store, void *data, struct err *err)
{
	return create_once(store, data, err);
}

static bool create_item(struct batch_run *run, struct result *result, struct err *err)
{
	struct op each;
	struct result one = { 0 };
	struct write write = { .op = &each, .result = &one };
	struct id id;
	bool ok = make_id(run, &id, err);

	if (!ok)
		return false;
	ok = decode_item(run, &id, &each, err) &&
	     step_run_write(run->store, run->op.tenant, step_item, &write, err);
	if (ok) {
		result->written = result->written || (!write.replayed && !run->store->sync_commits);
		ok = keep_record(run, &one.record) || err_no_memory(err);
		run->at += ok;
		run->answer.created += ok;
	} else if (is_of_item(err)) {
		if (err->code == ERR_CONFLICT)
			err->task = each.new_id;
		ok = keep_error(run, err);
	}
	err->detail = STR_NULL; /* was in the arena */
	buf_free(&one.record);
	return ok;
}

/* The remaining items have the error that ended the batch. */
static bool end_early(struct batch_run *run, struct err *err)
{
	if (run->answer.created == 0 || err->code == ERR_PANIC || !keep_error(run, err))
		return false;
	for (; run->at < run->answer.count; run->at++)
		run->items[run->at] = run->items[run->at - 1];
	return true;
}

static bool run_slice(
	struct batch_run *run, struct result *result, unsigned slice_steps, struct err *err)
{
	int64_t until = clock_mono_us() + LIST_SLICE_US;
	unsigned steps = 0;
	bool ok = store_may_write(run->store, err);

	if (ok && !run->has_key)
		ok = step_run_write(run->store, run->op.tenant, step_take_key, run, err);
	run->has_key = run->has_key || ok;
	while (ok && run->at < run->answer.count &&
		(slice_steps == 0 || (steps < slice_steps && clock_mono_us() < until))) {
		ok = create_item(run, result, err);
		steps++;
	}
	result->steps += steps;
	ok = ok || end_early(run, err);
	result->unfinished = ok && run->at < run->answer.count;
	return ok;
}

/* ---- all or none ---- */

struct all {
	struct batch_run *run;
	bool is_replayed;
	struct id id; /* of the item that failed */
};

static int write_item(struct store *store, struct all *all, struct err *err)
{
	struct batch_run *run = all->run;
	struct op each;
	struct result one = { 0 };
	struct write write = { .op = &each, .result = &one };
	int rc = STEP_FAILED;

	all->id = run->ids[run->at];
	if (decode_item(run, &all->id, &each, err)) {
		all->id = each.new_id;
		rc = create_once(store, &write, err);
	}
	if (rc == 0 && !keep_record(run, &one.record))
		rc = ENGINE_NO_MEMORY;
	all->is_replayed = all->is_replayed && write.replayed;
	run->at += rc == 0;
	buf_free(&one.record);
	return rc;
}

/* Runs again from the first item after a conflict with another process. */
static int step_all(struct store *store, void *data, struct err *err)
{
	struct all *all = data;
	struct batch_run *run = all->run;
	int rc;

	run->at = 0;
	all->is_replayed = true;
	buf_reset(&run->records);
	rc = take_key(store, run, err);
	while (rc == 0 && run->at < run->answer.count)
		rc = write_item(store, all, err);
	return rc;
}

static bool make_ids(struct batch_run *run, struct err *err)
{
	size_t count = run->answer.count;

	run->ids = arena_alloc(run->op.arena, count * sizeof(*run->ids));
	if (!run->ids)
		return err_no_memory(err);
	for (size_t i = 0; i < count; i++) {
		if (!make_id(run, &run->ids[i], err))
			return false;
	}
	return true;
}

static bool refuse(struct batch_run *run, const struct all *all, struct err *err)
{
	struct batch_answer *answer = &run->answer;

	/* An error at the end of the transaction is one of the batch as a whole. */
	if (run->at == answer->count || !is_of_item(err))
		return false;
	if (err->code == ERR_CONFLICT)
		err->task = all->id;
	answer->is_refused = true;
	answer->refused = run->at;
	return copy_error(run, &answer->err, err) || err_no_memory(err);
}

static bool run_all(struct batch_run *run, struct result *result, struct err *err)
{
	struct all all = { .run = run };
	bool ok;

	if (!store_may_write(run->store, err) || !make_ids(run, err))
		return false;
	ok = step_run_write(run->store, run->op.tenant, step_all, &all, err);
	if (ok) {
		run->answer.created = run->answer.count;
		result->written = !all.is_replayed && !run->store->sync_commits;
	} else {
		ok = refuse(run, &all, err);
	}
	err->detail = STR_NULL; /* was in the arena */
	result->steps += run->at;
	return ok;
}

/* ---- the operation ---- */

bool create_many_open(
	struct store *store, const struct op *op, struct result *result, struct err *err)
{
	size_t count = op->batch->count;
	struct batch_run *run = calloc(1, sizeof(*run) + count * sizeof(run->items[0]));

	if (!run)
		return err_no_memory(err);
	run->store = store;
	run->op = *op;
	run->answer.count = count;
	run->has_key = op->idempotency_key.len == 0;
	result->batch_run = run;
	result->batch = &run->answer;
	return op->batch->is_atomic ? run_all(run, result, err)
				    : run_slice(run, result, op->slice_steps, err);
}

bool create_many_go_on(struct result *result, unsigned slice_steps, struct err *err)
{
	struct batch_run *run = result->batch_run;
	bool ok;

	store_enter(run->store);
	ok = run_slice(run, result, slice_steps, err);
	serial_note_end(run->store);
	store_leave(run->store);
	return ok;
}

bool store_batch_next(struct result *result, struct batch_item *item, bool *end, struct err *err)
{
	struct batch_run *run = result->batch_run;
	const struct item *read;

	*end = run->read == run->at;
	if (*end)
		return true;
	read = &run->items[run->read];
	*item = (struct batch_item){ .index = run->read, .err = read->err };
	if (!read->err) {
		const struct str record = { run->records.data + read->start, read->len };

		if (!record_decode(&run->task, record))
			return err_set(err, ERR_INTERNAL, NULL, NULL);
		item->task = &run->task;
	}
	run->read++;
	result->rows_returned++;
	return true;
}

size_t create_many_memory(const struct batch_run *run)
{
	return run ? sizeof(*run) + run->answer.count * sizeof(run->items[0]) +
			       run->records.capacity + arena_memory(&run->arena)
		   : 0;
}

void create_many_free(struct batch_run *run)
{
	if (!run)
		return;
	arena_free(&run->arena);
	buf_free(&run->records);
	free(run);
}
