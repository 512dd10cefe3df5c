/* What streams do after the flush of each round: streams_work(), and what epoll reports. */
#include <sys/epoll.h>

#include "base/clock.h"
#include "serve/connections.h"
#include "serve/stream_feed.h"

/* Streams of one feed, before those of the next one. */
#define QUANTUM 32

struct work {
	struct connections *connections;
	struct connection_shared *shared;
	int64_t now_us, until_us;
};

static bool is_over(const struct work *work)
{
	return work->now_us >= work->until_us;
}

static void charge(struct work *work, const struct stream *stream)
{
	work->now_us = streams_charge(work->shared, stream, work->now_us);
}

/* ---- sending ---- */

static void drop(struct work *work, struct stream *stream)
{
	connections_drop(work->connections, stream->conn);
}

/* The memory of rests is bounded: a client whose stream is dropped comes back. */
static bool may_block(const struct connection_shared *shared, const struct stream *stream)
{
	const struct account *account = stream->conn->account;

	return stream->rest_len == 0 ||
	       (account->held_bytes + stream->rest_len <= shared->bounds.principal_held_bytes &&
		       shared->turns.held_bytes + stream->rest_len <=
			       shared->bounds.held_bytes / 2);
}

static void block(struct work *work, struct stream *stream)
{
	struct connection *conn = stream->conn;

	if (!may_block(work->shared, stream)) {
		drop(work, stream);
		return;
	}
	streams_set_state(work->shared, stream, STREAM_BLOCKED);
	if (!conn->writing)
		conn->progress_ms = work->shared->now_ms;
	connections_set_writing(work->connections, conn, true);
	if (conn->closing)
		drop(work, stream);
}

/* The end was sent: the connection waits for the next request. */
static void complete(struct work *work, struct stream *stream)
{
	struct connection *conn = stream->conn;

	work->shared->streams.completed++;
	conn->closing = !fcgi_keeps_connection(conn->fcgi);
	connection_end(conn, work->shared);
	connections_set_writing(work->connections, conn, false);
	if (conn->closing)
		connections_drop(work->connections, conn);
}

static void after_rest(struct work *work, struct stream *stream)
{
	if (stream->end_kept) {
		complete(work, stream);
		return;
	}
	if (stream->conn->writing)
		connections_set_writing(work->connections, stream->conn, false);
	if (stream->conn->closing)
		drop(work, stream);
	else
		streams_go_on(work->shared, stream);
}

/* The state then is another one, or the stream is gone. */
static void send_rest(struct work *work, struct stream *stream)
{
	enum stream_sent sent = stream_send_rest(stream);

	charge(work, stream);
	if (sent == STREAM_SENT)
		after_rest(work, stream);
	else if (sent == STREAM_BROKEN)
		drop(work, stream);
	else
		block(work, stream);
}

/* ---- places ---- */

/* The place is that of the published events, unless the stream has to get some of them first. */
static void advance(struct stream *stream)
{
	struct str parts[STREAM_PARTS];
	struct feed_place place;
	uint64_t last_sent = stream->last_sent;

	if (stream_feed_covers(stream->feed, stream) &&
		stream_feed_collect(stream->feed, stream, parts, &place, &last_sent) == 0)
		stream->place = place;
}

/* A place that the feed has not published may not be on disk. */
static bool has_new_place(const struct stream *stream)
{
	const struct feed_place *published = &stream->feed->published;

	return stream->place.number != stream->last_sent &&
	       stream->place.epoch == published->epoch && stream->place.number <= published->number;
}

static struct str tell_place(struct stream *stream, char text[STREAM_PLACE_SIZE])
{
	stream->last_sent = stream->place.number;
	return stream_format_place(&stream->place, text);
}

/* ---- the end ---- */

/* The client goes on there: it may have got no event for long, and an old place would be gone. */
static bool keep_last_place(struct stream *stream)
{
	char text[STREAM_PLACE_SIZE];

	advance(stream);
	return !has_new_place(stream) || stream_keep(stream, tell_place(stream, text));
}

static void send_end(struct work *work, struct stream *stream)
{
	stream->end_kept = keep_last_place(stream) && stream_keep_end(stream);
	if (stream->end_kept)
		send_rest(work, stream);
	else
		drop(work, stream);
}

static void send_ends(struct work *work)
{
	struct stream *stream;

	while (!is_over(work) && (stream = TAILQ_FIRST(&work->shared->streams.ending)))
		send_end(work, stream);
}

/* They are in the order of their reading: if the first one waits for a flush, all others do. */
static void send_unflushed(struct work *work)
{
	struct connection_shared *shared = work->shared;
	struct stream *stream, *next;

	for (stream = TAILQ_FIRST(&shared->streams.unflushed); stream && !is_over(work);
		stream = next) {
		next = TAILQ_NEXT(stream, list);
		if (streams_is_durable(shared, stream->feed->tenant, stream->flush_mark))
			send_rest(work, stream);
		else
			connection_need_flush(shared);
	}
}

/* ---- events ---- */

/* A stream that has got all is the last one. One that has not is the first one still. */
static void rotate(struct stream *stream)
{
	struct stream_feed *feed = stream->feed;

	if (stream->place.number < feed->published.number)
		return;
	stream->generation = feed->generation;
	TAILQ_REMOVE(&feed->current, stream, list);
	TAILQ_INSERT_TAIL(&feed->current, stream, list);
}

static void note_sent(struct work *work, struct stream *stream)
{
	struct streams *streams = &work->shared->streams;

	stream->sent_ms = work->shared->now_ms;
	TAILQ_REMOVE(&streams->silent, stream, silent);
	TAILQ_INSERT_TAIL(&streams->silent, stream, silent);
}

/* Sends what the feed has for a stream. */
static void serve(struct work *work, struct stream *stream)
{
	struct str parts[STREAM_PARTS];
	struct feed_place place;
	uint64_t last_sent = stream->last_sent;
	enum stream_sent sent = STREAM_SENT;
	size_t count;

	if (!stream_feed_covers(stream->feed, stream)) {
		streams_set_state(work->shared, stream, STREAM_BEHIND);
		return;
	}
	count = stream_feed_collect(stream->feed, stream, parts, &place, &last_sent);
	if (count > 0)
		sent = stream_send(stream, parts, count);
	charge(work, stream);
	if (sent == STREAM_SENT || sent == STREAM_KEPT) {
		stream->place = place;
		stream->last_sent = last_sent;
	}
	if (sent == STREAM_SENT && count > 0)
		note_sent(work, stream);
	if (sent == STREAM_SENT)
		rotate(stream);
	else if (sent == STREAM_BROKEN)
		drop(work, stream);
	else
		block(work, stream);
}

static void serve_or_stop(struct work *work, struct stream *stream)
{
	if (work->shared->now_ms >= stream->until_ms)
		streams_stop(work->shared, stream);
	else
		serve(work, stream);
}

static void end_turn(struct work *work, struct stream_feed *feed)
{
	struct streams *streams = &work->shared->streams;

	TAILQ_REMOVE(&streams->due, feed, due);
	feed->is_due = stream_feed_first_due(feed) != NULL;
	if (feed->is_due) {
		TAILQ_INSERT_TAIL(&streams->due, feed, due);
		return;
	}
	streams->ring_bytes -= feed->bytes;
	stream_feed_trim(feed);
	streams->ring_bytes += feed->bytes;
}

/* The feeds take turns. */
static void distribute(struct work *work)
{
	struct stream_feed *feed;

	while (!is_over(work) && (feed = TAILQ_FIRST(&work->shared->streams.due))) {
		struct stream *stream = stream_feed_first_due(feed);

		for (int i = 0; stream && i < QUANTUM && !is_over(work); i++) {
			serve_or_stop(work, stream);
			stream = stream_feed_first_due(feed);
		}
		end_turn(work, feed);
	}
}

/* ---- heartbeats ---- */

static bool is_silent(const struct connection_shared *shared, const struct stream *stream)
{
	return stream && shared->now_ms - stream->sent_ms >= STREAM_HEARTBEAT_MS;
}

/* Places move on, and an old one is not kept for ever. */
static void beat(struct work *work, struct stream *stream)
{
	char text[STREAM_PLACE_SIZE];
	struct str part;
	enum stream_sent sent;

	advance(stream);
	part = has_new_place(stream) ? tell_place(stream, text) : STR(":\n");
	sent = stream_send(stream, &part, 1);
	charge(work, stream);
	if (sent == STREAM_SENT)
		note_sent(work, stream);
	else if (sent == STREAM_BROKEN)
		drop(work, stream);
	else
		block(work, stream);
}

static void send_heartbeats(struct work *work)
{
	struct connection_shared *shared = work->shared;
	struct stream *stream;

	while (!is_over(work) && is_silent(shared, stream = TAILQ_FIRST(&shared->streams.silent))) {
		if (shared->now_ms >= stream->until_ms)
			streams_stop(shared, stream);
		else
			beat(work, stream);
	}
}

/* ---- the round ---- */

/* Whether something can be sent; flushes: what is read can be flushed now. */
static bool is_waiting(const struct streams *streams, bool flushes)
{
	return !TAILQ_EMPTY(&streams->ending) || !TAILQ_EMPTY(&streams->due) ||
	       (flushes && !TAILQ_EMPTY(&streams->unflushed));
}

int streams_wait_ms(const struct connection_shared *shared, int longest)
{
	const struct streams *streams = &shared->streams;
	bool flushes = shared->now_ms >= shared->flush_pause_ms;
	int wait_ms = (flushes && streams->unpublished) || streams->more ? 1 : STREAMS_POLL_MS;

	if (streams->all == 0)
		return longest;
	if (is_waiting(streams, flushes))
		wait_ms = shared->turns.now_us < streams->pause_until_us ? 1 : 0;
	return wait_ms < longest ? wait_ms : longest;
}

void streams_work(struct connections *connections)
{
	struct connection_shared *shared = connections->shared;
	int64_t now = clock_mono_us();
	struct work work = { connections, shared, now, now + STREAMS_US };

	if (TAILQ_EMPTY(&shared->streams.feeds) || now < shared->streams.pause_until_us)
		return;
	send_ends(&work);
	send_unflushed(&work);
	streams_read_feeds(shared, work.until_us);
	work.now_us = clock_mono_us();
	distribute(&work);
	send_heartbeats(&work);
	if (is_over(&work))
		shared->streams.pause_until_us = work.now_us + STREAMS_PAUSE_US;
}

void streams_receive(struct connections *connections, struct connection *conn, uint32_t events)
{
	struct connection_shared *shared = connections->shared;
	struct work work = { connections, shared, clock_mono_us(), 0 };

	if (events != EPOLLOUT || conn->stream->state != STREAM_BLOCKED) {
		connections_drop(connections, conn);
		return;
	}
	conn->progress_ms = shared->now_ms;
	send_rest(&work, conn->stream);
}
