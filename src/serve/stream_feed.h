#pragma once
/*
 * The feed of one tenant in this worker. It reads each new event once, writes its text once, and
 * keeps the texts of the last events in a ring, from which all streams of the tenant are sent.
 * Events are published when they are durable; nothing else may be sent. Streams that begin further
 * back than the ring read by themselves what they have missed.
 */
#include "serve/exchange.h"
#include "serve/stream.h"

#define STREAM_RING	  256 /* events */
#define STREAM_RING_BYTES ((size_t)512 * 1024)
/* What is kept of the ring when all streams have it: for clients that come back at once. */
#define STREAM_KEEP	  32
#define STREAM_KEEP_BYTES ((size_t)32 * 1024)
#define STREAM_READ_MAX	  64 /* events of one read */
/* Content of one send. One event may be larger. */
#define STREAM_SEND_BYTES ((size_t)16 * 1024)

struct stream_event {
	struct journal_entry entry; /* number, and what filters compare; kind is in `bytes` */
	struct str texts[2]; /* without and with the task, in `bytes`; "" if no stream wanted it */
	size_t size;
	char bytes[];
};

struct stream_feed {
	struct str tenant; /* in bytes */
	const struct dialect *dialect;
	const struct route *route;
	size_t streams[2];	     /* that want texts without and with tasks */
	struct feed_place read;	     /* behind the last entry that was read */
	struct feed_place published; /* behind the last one that may be sent */
	struct stream_event *ring[STREAM_RING];
	size_t first, count;	  /* of the ring */
	size_t fresh;		  /* the last ones, which are not published */
	size_t bytes;		  /* of the events */
	uint64_t begin;		  /* the ring has all events behind this number */
	uint64_t texts_begin[2];  /* and behind this one their texts without and with tasks */
	uint64_t generation;	  /* grows when events are published */
	unsigned source;	  /* counter of the store */
	uint64_t counter_at_read; /* its value before the last read */
	bool more;		  /* there is more to read now */
	bool gone;	     /* the journal does not have the place of the last read any more */
	int retry_ms;	     /* time until the next read, if the last one failed; or 0 */
	uint64_t flush_mark; /* connection_shared.flushes at the last read */
	int64_t read_ms;     /* monotonic */
	/* Those that have got less are first; then generation is that of the feed. */
	struct stream_list current;
	/* For the encoder of both texts; NULL: no stream has wanted them. */
	struct request *requests[2];
	struct arena arena;
	struct buf text;
	TAILQ_ENTRY(stream_feed) feeds, due;
	bool is_due; /* in streams.due */
	char bytes_of_tenant[];
};

/* A feed without streams whose first events are those behind `place`. NULL without memory. */
struct stream_feed *stream_feed_new(
	const struct exchange *exchange, const struct feed_place *place);
void stream_feed_free(struct stream_feed *feed);
/*
 * Counts a stream, and prepares what its texts need of the request that asked for it. False without
 * memory.
 */
bool stream_feed_enter(
	struct stream_feed *feed, const struct stream *stream, const struct exchange *exchange);
void stream_feed_leave(struct stream_feed *feed, const struct stream *stream);

/* Reads the next page of events behind stream->place for one stream: *answer of the result. */
bool stream_feed_read_for(struct stream_feed *feed, struct app *app, const struct stream *stream,
	struct result *result, struct err *err);
/* Appends the text of an event, as the stream wants it. False without memory. */
bool stream_feed_write(struct stream_feed *feed, uint64_t epoch, const struct feed_event *event,
	bool with_task, struct buf *out);

/* Whether there is something to read. Fresh events must be published first. */
bool stream_feed_has_news(const struct stream_feed *feed, const struct app *app);
/*
 * Reads the next events into the ring, which keeps at most max_bytes of older ones. *changed:
 * stream_feed_publish() has something to publish. ERR_GONE: the journal does not have the place
 * any more. If the tenant had no events since the last read, the next one goes on. Else it empties
 * the ring, and the streams find out by themselves whether their places are gone, too.
 */
bool stream_feed_read(struct stream_feed *feed, struct app *app, size_t max_bytes, bool *changed,
	struct err *err);
/* What was read is durable. */
void stream_feed_publish(struct stream_feed *feed);
/* Forgets all but STREAM_KEEP events, because all streams have got them. */
void stream_feed_trim(struct stream_feed *feed);

/* Whether the stream gets all that it has missed from the ring. */
bool stream_feed_covers(const struct stream_feed *feed, const struct stream *stream);
/*
 * The next texts for a stream that the feed covers: at most STREAM_PARTS, and STREAM_SEND_BYTES
 * or one. Returns their number. *place: behind them and all before that the stream does not want;
 * *last_sent: the number of the last one.
 */
size_t stream_feed_collect(const struct stream_feed *feed, const struct stream *stream,
	struct str *parts, struct feed_place *place, uint64_t *last_sent);
/* The next of its streams that may not have got all that is published; NULL: none. */
static inline struct stream *stream_feed_first_due(const struct stream_feed *feed)
{
	struct stream *first = TAILQ_FIRST(&feed->current);

	return first && first->generation != feed->generation ? first : NULL;
}
