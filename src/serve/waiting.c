#include "base/clock.h"
#include "serve/waiting_feed.h"
#include "store/wake.h"

static void set_worker(struct exchange_wait *wait, struct str worker)
{
	wait->worker_len = (uint8_t)(worker.len <= TASK_WORKER_MAX ? worker.len : 0);
	memcpy(wait->worker, worker.ptr, wait->worker_len);
}

/* ---- a claim ---- */

static bool claim(struct app *app, struct exchange *exchange, const struct op *op, struct err *err)
{
	struct exchange_wait *wait = &exchange->wait;
	struct result *result = &exchange->result;

	waiting_begin(app, exchange, op, op->wait_group ^ exchange->tenant,
		store_ready_source(op->tenant));
	wait->of_worker = true;
	if (!store_apply(app->store, op, result, err))
		return false;
	wait->unmet = result->nothing;
	if (!op->claim)
		return true;
	set_worker(wait, op->claim->worker);
	wait->stays = op->claim->waits_if_drained;
	wait->was_drained = result->drain;
	wait->unmet |= wait->stays && result->drain;
	/* It takes no task, so it must not be the first in a line of those that take some. */
	if (wait->unmet && (result->drain || op->claim->matches_none))
		wait->line = ++app->waits;
	return true;
}

/* ---- a heartbeat ---- */

static bool read_again(
	struct app *app, struct exchange *exchange, const struct op *op, struct err *err)
{
	const struct op read = {
		.kind = OP_READ,
		.dialect = op->dialect,
		.arena = op->arena,
		.tenant = op->tenant,
		.actor = op->actor,
		.now = op->now,
		.id = op->id,
	};

	store_result_free(&exchange->result);
	if (!store_apply(app->store, &read, &exchange->result, err))
		return false;
	exchange->result.kind = op->kind;
	exchange->result.written = exchange->wait.written;
	return store_is_drained(app->store, op->tenant, exchange->result.task.lease.holder,
		&exchange->result.drain, err);
}

/* Each request has a line of its own, because a change of the task is news for all of them. */
static bool follow_task(
	struct app *app, struct exchange *exchange, const struct op *op, struct err *err)
{
	struct exchange_wait *wait = &exchange->wait;
	int64_t most_ms = op->wait_ms;
	bool again = wait->resumed;

	waiting_begin(app, exchange, op, again ? wait->line : ++app->waits,
		store_task_source(op->tenant, &op->id));
	wait->of_task = wait->of_worker = true;
	if (!(again ? read_again(app, exchange, op, err)
		    : store_apply(app->store, op, &exchange->result, err)))
		return false;
	if (!again && exchange->result.written) {
		/*
		 * The counter was raised by this commit, too, which is no news. In a round it will
		 * be raised once for all that the round changes, which may be news.
		 */
		wait->seen += !store_has_unflushed(app->store);
		wait->written = true;
	}
	if (!op->check_wait(op, &exchange->result.task, &most_ms, err))
		return false;
	if (!again)
		wait->until_ms -= op->wait_ms - most_ms;
	/* A worker that was drained before knows it: only a later drain ends the wait. */
	wait->was_drained = (!again || wait->was_drained) && exchange->result.drain;
	wait->unmet = most_ms > 0 && (wait->was_drained || !exchange->result.drain);
	set_worker(wait, exchange->result.task.lease.holder);
	return true;
}

bool waiting_apply(struct app *app, struct exchange *exchange, const struct op *op, struct err *err)
{
	if (op->kind == OP_FEED)
		return waiting_for_events(app, exchange, op, err);
	if (exchange->wait.preferred > 0)
		return waiting_for_preference(app, exchange, op, err);
	return op->check_wait ? follow_task(app, exchange, op, err) : claim(app, exchange, op, err);
}

bool waiting_has_ended(struct exchange *exchange)
{
	if (!exchange->wait.over || exchange->wait.of_task)
		return false;
	exchange->result.kind = OP_CLAIM;
	exchange->result.nothing = true;
	exchange->result.drain = exchange->wait.drained;
	return true;
}

bool waiting_goes_on(const struct exchange *exchange)
{
	const struct exchange_wait *wait = &exchange->wait;

	return wait->unmet && !wait->over && wait->until_ms > clock_mono_ms();
}
