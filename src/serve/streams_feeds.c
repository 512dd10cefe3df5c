/* The feeds of a worker's streams: streams_read_feeds(). */
#include "base/clock.h"
#include "serve/connection.h"
#include "serve/stream_feed.h"

/* A feed is not read again within this time, in ms. */
#define READ_PAUSE_MS 1
/*
 * A feed without news is read again, because its place goes on with the events of other tenants,
 * and an old one would be gone. Less than STREAM_HEARTBEAT_MS.
 */
#define STALE_MS 5000
/* After a read that failed, doubled by each further one. Streams end at the last value. */
#define RETRY_MS     100
#define RETRY_MAX_MS 5000

static bool is_unpublished(const struct stream_feed *feed)
{
	return feed->read.number != feed->published.number ||
	       feed->read.epoch != feed->published.epoch;
}

static void publish(struct connection_shared *shared, struct stream_feed *feed)
{
	struct streams *streams = &shared->streams;

	if (!streams_is_durable(shared, feed->tenant, feed->flush_mark)) {
		streams->unpublished = true;
		if (shared->now_ms - feed->read_ms >= STREAMS_FLUSH_MS)
			connection_need_flush(shared);
		return;
	}
	stream_feed_publish(feed);
	if (stream_feed_first_due(feed) && !feed->is_due) {
		feed->is_due = true;
		TAILQ_INSERT_TAIL(&streams->due, feed, due);
	}
}

static void end_all(struct connection_shared *shared, const struct stream_feed *feed)
{
	struct stream *next;

	for (struct stream *stream = TAILQ_FIRST(&feed->current); stream; stream = next) {
		next = TAILQ_NEXT(stream, list);
		streams_stop(shared, stream);
	}
}

/* Rings of all feeds are bounded, too. */
static size_t ring_max(const struct connection_shared *shared)
{
	return shared->streams.ring_bytes > shared->bounds.held_bytes / 4 ? STREAM_KEEP_BYTES
									  : STREAM_RING_BYTES;
}

/* The clients of streams that end come back, and get the error as a response. */
static void back_off(
	struct connection_shared *shared, struct stream_feed *feed, const struct err *err)
{
	feed->retry_ms = feed->retry_ms == 0 ? RETRY_MS : 2 * feed->retry_ms;
	if (feed->retry_ms > RETRY_MAX_MS)
		feed->retry_ms = RETRY_MAX_MS;
	if (err->code == ERR_EVENTS_OFF || feed->retry_ms == RETRY_MAX_MS)
		end_all(shared, feed);
}

static void read_feed(struct connection_shared *shared, struct stream_feed *feed)
{
	struct streams *streams = &shared->streams;
	struct err err = { 0 };
	bool changed;

	streams->ring_bytes -= feed->bytes;
	if (stream_feed_read(feed, &shared->app, ring_max(shared), &changed, &err))
		feed->retry_ms = 0;
	else if (err.code != ERR_GONE)
		back_off(shared, feed, &err);
	streams->ring_bytes += feed->bytes;
	feed->read_ms = shared->now_ms;
	feed->flush_mark = shared->flushes;
	if (changed)
		publish(shared, feed);
}

static bool is_read_due(const struct connection_shared *shared, const struct stream_feed *feed)
{
	int64_t age = shared->now_ms - feed->read_ms;

	if (age < (feed->retry_ms > 0 ? feed->retry_ms : READ_PAUSE_MS))
		return false;
	return age >= STALE_MS || stream_feed_has_news(feed, &shared->app);
}

/* Returns false if the feed is gone. */
static bool look_after(struct connection_shared *shared, struct stream_feed *feed)
{
	struct streams *streams = &shared->streams;

	if (feed->streams[0] + feed->streams[1] == 0) {
		TAILQ_REMOVE(&streams->feeds, feed, feeds);
		if (feed->is_due)
			TAILQ_REMOVE(&streams->due, feed, due);
		streams->ring_bytes -= feed->bytes;
		stream_feed_free(feed);
		return false;
	}
	if (is_unpublished(feed))
		publish(shared, feed);
	if (is_unpublished(feed))
		return true;
	if (is_read_due(shared, feed))
		read_feed(shared, feed);
	streams->more |= feed->retry_ms == 0 && stream_feed_has_news(feed, &shared->app);
	return true;
}

/* The feeds that were not looked after are the first ones of the next round. */
void streams_read_feeds(struct connection_shared *shared, int64_t until_us)
{
	struct streams *streams = &shared->streams;
	struct stream_feed *feed = TAILQ_FIRST(&streams->feeds), *next;
	struct stream_feed *last = TAILQ_LAST(&streams->feeds, stream_feed_list);
	int64_t began = clock_mono_us(), now = began;
	bool is_last = !feed;

	streams->more = streams->unpublished = false;
	for (; !is_last && now < until_us; feed = next) {
		next = TAILQ_NEXT(feed, feeds);
		is_last = feed == last;
		if (!look_after(shared, feed))
			continue;
		TAILQ_REMOVE(&streams->feeds, feed, feeds);
		TAILQ_INSERT_TAIL(&streams->feeds, feed, feeds);
		if (!TAILQ_EMPTY(&feed->current)) {
			now = streams_charge(shared, TAILQ_FIRST(&feed->current), began);
			began = now;
		}
	}
	streams->more |= !is_last;
}

void streams_free(struct streams *streams)
{
	struct stream_feed *feed;

	while ((feed = TAILQ_FIRST(&streams->feeds))) {
		TAILQ_REMOVE(&streams->feeds, feed, feeds);
		stream_feed_free(feed);
	}
}
