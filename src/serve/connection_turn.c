/*
 * A turn of a connection: a step of its request is carried out, then the request waits for the next
 * one, is parked, or has a response.
 */
#include "base/log.h"
#include "serve/bounds.h"
#include "serve/connection.h"
#include "serve/parking.h"

/* ---- the step ---- */

/* Reads a part of a large body and, after the last one, carries the request out. */
static bool take_part(struct connection *conn, struct connection_shared *shared,
	enum turn_queue *queue, struct err *err)
{
	struct exchange *exchange = conn->exchange;
	struct err refusal = { 0 };
	enum fcgi_body got = fcgi_receive_part(conn->fcgi, &exchange->request, &refusal);
	bool ok = true;

	conn->receiving = got == FCGI_BODY_MORE;
	if (conn->receiving) {
		*queue = TURN_INPUT;
		return true;
	}
	shared->turns.large = NULL;
	conn->closing = got == FCGI_BODY_BROKEN;
	if (conn->closing)
		exchange->work = WORK_NONE;
	else if (got == FCGI_BODY_REFUSED && exchange->work != WORK_NONE)
		app_set_error(exchange, &refusal);
	while (ok && app_is_working(exchange))
		ok = app_go_on(&shared->app, exchange, err);
	return ok;
}

/* The body of a refused request is skipped. */
static bool begin_large(struct connection *conn, struct connection_shared *shared,
	enum turn_queue *queue, struct err *err)
{
	struct exchange *exchange = conn->exchange;
	struct err refusal = { 0 };

	if (exchange->work != WORK_NONE && !bounds_admit(conn, shared, false, &refusal))
		app_set_error(exchange, &refusal);
	if (!fcgi_begin_body(conn->fcgi, &exchange->request,
		    exchange->work == WORK_NONE ? 0 : conn->large_limit, &exchange->large_body,
		    &refusal) &&
		exchange->work != WORK_NONE)
		app_set_error(exchange, &refusal);
	conn->large_limit = 0;
	conn->receiving_ms = shared->now_ms;
	shared->turns.large = conn;
	return take_part(conn, shared, queue, err);
}

static bool go_on(struct connection *conn, struct connection_shared *shared,
	enum turn_queue waited_in, struct err *err)
{
	struct exchange *exchange = conn->exchange;
	struct err refusal = { 0 };
	bool is_new = !conn->parked && (waited_in == TURN_SHORT || waited_in == TURN_NEW_LIST);

	/* More responses may wait for their reader than when the request arrived. */
	if (is_new && !bounds_admit(conn, shared, false, &refusal))
		app_set_error(exchange, &refusal);
	else if (exchange->work != WORK_NONE && !app_go_on(&shared->app, exchange, err))
		return false;
	return true;
}

/* Fetches the rows of one turn: as many as one send takes, or as fit into its time. */
static bool fetch_rows(
	struct connection *conn, const struct connection_shared *shared, struct err *err)
{
	struct exchange *exchange = conn->exchange;
	size_t before = exchange->held_back ? exchange->response.body.len : 0;
	int64_t until = shared->turns.now_us + app_slice_us(&shared->app);

	if (!exchange->streaming || app_stream_rows(exchange, before + FCGI_SEND_MAX, until, err))
		return true;
	if (err->code == ERR_PANIC)
		return false;
	if (!conn->head_sent) {
		app_set_error(conn->exchange, err);
		return true;
	}
	log_warn("list-broken", "%s", err_text(err));
	conn->closing = true;
	return true;
}

/* *queue is TURN_INPUT if the step has to wait for the next part of a body. */
static bool carry_out(struct connection *conn, struct connection_shared *shared,
	enum turn_queue *queue, struct err *err)
{
	enum turn_queue waited_in = *queue;
	bool ok;

	*queue = TURN_NONE;
	if (waited_in == TURN_LARGE)
		ok = begin_large(conn, shared, queue, err);
	else if (waited_in == TURN_BODY)
		ok = take_part(conn, shared, queue, err);
	else
		ok = go_on(conn, shared, waited_in, err);
	return ok && (conn->exchange->work != WORK_NONE || fetch_rows(conn, shared, err));
}

/* ---- what follows ---- */

/* A request that waits, and a stream, give back their exchange. */
static bool leave_exchange(
	struct connection *conn, struct connection_shared *shared, struct err *err)
{
	struct err refusal = { 0 };

	if (conn->exchange->work != WORK_STREAM)
		return parking_park(conn, shared, err);
	if (streams_admit(conn, shared, &refusal)) {
		parking_make_room(shared);
		streams_begin(conn, shared, &refusal);
	}
	if (conn->exchange)
		app_set_error(conn->exchange, &refusal);
	return true;
}

static void free_large_body(struct exchange *exchange)
{
	if (!exchange->large_body.blocks)
		return;
	exchange->request.body = STR_NULL;
	arena_free(&exchange->large_body);
}

/* *queue is where the request waits for its next step; TURN_NONE: it has something to send. */
static bool leave_turn(struct connection *conn, struct connection_shared *shared,
	enum turn_queue *queue, struct err *err)
{
	struct exchange *exchange = conn->exchange;

	if (!leave_exchange(conn, shared, err))
		return false;
	if (!conn->exchange) {
		*queue = TURN_PARKED;
		return true;
	}
	if (exchange->work == WORK_NONE) {
		free_large_body(exchange);
		if (!exchange->held_back)
			return true;
		connection_count_held(conn, shared, true);
	} else {
		turns_hold(&shared->turns, conn, false, exchange_memory(exchange));
	}
	if (!bounds_end_list(conn, shared))
		*queue = exchange->work == WORK_WHOLE ? TURN_WHOLE : TURN_LIST;
	return true;
}

bool connection_take_turn(struct connection *conn, struct connection_shared *shared,
	enum turn_queue *queue, struct err *err)
{
	const struct store *store = shared->app.store;

	if (conn->stream) {
		*queue = TURN_FLUSH;
		if (!store_has_unflushed(store))
			streams_catch_up(conn, shared, queue);
		return true;
	}
	if (!conn->exchange && !parking_resume(conn, shared)) {
		*queue = TURN_NONE;
		return true;
	}
	conn->exchange->used_store = false;
	if (!carry_out(conn, shared, queue, err))
		return false;
	if (conn->exchange->used_store && store_has_unflushed(store))
		*queue = TURN_FLUSH;
	return *queue == TURN_INPUT || *queue == TURN_FLUSH || leave_turn(conn, shared, queue, err);
}

/* ---- the end of a round ---- */

static bool may_run_again(const struct connection *conn)
{
	const struct exchange *exchange = conn->exchange;

	return !conn->closing && !conn->head_sent && !exchange->is_kept &&
	       exchange->call != CALL_TOKEN && exchange->lost_runs < CONNECTION_RUNS_MAX &&
	       exchange->runs < CONNECTION_DEFERRED_MAX;
}

/* A request that was parked before this round goes on as it did when it was woken. */
static bool run_again(struct connection *conn, struct connection_shared *shared)
{
	struct exchange *exchange = conn->exchange;

	if (!may_run_again(conn))
		return false;
	exchange->lost_runs += !exchange->is_deferred;
	app_run_again(&shared->app, exchange, conn->parked ? &conn->parked->wait : NULL);
	if (conn->parked)
		exchange->cost_us = conn->parked->cost_us;
	turns_hold(&shared->turns, conn, false, exchange_memory(exchange));
	return exchange->work != WORK_NONE;
}

static void refuse_lost(struct connection *conn)
{
	struct exchange *exchange = conn->exchange;
	struct err err;

	err_set(&err, exchange->is_kept ? ERR_UNKNOWN_OUTCOME : ERR_BUSY, NULL, NULL);
	exchange->undo = false;
	if (conn->head_sent)
		conn->closing = true;
	else
		app_set_error(exchange, &err);
}

/* Returns whether the request begins again. */
static bool settle(
	struct connection *conn, struct connection_shared *shared, const struct err *failure)
{
	struct exchange *exchange = conn->exchange;

	if (exchange->is_postponed) {
		exchange->is_postponed = false;
		return true;
	}
	if (!failure) {
		exchange->is_kept |= exchange->work == WORK_SLICES && exchange->commits_slices;
		return exchange->is_deferred && run_again(conn, shared);
	}
	if (failure->code != ERR_BUSY) {
		connection_flush_failed(conn, shared, failure);
		return false;
	}
	exchange->is_deferred = false;
	if (run_again(conn, shared))
		return true;
	refuse_lost(conn);
	return false;
}

bool connection_end_round(struct connection *conn, struct connection_shared *shared,
	const struct err *failure, enum turn_queue *queue, struct err *err)
{
	*queue = TURN_PARKED;
	if (conn->stream) {
		if (conn->stream->state == STREAM_BEHIND)
			streams_catch_up(conn, shared, queue);
		return true;
	}
	*queue = TURN_AGAIN;
	if (settle(conn, shared, failure))
		return true;
	*queue = TURN_NONE;
	return leave_turn(conn, shared, queue, err);
}
