#pragma once
/*
 * The streams of a worker (GET /v1/events). A stream begins with a request whose exchange is
 * WORK_STREAM: it gives back the exchange and libfcgi's buffers, as a parked request does, and
 * keeps struct stream. Then it is in one of these states:
 *
 *	UNFLUSHED  what it has to send was read in this round, and may not be on disk
 *	CURRENT    takes what it has missed from the ring of its feed, in the order of streams_work()
 *	BEHIND     the ring does not reach back so far: it reads a page at each turn of its account
 *	BLOCKED    the web server does not read; dropped after connection_bounds.reader_ms
 *	ENDING     its time is over, or the worker will exit: only its place and the end are sent
 *
 * All sends are made by streams_work(), in parts of STREAMS_US with pauses, because thousands of
 * streams may get the same event: each send costs the web server some five times as much as this
 * worker, and requests of others would wait there behind all of them. The rest of a send that was
 * cut off is sent when its connection gets writable. A stream counts as a parked request
 * (connection_bounds.waits, principal_waits).
 */
#include "base/err.h"
#include "serve/stream.h"
#include "serve/turns.h"

/* Time of one streams_work(), in us; and if it has left something, until the next one. */
#define STREAMS_US	 250
#define STREAMS_PAUSE_US 1000
/* Without an event for so long, the client is sent a comment and its place. */
#define STREAM_HEARTBEAT_MS 15000
/* A stream ends after 8 to 12 minutes: the next one is authorized again. */
#define STREAM_LEAST_MS	 (8 * 60 * 1000)
#define STREAM_JITTER_MS (4 * 60 * 1000)
/* When a client comes back (retry), in ms: from 2 to 3 s. */
#define STREAM_RETRY_MS	       2000
#define STREAM_RETRY_JITTER_MS 1000
/* The counters of the store are looked at at least so often. */
#define STREAMS_POLL_MS 10
/* How long events wait for a flush of another process before this worker flushes. */
#define STREAMS_FLUSH_MS 5
/* A stream that ends is dropped if the web server does not read for so long. */
#define STREAM_END_MS 1000

struct connection_shared;
struct connections;

TAILQ_HEAD(stream_feed_list, stream_feed);

/* All zero, then streams_init(). */
struct streams {
	size_t count; /* without those that end */
	size_t all;
	struct stream_list unflushed, ending;
	struct stream_list silent; /* CURRENT ones by sent_ms */
	struct stream_list oldest; /* those that do not end, by their beginning */
	struct stream_feed_list feeds;
	struct stream_feed_list due; /* with events that not all streams have got */
	size_t ring_bytes;	     /* of all feeds */
	bool more;		     /* feeds have more to read now */
	bool unpublished;	     /* feeds have events that may not be on disk */
	int64_t pause_until_us;	     /* monotonic */
	uint64_t completed;	     /* streams whose end was sent */
};

void streams_init(struct streams *streams);
/* Frees the feeds. No stream may be left. */
void streams_free(struct streams *streams);
/*
 * Whether the principal may have another stream: ERR_TOO_MANY_REQUESTS, or ERR_BUSY if the worker
 * has none at all (connection_bounds.waits).
 */
bool streams_admit(
	const struct connection *conn, const struct connection_shared *shared, struct err *err);
/*
 * At the turn of a request with WORK_STREAM: makes it a stream; the connection then has no
 * exchange. False without memory.
 */
bool streams_begin(struct connection *conn, struct connection_shared *shared, struct err *err);
/*
 * At the turn of a stream that is BEHIND: reads what follows. *queue is TURN_STREAM if it has to
 * read more before it can send, else TURN_PARKED.
 */
void streams_catch_up(
	struct connection *conn, struct connection_shared *shared, enum turn_queue *queue);
/* Ends the stream of the connection, if it has one, with its log line. Before turns_leave(). */
void streams_leave(struct connection *conn, struct connection_shared *shared);
/* epoll has reported `events` for a stream. */
void streams_receive(struct connections *connections, struct connection *conn, uint32_t events);
/* Ends the oldest stream. */
void streams_end_oldest(struct connection_shared *shared);
/* The worker will exit: all streams end, and new ones at once. */
void streams_end(struct connection_shared *shared);
/* How long the next round may wait for events: at most `longest`, in ms. */
int streams_wait_ms(const struct connection_shared *shared, int longest);
/* After the flush of each round: reads the feeds, and sends. */
void streams_work(struct connections *connections);

/* ---- for streams.c, streams_work.c and streams_feeds.c ---- */

void streams_set_state(
	struct connection_shared *shared, struct stream *stream, enum stream_state state);
/* All that was kept is sent: sets the next state. */
void streams_go_on(struct connection_shared *shared, struct stream *stream);
/* Sends nothing more but its place, if that is a new one, and the end of the response. */
void streams_stop(struct connection_shared *shared, struct stream *stream);
/* Whether all is on disk that was read when connection_shared.flushes was flush_mark. */
bool streams_is_durable(
	const struct connection_shared *shared, struct str tenant, uint64_t flush_mark);
/* Looks for new events, until until_us, and publishes those that are on disk. */
void streams_read_feeds(struct connection_shared *shared, int64_t until_us);
/* Charges the time since began_us to the account of the stream. Returns the time. */
int64_t streams_charge(
	struct connection_shared *shared, const struct stream *stream, int64_t began_us);
