#include "serve/conn.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

struct conn *conn_new(struct fcgi *take_fcgi)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (conn)
		conn->fcgi = take_fcgi;
	return conn;
}

static struct exchange *take_exchange(struct conn_shared *shared)
{
	struct exchange *exchange = shared->spare;

	shared->spare = NULL;
	if (!exchange)
		exchange = calloc(1, sizeof(*exchange));
	if (exchange)
		app_reset(exchange);
	return exchange;
}

static void exchange_free(struct exchange *exchange)
{
	if (!exchange)
		return;
	app_free(exchange);
	free(exchange);
}

static void give_exchange(struct conn_shared *shared, struct exchange *exchange)
{
	exchange_free(shared->spare);
	shared->spare = exchange;
	if (exchange)
		app_reset(exchange);
}

void conn_free(struct conn *conn, struct conn_shared *shared)
{
	if (conn->exchange)
		give_exchange(shared, conn->exchange);
	fcgi_close(conn->fcgi);
	free(conn);
}

void conn_shared_free(struct conn_shared *shared)
{
	exchange_free(shared->spare);
	shared->spare = NULL;
	buf_free(&shared->head);
	buf_free(&shared->line);
}

bool conn_receive(struct conn *conn, struct conn_shared *shared, struct err *err)
{
	struct exchange *exchange = take_exchange(shared);

	if (!exchange) {
		conn->doomed = true;
		return true;
	}
	conn->exchange = exchange;
	conn->started = false;
	conn->sent = 0;
	exchange->request.now = shared->now;
	if (fcgi_receive(conn->fcgi, &exchange->request, shared->app.body_limit, err))
		return app_answer(&shared->app, exchange, err) && conn_fill(conn, err);
	if (err->code == ERR_NONE) {
		conn->doomed = true;
		return true;
	}
	exchange->began_us = clock_mono_us();
	app_refuse(exchange, err);
	return true;
}

bool conn_fill(struct conn *conn, struct err *err)
{
	if (conn->doomed || !conn->exchange->streaming || app_more(conn->exchange, FCGI_CHUNK, err))
		return true;
	if (err->code == ERR_PANIC)
		return false;
	if (!conn->started) {
		app_refuse(conn->exchange, err);
		return true;
	}
	log_warn("list-broken", "%s", err_text(err));
	conn->doomed = true;
	return true;
}

void conn_unflushed(struct conn *conn, const struct err *err)
{
	struct err busy;

	if (conn->doomed)
		return;
	if (conn->started) {
		conn->doomed = true;
		return;
	}
	err_set(&busy, ERR_BUSY, NULL, NULL);
	app_refuse(conn->exchange, conn->exchange->response.held ? err : &busy);
}

static bool send_head(struct conn *conn, struct conn_shared *shared, size_t *room)
{
	struct buf *head = &shared->head;

	buf_reset(head);
	response_head(&conn->exchange->response, head);
	if (!buf_ok(head) || head->len > *room || !fcgi_send(conn->fcgi, head->data, head->len))
		return false;
	*room -= head->len;
	conn->started = true;
	return true;
}

static bool send_part(struct conn *conn, struct conn_shared *shared)
{
	struct buf *body = &conn->exchange->response.body;
	size_t room = FCGI_CHUNK, part;

	if (!conn->started && !send_head(conn, shared, &room))
		return false;
	part = body->len < room ? body->len : room;
	if (!fcgi_send(conn->fcgi, body->data, part))
		return false;
	buf_consume(body, part);
	conn->sent += part;
	return true;
}

enum conn_sent conn_send(struct conn *conn, struct conn_shared *shared, int *status)
{
	struct exchange *exchange = conn->exchange;

	if (!send_part(conn, shared)) {
		conn->doomed = true;
		return CONN_BROKEN;
	}
	if (exchange->response.body.len > 0 || exchange->streaming)
		return CONN_MORE;
	*status = exchange->response.status;
	app_log(&shared->app, exchange, &shared->line, conn->sent);
	/* The log line borrows from the request, which ends here. */
	conn->doomed = !fcgi_end(conn->fcgi);
	give_exchange(shared, exchange);
	conn->exchange = NULL;
	return CONN_DONE;
}
