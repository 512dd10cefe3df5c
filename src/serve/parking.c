#include "serve/parking.h"

#include <stdlib.h>

#include "serve/rate.h"
#include "store/wake.h"

static void wait_for_turn(struct waiter *waiter, void *data)
{
	struct connection_shared *shared = data;

	turns_wait(&shared->turns, waiter->owner, TURN_WOKEN);
}

static void end_wait(struct connection_shared *shared, struct waiter *waiter)
{
	struct connection *conn = waiter->owner;

	conn->parked->wait.over = true;
	wait_for_turn(waiter, shared);
}

static void end_oldest(struct connection_shared *shared)
{
	struct waiter *waiter = parked_take_oldest(&shared->parked);

	if (waiter)
		end_wait(shared, waiter);
}

void parking_make_room(struct connection_shared *shared)
{
	size_t streams = shared->streams.count;

	if (shared->parked.count + streams < shared->bounds.waits &&
		shared->parked_bytes <= shared->bounds.held_bytes)
		return;
	if (streams > shared->parked.count)
		streams_end_oldest(shared);
	else
		end_oldest(shared);
}

/* ---- an attempt ---- */

/*
 * Counts the request of the account, unless the principal has as many as it may: then it is
 * refused, unless it can be answered.
 */
static bool admit(struct connection *conn, struct connection_shared *shared, struct err *err)
{
	struct account *account = conn->account;
	const struct connection_bounds *bounds = &shared->bounds;
	size_t size = conn->parked->size;

	if (account->waits >= bounds->principal_waits ||
		account->waits_bytes + size > bounds->principal_held_bytes) {
		if (conn->exchange->wait.of_task)
			return false;
		err_set(err, ERR_TOO_MANY_REQUESTS, NULL, NULL);
		err->retry_after = 1;
		return false;
	}
	account->waits++;
	account->waits_bytes += size;
	shared->parked_bytes += size;
	return true;
}

/*
 * Keeps the request. Returns false with ERR_NONE if it cannot wait, and with another error if it
 * has to be refused.
 */
static bool keep(struct connection *conn, struct connection_shared *shared, struct err *err)
{
	if (shared->ends_waits || shared->bounds.waits == 0)
		return false;
	if (conn->parked)
		return true;
	conn->parked = parked_request_save(conn->exchange);
	if (!conn->parked)
		return false;
	conn->parked->waiter.owner = conn;
	conn->parked->waiter.until_ms = conn->exchange->wait.until_ms;
	if (admit(conn, shared, err))
		return true;
	free(conn->parked);
	conn->parked = NULL;
	return false;
}

/* Cost is charged when it is enough for a charge: a request may be tried again many times. */
static int64_t charge(const struct connection *conn, const struct connection_shared *shared)
{
	if (conn->exchange->cost_us < RATE_FREE_US)
		return conn->exchange->cost_us;
	rate_charge(&shared->app, conn->exchange);
	return 0;
}

static bool park(struct connection *conn, struct connection_shared *shared, struct err *err)
{
	const struct exchange_wait *wait = &conn->exchange->wait;
	struct waiter *next;

	if (!keep(conn, shared, err))
		return false;
	next = parked_change_line(&shared->parked, &conn->parked->waiter, wait->line);
	if (next)
		wait_for_turn(next, shared);
	conn->parked->cost_us = charge(conn, shared);
	/* A wait must not keep what was promised with a response at once from the disk. */
	if (conn->exchange->wait.written && !conn->exchange->wait.resumed)
		shared->flush_due = true;
	parking_make_room(shared);
	if (!parked_add(
		    &shared->parked, &conn->parked->waiter, wait->line, wait->source, wait->seen))
		return false;
	exchange_release(&shared->idle, conn->exchange);
	conn->exchange = NULL;
	turns_hold(&shared->turns, conn, false, 0);
	fcgi_suspend(conn->fcgi);
	return true;
}

/* Answers that there is nothing, or with the refusal. */
static bool answer(struct connection *conn, struct connection_shared *shared,
	const struct err *refusal, struct err *err)
{
	struct exchange *exchange = conn->exchange;

	if (refusal->code != ERR_NONE) {
		app_set_error(exchange, refusal);
		return true;
	}
	exchange->wait.resumed = exchange->wait.over = true;
	exchange->work = WORK_OPERATION;
	return app_go_on(&shared->app, exchange, err);
}

/* A request that was parked has its response now. The next of its line tries if it found some. */
static void end_attempt(struct connection *conn, struct connection_shared *shared)
{
	struct waiter *waiter = &conn->parked->waiter, *next;

	if (conn->exchange->result.nothing)
		parked_give_up(&shared->parked, waiter);
	next = parked_leave(&shared->parked, waiter);
	if (next)
		wait_for_turn(next, shared);
	conn->closing = !fcgi_resume(conn->fcgi);
}

bool parking_park(struct connection *conn, struct connection_shared *shared, struct err *err)
{
	struct err refusal = { 0 };

	if (conn->exchange->work == WORK_PARKED) {
		if (park(conn, shared, &refusal))
			return true;
		if (!answer(conn, shared, &refusal, err))
			return false;
	}
	if (conn->parked)
		end_attempt(conn, shared);
	return true;
}

bool parking_resume(struct connection *conn, struct connection_shared *shared)
{
	struct exchange *exchange = exchange_acquire(&shared->idle);

	if (!exchange) {
		conn->closing = true;
		return false;
	}
	conn->exchange = exchange;
	parked_request_restore(conn->parked, exchange, shared->now);
	app_resume(&shared->app, exchange);
	return true;
}

/* ---- events ---- */

void parking_leave(struct connection *conn, struct connection_shared *shared)
{
	struct waiter *next;

	if (!conn->parked)
		return;
	next = parked_leave(&shared->parked, &conn->parked->waiter);
	if (next)
		wait_for_turn(next, shared);
	conn->account->waits--;
	conn->account->waits_bytes -= conn->parked->size;
	shared->parked_bytes -= conn->parked->size;
}

static bool is_drained(const struct waiter *waiter, void *data)
{
	struct connection_shared *shared = data;
	const struct connection *conn = waiter->owner;
	struct exchange_wait *wait = &conn->parked->wait;
	uint64_t drains = store_drain_changes(shared->app.store, conn->parked->tenant_name);
	bool drained = false;
	struct err err;

	if (!wait->of_worker || wait->drains == drains)
		return false;
	if (!store_is_drained(shared->app.store, conn->parked->tenant_name,
		    (struct str){ wait->worker, wait->worker_len }, &drained, &err)) {
		shared->app.lost |= err.code == ERR_PANIC;
		return false;
	}
	wait->drains = drains;
	if (wait->stays) {
		bool ends = wait->was_drained && !drained;

		wait->was_drained = drained;
		return ends;
	}
	wait->was_drained &= drained;
	return drained && !wait->was_drained;
}

static void end_drained(struct waiter *waiter, void *data)
{
	const struct connection *conn = waiter->owner;

	conn->parked->wait.drained = true;
	end_wait(data, waiter);
}

/*
 * Of workers that get no more tasks or, if their waits stay, get tasks again; also since another
 * process has changed that.
 */
static void end_waits_of_drained(struct connection_shared *shared)
{
	uint64_t drains = shared->app.all_drains ? atomic_load(shared->app.all_drains) : 0;

	if (drains == shared->drains)
		return;
	shared->drains = drains;
	parked_end(&shared->parked, is_drained, end_drained, shared);
}

void parking_wake(struct connection_shared *shared)
{
	struct waiter *waiter;

	end_waits_of_drained(shared);
	while ((waiter = parked_take_due(&shared->parked, shared->now_ms)))
		end_wait(shared, waiter);
	parked_wake(&shared->parked, wait_for_turn, shared);
}

void parking_end(struct connection_shared *shared)
{
	struct waiter *waiter;

	shared->ends_waits = true;
	while ((waiter = parked_take_oldest(&shared->parked)))
		end_wait(shared, waiter);
	streams_end(shared);
}
