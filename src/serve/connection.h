#pragma once
/*
 * A kept connection of the web server and its current exchange, if any. The calls are the steps of
 * a round (round.h). None of them blocks.
 */
#include "serve/app.h"
#include "serve/fcgi.h"

struct connection {
	struct fcgi *fcgi;	   /* owned */
	struct exchange *exchange; /* owned; NULL while no request is being answered */
	bool head_sent;		   /* the response head was sent */
	bool writing;		   /* epoll reports room to write, not the next request */
	bool closing;		   /* close at the end of the round */
	uint64_t body_sent;	   /* bytes */
	struct connection *next, **prev_link; /* list of connections.h */
};

/* State that all connections of a worker share. */
struct connection_shared {
	struct app app;
	struct exchange *idle_exchange; /* kept with its memory for the next request; or NULL */
	struct buf head, log_line;	/* scratch memory */
	int64_t now;			/* start of the round: wall clock, ms since the epoch */
};

/* Takes fcgi. Returns NULL without memory; fcgi then remains the caller's. */
struct connection *connection_new(struct fcgi *take_fcgi);
void connection_free(struct connection *conn, struct connection_shared *shared);
void connection_shared_free(struct connection_shared *shared);

/*
 * Reads a request from a readable connection and builds its response in memory. Marks the
 * connection as closing if the peer has left. Returns false only with ERR_PANIC.
 */
bool connection_receive(struct connection *conn, struct connection_shared *shared, struct err *err);
/* Fetches rows of a streamed list, as many as one send takes. Returns false only with ERR_PANIC. */
bool connection_fetch_rows(struct connection *conn, struct err *err);
/*
 * The flush of this round failed: replaces the response by `err` if the request wrote, else by
 * ERR_BUSY, because a read may have seen the lost commits. If the head was sent, marks the
 * connection as closing.
 */
void connection_flush_failed(struct connection *conn, const struct err *err);

enum connection_send_result {
	CONNECTION_DONE,   /* the response is sent; the connection waits for the next request */
	CONNECTION_MORE,   /* call again when there is room to write */
	CONNECTION_BROKEN, /* marked as closing */
};
/* Sends as much as fits. On CONNECTION_DONE, *status is the status code of the response. */
enum connection_send_result connection_send(
	struct connection *conn, struct connection_shared *shared, int *status);
