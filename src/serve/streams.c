#include "serve/streams.h"

#include <stdlib.h>

#include "base/clock.h"
#include "serve/connection.h"
#include "serve/exchange_log.h"
#include "serve/rate.h"
#include "serve/stream_feed.h"

/* Content that a stream that is behind sends after one turn. One event may be larger. */
#define PAGE_BYTES ((size_t)32 * 1024)

void streams_init(struct streams *streams)
{
	TAILQ_INIT(&streams->unflushed);
	TAILQ_INIT(&streams->ending);
	TAILQ_INIT(&streams->silent);
	TAILQ_INIT(&streams->oldest);
	TAILQ_INIT(&streams->feeds);
	TAILQ_INIT(&streams->due);
}

/* ---- states ---- */

bool streams_is_durable(
	const struct connection_shared *shared, struct str tenant, uint64_t flush_mark)
{
	return shared->flushes != flush_mark || store_is_flushed_for(shared->app.store, tenant);
}

int64_t streams_charge(
	struct connection_shared *shared, const struct stream *stream, int64_t began_us)
{
	struct turns *turns = &shared->turns;

	turns->now_us = clock_mono_us();
	turns_spend(turns, stream->conn->account, turns->now_us - began_us);
	return turns->now_us;
}

static void leave_state(struct connection_shared *shared, struct stream *stream)
{
	struct streams *streams = &shared->streams;

	switch (stream->state) {
	case STREAM_UNFLUSHED:
		TAILQ_REMOVE(&streams->unflushed, stream, list);
		break;
	case STREAM_CURRENT:
		TAILQ_REMOVE(&stream->feed->current, stream, list);
		TAILQ_REMOVE(&streams->silent, stream, silent);
		break;
	case STREAM_BEHIND:
		turns_cancel(&shared->turns, stream->conn);
		break;
	case STREAM_BLOCKED:
		turns_hold(&shared->turns, stream->conn, false, 0);
		break;
	case STREAM_ENDING:
		TAILQ_REMOVE(&streams->ending, stream, list);
		break;
	case STREAM_NEW:
	default:
		break;
	}
}

/* Those that have missed something come first. */
static void enter_current(struct connection_shared *shared, struct stream *stream)
{
	struct streams *streams = &shared->streams;
	struct stream_feed *feed = stream->feed;
	bool due = stream->place.number < feed->published.number;

	stream->generation = due ? 0 : feed->generation;
	if (due)
		TAILQ_INSERT_HEAD(&feed->current, stream, list);
	else
		TAILQ_INSERT_TAIL(&feed->current, stream, list);
	if (due && !feed->is_due)
		TAILQ_INSERT_TAIL(&streams->due, feed, due);
	feed->is_due |= due;
	stream->sent_ms = shared->now_ms;
	TAILQ_INSERT_TAIL(&streams->silent, stream, silent);
}

static void enter_unflushed(struct connection_shared *shared, struct stream *stream)
{
	stream->flush_mark = shared->flushes;
	if (!streams_is_durable(shared, stream->feed->tenant, stream->flush_mark))
		connection_need_flush(shared);
	TAILQ_INSERT_TAIL(&shared->streams.unflushed, stream, list);
}

void streams_set_state(
	struct connection_shared *shared, struct stream *stream, enum stream_state state)
{
	leave_state(shared, stream);
	stream->state = state;
	if (state == STREAM_UNFLUSHED)
		enter_unflushed(shared, stream);
	else if (state == STREAM_CURRENT)
		enter_current(shared, stream);
	else if (state == STREAM_BEHIND)
		turns_wait(&shared->turns, stream->conn, TURN_STREAM);
	else if (state == STREAM_BLOCKED)
		turns_hold(&shared->turns, stream->conn, false, stream->rest_len);
	else if (state == STREAM_ENDING)
		TAILQ_INSERT_TAIL(&shared->streams.ending, stream, list);
}

void streams_go_on(struct connection_shared *shared, struct stream *stream)
{
	enum stream_state state = STREAM_BEHIND;

	if (stream->ends)
		state = STREAM_ENDING;
	else if (stream_feed_covers(stream->feed, stream))
		state = STREAM_CURRENT;
	streams_set_state(shared, stream, state);
}

/* ---- the end ---- */

void streams_stop(struct connection_shared *shared, struct stream *stream)
{
	struct streams *streams = &shared->streams;

	if (stream->ends)
		return;
	stream->ends = true;
	TAILQ_REMOVE(&streams->oldest, stream, age);
	streams->count--;
	if (stream->state == STREAM_CURRENT || stream->state == STREAM_BEHIND)
		streams_set_state(shared, stream, STREAM_ENDING);
}

void streams_end_oldest(struct connection_shared *shared)
{
	struct stream *oldest = TAILQ_FIRST(&shared->streams.oldest);

	if (oldest)
		streams_stop(shared, oldest);
}

void streams_end(struct connection_shared *shared)
{
	while (!TAILQ_EMPTY(&shared->streams.oldest))
		streams_end_oldest(shared);
}

/* The request is not kept, but for what its log line has. */
static void log_end_of(const struct stream *stream, struct connection_shared *shared)
{
	const struct stream_feed *feed = stream->feed;
	struct exchange *exchange = exchange_acquire(&shared->idle);
	struct err err;

	if (!exchange)
		return;
	request_add_cgi_param(&exchange->request, STR("REQUEST_METHOD"), STR("GET"), &err);
	request_add_cgi_param(
		&exchange->request, STR("POLYTASK_REQUEST_ID"), stream->request, &err);
	exchange->request.principal.tenant = feed->tenant;
	exchange->request.principal.user = stream->user;
	exchange->dialect = feed->dialect;
	exchange->route = feed->route;
	exchange->response.status = 200;
	exchange->wait.resumed = true;
	exchange->began_us = stream->began_us;
	exchange_log(&shared->app, exchange, &shared->log_line, stream->sent);
	exchange_release(&shared->idle, exchange);
}

/* A feed without streams is freed by streams_work(). */
void streams_leave(struct connection *conn, struct connection_shared *shared)
{
	struct streams *streams = &shared->streams;
	struct stream *stream = conn->stream;

	if (!stream)
		return;
	leave_state(shared, stream);
	stream->state = STREAM_NEW;
	if (!stream->ends) {
		TAILQ_REMOVE(&streams->oldest, stream, age);
		streams->count--;
	}
	streams->all--;
	stream_feed_leave(stream->feed, stream);
	conn->account->waits--;
	conn->account->waits_bytes -= stream->size;
	shared->parked_bytes -= stream->size;
	log_end_of(stream, shared);
	stream_free(stream);
	conn->stream = NULL;
}

/* ---- the beginning ---- */

static struct stream_feed *find_feed(const struct streams *streams, const struct exchange *exchange)
{
	struct stream_feed *feed = TAILQ_FIRST(&streams->feeds);

	while (feed && (feed->route != exchange->route ||
			       !str_eq(feed->tenant, exchange->request.principal.tenant)))
		feed = TAILQ_NEXT(feed, feeds);
	return feed;
}

/* The feed of a tenant's first stream begins where that stream does. */
static struct stream_feed *feed_of(
	struct streams *streams, const struct exchange *exchange, const struct feed_place *place)
{
	struct stream_feed *feed = find_feed(streams, exchange);

	if (feed)
		return feed;
	feed = stream_feed_new(exchange, place);
	if (feed)
		TAILQ_INSERT_TAIL(&streams->feeds, feed, feeds);
	return feed;
}

/* Before the first event behind which the stream begins, which app.c has read; or behind all. */
static struct feed_place first_place(const struct exchange *exchange)
{
	const struct feed_answer *answer = exchange->result.feed;
	struct feed_place place = answer->next;

	if (answer->count > 0)
		place.number = answer->events[0].entry.number - 1;
	return place;
}

/* The head; then how long to wait before a new try, and the place. */
static bool keep_head(struct stream *stream, const struct exchange *exchange, struct buf *text)
{
	char place[STREAM_PLACE_SIZE];
	size_t head;

	buf_reset(text);
	response_write_head(&exchange->response, text);
	head = text->len;
	buf_printf(text, "retry: %d\n",
		STREAM_RETRY_MS + (int)arc4random_uniform(STREAM_RETRY_JITTER_MS));
	buf_put_str(text, stream_format_place(&stream->place, place));
	if (!buf_ok(text) || !stream_keep(stream, buf_str(text)))
		return false;
	stream->sent -= head;
	stream->last_sent = stream->place.number;
	return true;
}

bool streams_admit(
	const struct connection *conn, const struct connection_shared *shared, struct err *err)
{
	const struct connection_bounds *bounds = &shared->bounds;

	if (bounds->waits == 0)
		return err_set(err, ERR_BUSY, NULL, NULL);
	if (conn->account->waits < bounds->principal_waits &&
		conn->account->waits_bytes < bounds->principal_held_bytes)
		return true;
	err_set(err, ERR_TOO_MANY_REQUESTS, NULL, NULL);
	err->retry_after = 1;
	return false;
}

static struct stream *make(
	struct connection *conn, struct connection_shared *shared, struct err *err)
{
	const struct exchange *exchange = conn->exchange;
	struct feed_place place = first_place(exchange);
	struct stream *stream = stream_new(exchange->stream, exchange->request.principal.user,
		request_cgi_param(&exchange->request, "POLYTASK_REQUEST_ID"));
	struct stream_feed *feed = feed_of(&shared->streams, exchange, &place);

	if (stream) {
		stream->conn = conn;
		stream->feed = feed;
		stream->place = place;
		stream->request_id = fcgi_request_id(conn->fcgi);
		stream->fd = fcgi_fd(conn->fcgi);
		stream->began_us = exchange->began_us;
		stream->sent_ms = shared->now_ms;
		stream->until_ms = shared->now_ms + STREAM_LEAST_MS +
				   arc4random_uniform(STREAM_JITTER_MS);
	}
	if (stream && feed && keep_head(stream, exchange, &shared->head) &&
		stream_feed_enter(feed, stream, exchange))
		return stream;
	stream_free(stream);
	err_no_memory(err);
	return NULL;
}

static void add(struct connection *conn, struct connection_shared *shared, struct stream *stream)
{
	struct streams *streams = &shared->streams;

	conn->stream = stream;
	conn->account->waits++;
	conn->account->waits_bytes += stream->size;
	shared->parked_bytes += stream->size;
	TAILQ_INSERT_TAIL(&streams->oldest, stream, age);
	streams->count++;
	streams->all++;
	streams_set_state(shared, stream, STREAM_UNFLUSHED);
	if (shared->ends_waits)
		streams_stop(shared, stream);
}

bool streams_begin(struct connection *conn, struct connection_shared *shared, struct err *err)
{
	struct stream *stream = make(conn, shared, err);

	if (!stream)
		return false;
	rate_charge(&shared->app, conn->exchange);
	exchange_release(&shared->idle, conn->exchange);
	conn->exchange = NULL;
	turns_hold(&shared->turns, conn, false, 0);
	fcgi_suspend(conn->fcgi);
	add(conn, shared, stream);
	return true;
}

/* ---- streams that are behind ---- */

/* Keeps the texts of a page, or of its beginning, and moves the place. */
static bool keep_page(
	struct stream *stream, const struct feed_answer *answer, struct buf *text, struct err *err)
{
	size_t i = 0;

	buf_reset(text);
	for (; i < answer->count && text->len < PAGE_BYTES; i++) {
		if (!stream_feed_write(stream->feed, answer->next.epoch, &answer->events[i],
			    stream->with_tasks, text))
			return err_no_memory(err);
	}
	if (!stream_keep(stream, buf_str(text)))
		return err_no_memory(err);
	if (i > 0)
		stream->last_sent = answer->events[i - 1].entry.number;
	stream->place = answer->next;
	if (i < answer->count)
		stream->place.number = stream->last_sent;
	return true;
}

/* Long searches find nothing to send, and the web server would take the stream for broken. */
static bool keep_heartbeat(
	struct stream *stream, const struct connection_shared *shared, struct err *err)
{
	if (stream->rest || shared->now_ms - stream->sent_ms < STREAM_HEARTBEAT_MS)
		return true;
	stream->sent_ms = shared->now_ms;
	return stream_keep(stream, STR(":\n")) || err_no_memory(err);
}

static bool read_page(struct stream *stream, struct connection_shared *shared, struct err *err)
{
	struct result result = { 0 };
	bool ok = stream_feed_read_for(stream->feed, &shared->app, stream, &result, err) &&
		  keep_page(stream, result.feed, &shared->head, err) &&
		  keep_heartbeat(stream, shared, err);

	store_result_free(&result);
	return ok;
}

/* After an error, the client comes back and gets it as a response. */
void streams_catch_up(
	struct connection *conn, struct connection_shared *shared, enum turn_queue *queue)
{
	struct stream *stream = conn->stream;
	struct err err = { 0 };

	*queue = TURN_PARKED;
	if (shared->now_ms >= stream->until_ms || !read_page(stream, shared, &err))
		streams_stop(shared, stream);
	else if (stream->rest)
		streams_set_state(shared, stream, STREAM_UNFLUSHED);
	else if (stream_feed_covers(stream->feed, stream))
		streams_set_state(shared, stream, STREAM_CURRENT);
	else
		*queue = TURN_STREAM;
}
