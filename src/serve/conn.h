#pragma once
/*
 * One kept connection of the web server and the request in its hand, if any. The steps are those of
 * a worker's round: receive and prepare, then (after the flush) send. Nothing here waits.
 */
#include "serve/app.h"
#include "serve/fcgi.h"

struct conn {
	struct fcgi *fcgi;
	struct exchange *exchange; /* while a request is in hand, else NULL */
	bool started;		   /* the head of the answer has left */
	bool sending;		   /* epoll watches for room, not for a request */
	bool doomed;		   /* to be closed at the end of the round */
	uint64_t sent;		   /* bytes of the body */
	struct conn *next, **link; /* the worker's list */
};

/* What connections of one worker have in common. */
struct conn_shared {
	struct app app;
	struct exchange *spare; /* an idle exchange, its memory warm */
	struct buf head, line;	/* scratch */
	int64_t now;		/* wall ms of this round */
};

/* The connection takes fcgi over. NULL without memory: fcgi is then still the caller's. */
struct conn *conn_new(struct fcgi *take_fcgi);
void conn_free(struct conn *conn, struct conn_shared *shared);
void conn_shared_free(struct conn_shared *shared);

/*
 * Reads the request of a readable connection and answers it into memory. The connection is doomed
 * when its peer has left. False only with ERR_PANIC.
 */
bool conn_receive(struct conn *conn, struct conn_shared *shared, struct err *err);
/* Fetches rows of a list that is being streamed, as many as one send takes. False only with
 * ERR_PANIC. */
bool conn_fill(struct conn *conn, struct err *err);
/*
 * The flush of this round has failed: `err` for what wrote, "busy" for what only read, since it may
 * show what was not kept. A list that has begun is cut off.
 */
void conn_unflushed(struct conn *conn, const struct err *err);

enum conn_sent {
	CONN_DONE,   /* the answer is out; the connection waits for the next request */
	CONN_MORE,   /* send again when there is room */
	CONN_BROKEN, /* doomed */
};
/* Sends what a connection with room takes. On CONN_DONE *status is what the request was answered
 * with. */
enum conn_sent conn_send(struct conn *conn, struct conn_shared *shared, int *status);
