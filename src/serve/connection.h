#pragma once
/*
 * One kept connection of the web server and the request in its hand, if any. The steps are those of
 * a worker's round: receive and prepare, then (after the flush) send. Nothing here waits.
 */
#include "serve/app.h"
#include "serve/fcgi.h"

struct connection {
	struct fcgi *fcgi;
	struct exchange *exchange;	      /* while a request is in hand, else NULL */
	bool head_sent;			      /* the head of the answer has left */
	bool want_write;		      /* epoll watches for room, not for a request */
	bool closing;			      /* to be closed at the end of the round */
	uint64_t body_sent;		      /* bytes of the body */
	struct connection *next, **prev_link; /* the worker's list */
};

/* What connections of one worker have in common. */
struct connection_shared {
	struct app app;
	struct exchange *idle_exchange; /* an idle exchange, its memory warm */
	struct buf head, line;		/* scratch */
	int64_t now;			/* wall ms of this round */
};

/* The connection takes fcgi over. NULL without memory: fcgi is then still the caller's. */
struct connection *connection_new(struct fcgi *take_fcgi);
void connection_free(struct connection *conn, struct connection_shared *shared);
void connection_shared_free(struct connection_shared *shared);

/*
 * Reads the request of a readable connection and answers it into memory. The connection is doomed
 * when its peer has left. False only with ERR_PANIC.
 */
bool connection_receive(struct connection *conn, struct connection_shared *shared, struct err *err);
/* Fetches rows of a list that is being streamed, as many as one send takes. False only with
 * ERR_PANIC. */
bool connection_fetch_rows(struct connection *conn, struct err *err);
/*
 * The flush of this round has failed: `err` for what wrote, "busy" for what only read, since it may
 * show what was not kept. A list that has begun is cut off.
 */
void connection_flush_failed(struct connection *conn, const struct err *err);

enum connection_send_result {
	CONNECTION_DONE,   /* the answer is out; the connection waits for the next request */
	CONNECTION_MORE,   /* send again when there is room */
	CONNECTION_BROKEN, /* doomed */
};
/* Sends what a connection with room takes. On CONNECTION_DONE *status is what the request was answered
 * with. */
enum connection_send_result connection_send(
	struct connection *conn, struct connection_shared *shared, int *status);
