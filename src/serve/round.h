#pragma once
/*
 * A round of the event loop answers the requests that are ready with one log flush:
 *
 *	1. round_receive() for each ready connection: the request is read, and waits for its turn;
 *	2. round_work(): requests and lists take turns (turns.h), for a bounded time;
 *	3. round_flush(): no response may leave while a commit it depends on is not on disk;
 *	4. round_send(): the responses leave; parked requests are woken (parking.h).
 *
 * Other requests wait for the next round, which begins at once. After ERR_PANIC (a call returned
 * false) the process must exit: the outcome of the round is unknown, so no response may be sent.
 *
 * On a shared engine the commits of a round are one transaction of its server, from the first one
 * (store_has_unflushed()) to the flush. Its tenants are locked on all hosts until then, so each
 * round with a commit is flushed, whether a response waits for it or not. The flush may fail with
 * ERR_BUSY: the round is lost, nothing of it was made. Then its requests are run again, at most
 * CONNECTION_RUNS_MAX times. A request whose tenant another host has locked ends there, and is run
 * again after the flush. A request belongs to the round if its turn has used the store
 * (exchange.used_store) and the transaction was open at the end of the turn. It has at most one
 * turn in the round, waits as TURN_FLUSH, and is one of these:
 *
 *	postponed	nothing was done, because its operation flushes by itself
 *			(exchange.is_postponed)
 *	run again	nothing was sent, and nothing of it is durable: operations of one
 *			transaction, reads, lists, requests that were about to be parked or to
 *			become a stream, batches and removals in their first slices
 *	unknown outcome	earlier slices of it are durable (exchange.is_kept)
 *	closed		its response has begun to leave
 *	ERR_BUSY	it has used up its runs, or is a call of the token endpoint, whose failed
 *			logins would count twice
 *
 * Run again means from its beginning, with the same time and without another charge. A request
 * that was parked before the round begins with what it had waited for then, which is durable: no
 * request is parked before the flush of its round. A claim is not undone, because it was not made.
 * After ERR_UNKNOWN_OUTCOME all requests of the round are refused (connection_flush_failed()).
 *
 * Why no response shows what a lost round has made: the transaction, once open, stays open until a
 * flush. Only round_flush(), round_flush_undone() and operations that begin when it is not open
 * (exchange.is_postponed) flush. So if it is not open at the end of a turn, either it was not open
 * during the turn, or the turn has flushed its own changes: all that was read is durable. If it is
 * open, the request belongs to the round, and neither its response nor anything that was decided
 * by it is used before the flush has succeeded. Streams read when no transaction is open: after the
 * flush, as those of a turn in the round also do. Parked requests are woken then, too.
 */
#include "serve/connections.h"
#include "serve/counters.h"

#define ROUND_MAX 256 /* events */
/*
 * Time for the events of a round, in us by the clock. After it, epoll reports the other events to
 * the next round. Events beyond ROUND_MAX come first there. The shorter time applies while the
 * worker is contended (turns.h).
 */
#define ROUND_EVENTS_US		  2000
#define ROUND_EVENTS_CONTENDED_US 500
/*
 * Time of round_work(), in us by the clock: 2 ms, then up to 4 ms for short requests only, because
 * these share the flush. Contended (turns.h): as long as a flush takes, from 0.5 to 2 ms, then up
 * to 4 ms for short requests of light tenants only; and lists wait while a response can be sent.
 * Parked requests that were woken, which may be thousands, have turns for the shorter time only.
 */
#define ROUND_US	   2000
#define ROUND_CONTENDED_US 500
#define ROUND_SHORT_US	   4000

struct round {
	struct connections *connections;
	struct worker_counters *counters;
	struct store_shared *store_shared;
	const char *home;	  /* of the disk reserve (reserve.h) */
	struct connection *ready; /* with something to send, or closing */
	int64_t processor_us;	  /* processor time of this process when it was last read */
	int64_t swept_ms;	  /* monotonic: the last round_sweep() that looked */
	bool blocked;		  /* no connection that waits may have a turn yet */
	struct connection *held;  /* TURN_FLUSH, the last one first */
	bool ends;		  /* the round has no further turns */
	bool has_responses;	  /* turns of this round have finished requests */
	int64_t flush_us;	  /* mean time of the last flushes */
};

/*
 * Reads the request of a readable connection, or continues with the response of a writable one.
 * `events` is the mask that epoll_wait(2) reported. A request whose peer has left is dropped.
 */
void round_receive(struct round *round, struct connection *conn, uint32_t events);
/* Lets waiting requests take turns; their responses are then ready to be sent. */
bool round_work(struct round *round);
/* Whether requests are not carried out yet. */
bool round_has_work(const struct round *round);
/* How long the next round may wait for events: at most `longest`, in ms. */
int round_wait_ms(const struct round *round, int longest);
bool round_flush(struct round *round);
/*
 * Flushes what was committed since round_flush(): claims that were undone. If that fails, their
 * leases end by themselves. After ERR_PANIC app.lost.
 */
void round_flush_undone(struct round *round);
void round_send(struct round *round);
/* Drops what a slow peer holds for too long: a response, a large body. Call it in each round. */
void round_sweep(struct round *round);

/* ---- for round.c and round_flush.c ---- */

/* Lets the connection wait in the queue; with TURN_NONE or TURN_FLUSH, in a list of the round. */
void round_wait_or_send(struct round *round, struct connection *conn, enum turn_queue queue);
