#include "serve/connection.h"

#include <stdlib.h>

#include "base/clock.h"
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

bool connection_is_durable(const struct connection *conn, const struct connection_shared *shared)
{
	return conn->closing ||
	       store_is_flushed_for(shared->app.store, conn->exchange->request.principal.tenant);
}

/* A request that has to be parked, or goes on in slices, has no response yet. */
static bool has_changed(const struct exchange *exchange)
{
	return exchange->response.after_flush ||
	       (exchange->work == WORK_PARKED && exchange->wait.written) ||
	       (exchange->work == WORK_SLICES && exchange->commits_slices);
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
	app_set_error(conn->exchange, has_changed(conn->exchange) ? err : &busy);
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
