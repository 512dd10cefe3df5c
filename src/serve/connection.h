#pragma once
/*
 * A kept connection of the web server and its current exchange, if any. The calls are the steps of
 * a round (round.h). None of them blocks.
 */
#include "serve/app.h"
#include "serve/fcgi.h"
#include "serve/parked_request.h"
#include "serve/streams.h"
#include "serve/turns.h"

/*
 * How often a request is run again because its round was lost, and because of anything. A deferred
 * run costs little: it ends at the lock of its tenant.
 */
#define CONNECTION_RUNS_MAX	3
#define CONNECTION_DEFERRED_MAX 100

struct connection {
	struct fcgi *fcgi;	   /* owned */
	struct exchange *exchange; /* owned; NULL while no request is being answered */
	/* Owned: the request, if it was parked. While it is, there is no exchange (parking.h). */
	struct parked_request *parked;
	struct stream *stream;	 /* owned: the request, if it is a stream. The same holds for it */
	bool head_sent;		 /* the response head was sent */
	bool writing;		 /* epoll reports room to write, not the next request */
	bool closing;		 /* close at the end of the round */
	bool busy;		 /* counts as connections.h says */
	size_t source;		 /* index of the FastCGI socket that it belongs to */
	uint64_t body_sent;	 /* bytes */
	size_t body_at;		 /* bytes of response.body that are sent */
	size_t large_limit;	 /* bytes of a large body that is not begun; 0: none */
	bool receiving;		 /* a large body: epoll reports its next part */
	bool unread;		 /* a large body waits: epoll reports only that the peer left */
	int64_t receiving_ms;	 /* monotonic: since when */
	int64_t large_since_us;	 /* monotonic: since when it waits in TURN_LARGE or TURN_WHOLE */
	struct account *account; /* of the exchange; NULL: it needs no turn */
	enum turn_queue queue;	 /* in which it waits for its turn */
	TAILQ_ENTRY(connection) turn;
	bool held;			      /* the response waits for its reader */
	size_t held_bytes;		      /* of memory for it, or for work in slices */
	int64_t progress_ms;		      /* monotonic: when its reader last took something */
	struct connection *next_ready;	      /* list of round.h */
	struct connection *next, **prev_link; /* list of connections.h */
};

/* Bounds of one worker. */
struct connection_bounds {
	size_t principal_requests; /* of one principal at the same time */
	/* Of one principal's responses that wait for their reader, and work in slices. */
	size_t principal_held_bytes;
	size_t held_bytes, held_responses; /* of all */
	int64_t reader_ms; /* after which a response of which nothing is read is dropped */
	size_t principal_waits, waits; /* parked requests of one principal, and of all */
};

/* State that all connections of a worker share. */
struct connection_shared {
	struct app app;
	struct exchange_pool idle;
	struct buf head, log_line; /* scratch memory */
	int64_t now;		   /* start of the round: wall clock, ms since the epoch */
	int64_t now_ms;		   /* the same of the monotonic clock */
	struct turns turns;
	struct parked parked;
	struct streams streams;
	size_t parked_bytes;	/* of memory of requests that are or were parked, and of streams */
	uint64_t flushes;	/* successful ones of this process */
	uint64_t drains;	/* app.all_drains when parked requests were last looked through */
	bool ends_waits;	/* the worker will exit: requests do not wait */
	bool flush_due;		/* for a parked request, or what a stream has to send */
	int64_t flush_pause_ms; /* monotonic: a flush has failed, and streams need none until then */
	struct connection_bounds bounds;
};

/* For a stream: the next flush is that of this round, unless one has just failed. */
static inline void connection_need_flush(struct connection_shared *shared)
{
	shared->flush_due |= shared->now_ms >= shared->flush_pause_ms;
}

/* Adds processor time to the cost of the request. */
static inline void connection_add_cost(struct connection *conn, int64_t us)
{
	if (conn->exchange)
		conn->exchange->cost_us += us;
	else if (conn->parked)
		conn->parked->cost_us += us;
}

/* Takes fcgi. Returns NULL without memory; fcgi then remains the caller's. */
struct connection *connection_new(struct fcgi *take_fcgi);
void connection_free(struct connection *conn, struct connection_shared *shared);
/*
 * Ends the request: its response is sent, or its peer has left. A result whose response was not
 * delivered is undone.
 */
void connection_end(struct connection *conn, struct connection_shared *shared);
void connection_shared_free(struct connection_shared *shared);

/*
 * Reads a request from a readable connection, but leaves a large body for its turns. *queue is
 * where it has to wait; TURN_NONE: it has a response, or is marked as closing because the peer has
 * left.
 */
void connection_receive(
	struct connection *conn, struct connection_shared *shared, enum turn_queue *queue);
/* The queue in which a response that is being sent has to wait for more rows; or TURN_NONE. */
enum turn_queue connection_wants_rows(const struct connection *conn);
/*
 * Takes a turn: continues the request, or fetches as many rows of a streamed list as one send
 * takes, or reads a part of a large body. *queue is the queue that it waited in, and is set to the
 * one that it has to wait in again, TURN_INPUT, TURN_PARKED and TURN_FLUSH included, or to
 * TURN_NONE if it has something to send or is closing. Returns false only with ERR_PANIC.
 */
bool connection_take_turn(struct connection *conn, struct connection_shared *shared,
	enum turn_queue *queue, struct err *err);
/*
 * After TURN_FLUSH, when the round was flushed (NULL) or the flush has failed: what follows the
 * turn, or its failure (round.h). *queue as above, or TURN_AGAIN.
 */
bool connection_end_round(struct connection *conn, struct connection_shared *shared,
	const struct err *failure, enum turn_queue *queue, struct err *err);
/*
 * Counts the memory of a response that waits for its reader. Without keep_rows, first frees the
 * rows of a list that are not encoded yet; they are read again at their turn.
 */
void connection_count_held(
	struct connection *conn, struct connection_shared *shared, bool keep_rows);
/* Whether all that the response shows, or has changed, is on disk. True if it is closing. */
bool connection_is_durable(const struct connection *conn, const struct connection_shared *shared);
/*
 * The flush of this round failed, and what was made of it is not known: replaces the response by
 * `err` if the request wrote, else by ERR_BUSY, because a read may have seen commits that are lost.
 * If the head was sent, marks the connection as closing.
 */
void connection_flush_failed(
	struct connection *conn, struct connection_shared *shared, const struct err *err);

enum connection_send_result {
	CONNECTION_DONE,   /* the response is sent; the connection waits for the next request */
	CONNECTION_MORE,   /* call again when there is room to write */
	CONNECTION_BROKEN, /* marked as closing */
};
/* Sends as much as fits. On CONNECTION_DONE, *status is the status code of the response. */
enum connection_send_result connection_send(
	struct connection *conn, struct connection_shared *shared, int *status);
