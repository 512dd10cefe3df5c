#include "serve/connection.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "serve/bounds.h"
#include "serve/exchange_log.h"
#include "serve/parking.h"
#include "serve/rate.h"

struct connection *connection_new(struct fcgi *take_fcgi)
{
	struct connection *conn = calloc(1, sizeof(*conn));

	if (conn)
		conn->fcgi = take_fcgi;
	return conn;
}

void connection_end(struct connection *conn, struct connection_shared *shared)
{
	struct exchange *exchange = conn->exchange;

	if (!exchange && !conn->parked && !conn->stream)
		return;
	if (exchange) {
		app_undo(&shared->app, exchange);
		rate_charge(&shared->app, exchange);
	}
	if (shared->turns.large == conn)
		shared->turns.large = NULL;
	if (conn->account) {
		turns_cancel(&shared->turns, conn);
		turns_hold(&shared->turns, conn, false, 0);
		parking_leave(conn, shared);
		streams_leave(conn, shared);
		turns_leave(&shared->turns, conn->account);
		conn->account = NULL;
	}
	exchange_release(&shared->idle, exchange);
	conn->exchange = NULL;
	free(conn->parked);
	conn->parked = NULL;
}

void connection_free(struct connection *conn, struct connection_shared *shared)
{
	connection_end(conn, shared);
	fcgi_close(conn->fcgi);
	free(conn);
}

void connection_shared_free(struct connection_shared *shared)
{
	streams_free(&shared->streams);
	exchange_pool_free(&shared->idle);
	turns_free(&shared->turns);
	buf_free(&shared->head);
	buf_free(&shared->log_line);
}

/* ---- memory ---- */

void connection_count_held(
	struct connection *conn, struct connection_shared *shared, bool keep_rows)
{
	struct exchange *exchange = conn->exchange;

	if (!keep_rows && exchange->streaming)
		store_list_release(&exchange->result);
	turns_hold(&shared->turns, conn, true, exchange_memory(exchange));
}

/* ---- steps of a round ---- */

static enum turn_queue enter_account(struct connection *conn, struct connection_shared *shared)
{
	struct exchange *exchange = conn->exchange;
	struct err err = { 0 };

	if (exchange->work == WORK_NONE && conn->large_limit == 0)
		return TURN_NONE;
	conn->account = turns_enter(&shared->turns, exchange->account, exchange->tenant);
	if (!conn->account) {
		conn->closing = true;
		return TURN_NONE;
	}
	if (!bounds_admit(conn, shared, true, &err))
		app_set_error(exchange, &err);
	if (conn->large_limit > 0)
		return TURN_LARGE;
	if (exchange->work == WORK_NONE)
		return TURN_NONE;
	return app_is_list(exchange) ? TURN_NEW_LIST : TURN_SHORT;
}

static void free_large_body(struct exchange *exchange)
{
	if (!exchange->large_body.blocks)
		return;
	exchange->request.body = STR_NULL;
	arena_free(&exchange->large_body);
}

/*
 * Reads the body, unless it is large. A large one is read in parts later, at the cost of its
 * sender; it is skipped if the request is refused or the body exceeds the limit. Returns false with
 * ERR_NONE if the peer has left.
 */
static bool read_body(
	struct connection *conn, struct connection_shared *shared, bool is_refused, struct err *err)
{
	struct request *request = &conn->exchange->request;
	size_t limit = shared->app.options.body_limit;

	if (!app_has_large_body(&shared->app, request))
		return fcgi_receive_body(conn->fcgi, request, limit, request->arena, err);
	conn->large_limit = is_refused ? limit : app_body_limit(&shared->app, request);
	return true;
}

/*
 * Reads a request and begins with it. Returns false if the peer has left. A request whose
 * parameters are refused has no principal and no network yet; such requests share account 0.
 */
static bool read_request(
	struct connection *conn, struct connection_shared *shared, enum turn_queue *queue)
{
	struct exchange *exchange = conn->exchange;
	struct err refusal = { 0 }, err = { 0 };
	bool ok = fcgi_receive_params(conn->fcgi, &exchange->request, &refusal);

	if (!ok && refusal.code == ERR_NONE)
		return false;
	if (!read_body(conn, shared, !ok, &err)) {
		if (err.code == ERR_NONE)
			return false;
		refusal = ok ? err : refusal;
		ok = false;
	}
	if (ok) {
		app_start(&shared->app, exchange);
	} else {
		exchange->began_us = clock_mono_us();
		app_set_error(exchange, &refusal);
	}
	*queue = enter_account(conn, shared);
	return true;
}

void connection_receive(
	struct connection *conn, struct connection_shared *shared, enum turn_queue *queue)
{
	struct exchange *exchange = exchange_acquire(&shared->idle);

	*queue = TURN_NONE;
	if (!exchange) {
		conn->closing = true;
		return;
	}
	conn->exchange = exchange;
	conn->head_sent = false;
	conn->body_sent = conn->body_at = 0;
	conn->large_limit = 0;
	conn->receiving = false;
	exchange->request.now = shared->now;
	if (!read_request(conn, shared, queue))
		conn->closing = true;
}

static size_t unsent(const struct connection *conn)
{
	return conn->exchange->response.body.len - conn->body_at;
}

enum turn_queue connection_wants_rows(const struct connection *conn)
{
	const struct exchange *exchange = conn->exchange;

	return exchange->streaming && unsent(conn) < FCGI_SEND_MAX ? TURN_ROWS : TURN_NONE;
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
	ok = ok && leave_exchange(conn, shared, err);
	if (ok && !conn->exchange) {
		*queue = TURN_PARKED;
		return true;
	}
	free_large_body(exchange);
	return ok && fetch_rows(conn, shared, err);
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

bool connection_take_turn(struct connection *conn, struct connection_shared *shared,
	enum turn_queue *queue, struct err *err)
{
	struct exchange *exchange;
	struct err refusal = { 0 };
	enum turn_queue waited_in = *queue;
	bool is_new = !conn->parked && (waited_in == TURN_SHORT || waited_in == TURN_NEW_LIST);

	*queue = TURN_NONE;
	if (conn->stream) {
		streams_catch_up(conn, shared, queue);
		return true;
	}
	if (!conn->exchange && !parking_resume(conn, shared))
		return true;
	exchange = conn->exchange;
	if (waited_in == TURN_LARGE)
		return begin_large(conn, shared, queue, err);
	if (waited_in == TURN_BODY)
		return take_part(conn, shared, queue, err);
	/* More responses may wait for their reader than when the request arrived. */
	if (is_new && !bounds_admit(conn, shared, false, &refusal))
		app_set_error(exchange, &refusal);
	else if (exchange->work != WORK_NONE && !app_go_on(&shared->app, exchange, err))
		return false;
	if (!leave_exchange(conn, shared, err))
		return false;
	if (!conn->exchange) {
		*queue = TURN_PARKED;
		return true;
	}
	if (exchange->work == WORK_NONE) {
		free_large_body(exchange);
		if (!fetch_rows(conn, shared, err))
			return false;
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

bool connection_is_durable(const struct connection *conn, const struct connection_shared *shared)
{
	return conn->closing ||
	       store_is_flushed_for(shared->app.store, conn->exchange->request.principal.tenant);
}

void connection_flush_failed(
	struct connection *conn, struct connection_shared *shared, const struct err *err)
{
	struct err busy;

	if (conn->head_sent) {
		conn->closing = true;
		return;
	}
	err_set(&busy, ERR_BUSY, NULL, NULL);
	app_undo(&shared->app, conn->exchange);
	app_set_error(conn->exchange, conn->exchange->response.after_flush ? err : &busy);
}

static bool send_head(struct connection *conn, struct connection_shared *shared, size_t *room)
{
	struct buf *head = &shared->head;

	buf_reset(head);
	response_write_head(&conn->exchange->response, head);
	if (!buf_ok(head) || head->len > *room || !fcgi_send(conn->fcgi, head->data, head->len))
		return false;
	*room -= head->len;
	conn->head_sent = true;
	return true;
}

static bool send_part(struct connection *conn, struct connection_shared *shared)
{
	struct buf *body = &conn->exchange->response.body;
	size_t room = FCGI_SEND_MAX, part;

	if (!conn->head_sent && !send_head(conn, shared, &room))
		return false;
	part = unsent(conn) < room ? unsent(conn) : room;
	if (!fcgi_send(conn->fcgi, body->data + conn->body_at, part))
		return false;
	conn->body_at += part;
	conn->body_sent += part;
	/* Moving the rest only after half was sent copies no more bytes than were sent. */
	if (2 * conn->body_at >= body->len) {
		buf_consume(body, conn->body_at);
		conn->body_at = 0;
	}
	return true;
}

enum connection_send_result connection_send(
	struct connection *conn, struct connection_shared *shared, int *status)
{
	struct exchange *exchange = conn->exchange;

	if (!send_part(conn, shared)) {
		conn->closing = true;
		return CONNECTION_BROKEN;
	}
	if (exchange->response.body.len > 0 || exchange->streaming)
		return CONNECTION_MORE;
	*status = exchange->response.status;
	if (fcgi_complete(conn->fcgi))
		exchange->undo = false;
	/* Before fcgi_end(): the log line and an undo borrow from the request. */
	exchange_log(&shared->app, exchange, &shared->log_line, conn->body_sent);
	app_undo(&shared->app, exchange);
	conn->closing = !fcgi_end(conn->fcgi);
	connection_end(conn, shared);
	return CONNECTION_DONE;
}
