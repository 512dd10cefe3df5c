/*
 * Waits that the client prefers (preference.h):
 *
 *     creation, bulk            until the task has ended
 *     read with If-None-Match   while the task has one of the tags
 *     read without              until the task shows another state than at the beginning; one that
 *                               has ended is shown at once, because nothing is to come
 */
#include "serve/precondition.h"
#include "serve/waiting.h"
#include "store/wake.h"

/* Records that are not tasks have no end. */
static bool has_ended(const struct task *task)
{
	return task->state >= TASK_SUCCEEDED && dialect_by_code(task->dialect);
}

static uint64_t hash(uint64_t sum, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ at[i]) * UINT64_C(1099511628211);
	return sum;
}

/*
 * FNV-1a of what a client that follows a task wants to know: its state in both forms and whether it
 * is archived. Records that are not tasks have no state: every change counts.
 */
static uint64_t fingerprint(const struct task *task)
{
	const uint64_t basis = UINT64_C(14695981039346656037);
	uint8_t parts[] = { (uint8_t)task->state, task->archived };

	if (!dialect_by_code(task->dialect))
		return hash(basis, &task->revision, sizeof(task->revision));
	return hash(hash(basis, parts, sizeof(parts)), task->status.ptr, task->status.len);
}

static bool creates(const struct op *op)
{
	return op->kind == OP_CREATE || op->kind == OP_BULK;
}

static bool is_met(const struct exchange *exchange, const struct op *op)
{
	const struct task *task = &exchange->result.task;
	bool has_tag;

	if (creates(op))
		return has_ended(task) || task->revision == 0;
	if (precondition_has_tag(&exchange->request, task, &has_tag))
		return !has_tag;
	return has_ended(task) || fingerprint(task) != exchange->wait.first;
}

/*
 * Reads the task that the first attempt has created. If it has been removed, the creation is true
 * all the same: the result has the id only (route.waits_for_end).
 */
static bool read_created(
	struct app *app, struct exchange *exchange, const struct op *op, struct err *err)
{
	struct exchange_wait *wait = &exchange->wait;
	struct result *result = &exchange->result;
	const struct op read = {
		.kind = OP_READ,
		.dialect = op->kind == OP_BULK ? op->bulk->dialect : op->dialect,
		.arena = op->arena,
		.tenant = op->tenant,
		.actor = op->actor,
		.now = op->now,
		.id = wait->id,
	};
	bool ok, removed;

	store_result_free(result);
	ok = store_apply(app->store, &read, result, err);
	removed = !ok && err->code == ERR_NOT_FOUND;
	if (removed)
		result->task = (struct task){ .id = wait->id };
	result->kind = op->kind;
	result->written = wait->written;
	return ok || removed;
}

static bool read_task(
	struct app *app, struct exchange *exchange, const struct op *op, struct err *err)
{
	if (creates(op))
		return read_created(app, exchange, op, err);
	store_result_free(&exchange->result);
	return store_apply(app->store, op, &exchange->result, err);
}

/*
 * The first attempt of a read by number, or of a creation, shows which task it is: if it has to
 * wait, the counter of this task is read, and the task once more.
 */
static bool begin(struct app *app, struct exchange *exchange, const struct op *op, struct err *err)
{
	struct exchange_wait *wait = &exchange->wait;
	const struct task *task = &exchange->result.task;

	wait->of_task = true;
	wait->line = ++app->waits;
	waiting_begin(app, exchange, op, wait->line, store_task_source(op->tenant, &op->id));
	if (!store_apply(app->store, op, &exchange->result, err))
		return false;
	wait->written = exchange->result.written;
	wait->id = task->id;
	wait->first = fingerprint(task);
	if (is_met(exchange, op) || (op->kind == OP_READ && id_compare(&op->id, &wait->id) == 0))
		return true;
	waiting_begin(app, exchange, op, wait->line, store_task_source(op->tenant, &wait->id));
	return read_task(app, exchange, op, err);
}

static bool go_on(struct app *app, struct exchange *exchange, const struct op *op, struct err *err)
{
	struct exchange_wait *wait = &exchange->wait;

	waiting_begin(app, exchange, op, wait->line, store_task_source(op->tenant, &wait->id));
	return read_task(app, exchange, op, err);
}

bool waiting_for_preference(
	struct app *app, struct exchange *exchange, const struct op *op, struct err *err)
{
	bool ok = exchange->wait.resumed ? go_on(app, exchange, op, err)
					 : begin(app, exchange, op, err);

	exchange->wait.unmet = ok && !is_met(exchange, op);
	return ok;
}

bool waiting_for_bulk(struct app *app, struct exchange *exchange, struct err *err)
{
	struct exchange_wait *wait = &exchange->wait;
	const struct request *request = &exchange->request;
	const struct task *task = &exchange->result.task;
	const struct op_bulk bulk = { .dialect = task->dialect };
	const struct op op = {
		.kind = OP_BULK,
		.arena = request->arena,
		.tenant = request->principal.tenant,
		.actor = request->principal.user,
		.now = request->now,
		.bulk = &bulk,
		.wait_ms = wait->preferred * INT64_C(1000),
	};

	if (exchange->result.kind != OP_BULK || wait->preferred == 0 || wait->resumed)
		return true;
	wait->of_task = true;
	wait->written = exchange->result.written;
	wait->id = task->id;
	waiting_begin(app, exchange, &op, ++app->waits, store_task_source(op.tenant, &wait->id));
	if (!read_created(app, exchange, &op, err))
		return false;
	wait->unmet = !is_met(exchange, &op);
	return true;
}
