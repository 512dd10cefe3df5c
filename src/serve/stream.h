#pragma once
/*
 * A stream of events to one client (GET /v1/events), after the head of its response: what is kept
 * of it, and the bytes that are sent. It has neither an exchange nor libfcgi's buffers: its records
 * are written to the connection directly. streams.h has the states and what happens in them.
 */
#include <sys/queue.h>

#include "base/str.h"
#include "task/feed.h"

struct connection;
struct stream_feed;

enum stream_state {
	STREAM_NEW,
	STREAM_UNFLUSHED, /* what it has to send is kept until a flush (streams.unflushed) */
	STREAM_CURRENT,	  /* gets events from its feed (stream_feed.current) */
	STREAM_BEHIND,	  /* reads events itself, at its turns */
	STREAM_BLOCKED,	  /* until the web server reads */
	STREAM_ENDING,	  /* in streams.ending */
};

struct stream {
	struct connection *conn;
	struct stream_feed *feed;
	enum stream_state state;
	bool ends;     /* nothing more is sent but its place and the end of the response */
	bool end_kept; /* that is part of the rest */
	bool with_tasks;
	uint16_t request_id;
	int fd;
	struct feed_filter filter; /* its texts are in `bytes` */
	struct feed_place place;   /* behind the last event that was sent or is not wanted */
	uint64_t last_sent;	   /* number of the last place that the client was sent */
	uint64_t generation;	   /* of the feed, when events were last taken from it */
	uint64_t flush_mark;	   /* UNFLUSHED: as stream_feed.flush_mark */
	int64_t began_us;	   /* monotonic, as the next two */
	int64_t until_ms;	   /* it ends then, or at the next event or heartbeat */
	int64_t sent_ms;	   /* when something was last sent */
	uint64_t sent;		   /* bytes, without the head */
	char *rest;		   /* owned: records that were not sent, or sent in part */
	size_t rest_len, rest_at;
	size_t size; /* of this block */
	struct str user, request;
	TAILQ_ENTRY(stream) list;   /* of the state */
	TAILQ_ENTRY(stream) silent; /* CURRENT: streams.silent */
	TAILQ_ENTRY(stream) age;    /* streams.oldest, unless it ends */
	char bytes[];
};

TAILQ_HEAD(stream_list, stream);

/* All texts are copied. NULL without memory. */
struct stream *stream_new(const struct op_feed *feed, struct str user, struct str request);
void stream_free(struct stream *stream);

enum stream_sent {
	STREAM_SENT,
	STREAM_KEPT,	/* sent in part, or not: the rest is kept; call stream_send_rest() later */
	STREAM_REFUSED, /* nothing was sent or kept: the socket is full, or no memory */
	STREAM_BROKEN,	/* the web server has closed the connection */
};

#define STREAM_PARTS 32 /* at most, of one call */

/* Sends the parts as content of the response, at once if they fit. There must be no rest. */
enum stream_sent stream_send(struct stream *stream, const struct str *parts, size_t count);
enum stream_sent stream_send_rest(struct stream *stream);
/* Adds content to what stream_send_rest() sends. False without memory. */
bool stream_keep(struct stream *stream, struct str content);
/* Adds the end of the response. */
bool stream_keep_end(struct stream *stream);

#define STREAM_PLACE_SIZE (2 * FEED_PLACE_SIZE + 48)
/*
 * Writes an event of the type "place", by which the client knows where to go on. It has data,
 * because some clients ignore the id of an event without; of its type, because those of tasks have
 * none, and their listeners must not get it.
 */
struct str stream_format_place(const struct feed_place *place, char text[STREAM_PLACE_SIZE]);
