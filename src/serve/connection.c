#include "serve/connection.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "serve/exchange_log.h"

struct connection *connection_new(struct fcgi *take_fcgi)
{
	struct connection *conn = calloc(1, sizeof(*conn));

	if (conn)
		conn->fcgi = take_fcgi;
	return conn;
}

static struct exchange *acquire_exchange(struct connection_shared *shared)
{
	struct exchange *exchange = shared->idle_exchange;

	shared->idle_exchange = NULL;
	if (!exchange)
		exchange = calloc(1, sizeof(*exchange));
	if (exchange)
		exchange_reset(exchange);
	return exchange;
}

static void delete_exchange(struct exchange *exchange)
{
	if (!exchange)
		return;
	exchange_free(exchange);
	free(exchange);
}

static void release_exchange(struct connection_shared *shared, struct exchange *exchange)
{
	delete_exchange(shared->idle_exchange);
	shared->idle_exchange = exchange;
	if (exchange)
		exchange_reset(exchange);
}

void connection_free(struct connection *conn, struct connection_shared *shared)
{
	if (conn->exchange)
		release_exchange(shared, conn->exchange);
	fcgi_close(conn->fcgi);
	free(conn);
}

void connection_shared_free(struct connection_shared *shared)
{
	delete_exchange(shared->idle_exchange);
	shared->idle_exchange = NULL;
	buf_free(&shared->head);
	buf_free(&shared->log_line);
}

/*
 * Reads a request and answers it. A body larger than the option body_limit is freed here: a worker
 * has one of them in memory at a time. Returns false with ERR_NONE if the peer has left.
 */
static bool answer_request(
	struct connection *conn, struct connection_shared *shared, bool *received, struct err *err)
{
	struct request *request = &conn->exchange->request;
	size_t limit;
	bool ok;

	*received = false;
	if (!fcgi_receive_params(conn->fcgi, request, err))
		return false;
	limit = app_body_limit(&shared->app, request);
	*received = fcgi_receive_body(conn->fcgi, request, limit,
		limit > shared->app.options.body_limit ? &conn->exchange->large_body
						       : request->arena,
		err);
	ok = *received && app_handle(&shared->app, conn->exchange, err);
	if (conn->exchange->large_body.blocks)
		request->body = STR_NULL;
	arena_free(&conn->exchange->large_body);
	return ok;
}

bool connection_receive(struct connection *conn, struct connection_shared *shared, struct err *err)
{
	bool received;
	struct exchange *exchange = acquire_exchange(shared);

	if (!exchange) {
		conn->closing = true;
		return true;
	}
	conn->exchange = exchange;
	conn->head_sent = false;
	conn->body_sent = 0;
	exchange->request.now = shared->now;
	if (answer_request(conn, shared, &received, err))
		return connection_fetch_rows(conn, err);
	if (received)
		return false;
	if (err->code == ERR_NONE) {
		conn->closing = true;
		return true;
	}
	exchange->began_us = clock_mono_us();
	app_set_error(exchange, err);
	return true;
}

bool connection_fetch_rows(struct connection *conn, struct err *err)
{
	if (conn->closing || !conn->exchange->streaming ||
		app_stream_rows(conn->exchange, FCGI_SEND_MAX, err))
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

void connection_flush_failed(struct connection *conn, const struct err *err)
{
	struct err busy;

	if (conn->closing)
		return;
	if (conn->head_sent) {
		conn->closing = true;
		return;
	}
	err_set(&busy, ERR_BUSY, NULL, NULL);
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
	part = body->len < room ? body->len : room;
	if (!fcgi_send(conn->fcgi, body->data, part))
		return false;
	buf_consume(body, part);
	conn->body_sent += part;
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
	/* Before fcgi_end(): the log line borrows from the request. */
	exchange_log(&shared->app, exchange, &shared->log_line, conn->body_sent);
	conn->closing = !fcgi_end(conn->fcgi);
	release_exchange(shared, exchange);
	conn->exchange = NULL;
	return CONNECTION_DONE;
}
