#include "serve/stream_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/check.h"
#include "lib/fcgi_client.h"
#include "serve/stream_feed.h"
#include "store/wake.h"

struct stream_fixture events;

/* ---- the journal ---- */

bool __wrap_store_apply(
	struct store *store, const struct op *op, struct result *result, struct err *err);
bool __real_store_apply(
	struct store *store, const struct op *op, struct result *result, struct err *err);

static struct feed_event event_of(uint64_t number)
{
	return (struct feed_event){ .entry = { .number = number,
					    .id = { .bytes = { 1, [15] = (uint8_t)number } },
					    .dialect = 1,
					    .task_number = number,
					    .kind = number % 2 ? events.kind_odd : STR("even"),
					    .event = JOURNAL_CREATED,
					    .to = TASK_PENDING,
					    .at = 1000,
					    .revision = 1 } };
}

static struct feed_place begin_of(const struct op_feed *feed)
{
	struct feed_place place = { events.epoch, events.last };

	if (feed->start == FEED_FROM_PLACE)
		place = feed->after;
	else if (feed->start == FEED_FROM_FIRST)
		place.number = events.first - 1;
	return place;
}

static bool read_feed(const struct op_feed *feed, struct result *result, struct err *err)
{
	struct feed_place place = begin_of(feed);
	struct feed_answer *answer;

	events.reads++;
	if (events.error)
		return err_set(err, events.error, NULL, NULL);
	if (place.epoch != events.epoch || place.number + 1 < events.first)
		return err_set(err, ERR_GONE, NULL, NULL);
	answer = calloc(1, sizeof(*answer) + feed->limit * sizeof(*answer->events));
	answer->events = (struct feed_event *)(void *)(answer + 1);
	while (place.number < events.last && answer->count < feed->limit) {
		struct feed_event event = event_of(++place.number);

		if (event.entry.number >= events.others_from && event.entry.number <= events.others)
			continue;
		if (feed_filter_matches(&feed->filter, &event.entry))
			answer->events[answer->count++] = event;
	}
	answer->next = place;
	answer->more = place.number < events.last;
	result->kind = OP_FEED;
	result->feed = answer;
	return true;
}

bool __wrap_store_apply(
	struct store *store, const struct op *op, struct result *result, struct err *err)
{
	return op->kind == OP_FEED ? read_feed(op->feed, result, err)
				   : __real_store_apply(store, op, result, err);
}

void __wrap_store_result_free(struct result *result);
void __real_store_result_free(struct result *result);

void __wrap_store_result_free(struct result *result)
{
	free(result->feed);
	result->feed = NULL;
	__real_store_result_free(result);
}

void stream_add_events(uint64_t count)
{
	events.last += count;
	loop.round.store_shared->wake_counters[store_feed_source(STR("demo"))]++;
}

void stream_add_others(uint64_t count)
{
	events.others_from = events.last + 1;
	events.last += count;
	events.others = events.last;
}

/* ---- clients ---- */

int stream_open(void **state)
{
	events = (struct stream_fixture){ .epoch = EPOCH, .first = 1, .kind_odd = STR("odd") };
	return loop_open(state);
}

int stream_close(void **state)
{
	int rc = loop_close(state);

	assert_int_equal(loop.shared.parked_bytes, 0);
	assert_int_equal(loop.shared.streams.all, 0);
	assert_int_equal(loop.shared.streams.count, 0);
	for (size_t i = 0; i < LOOP_CLIENTS; i++) {
		buf_free(&events.text[i]);
		buf_free(&events.raw[i]);
	}
	return rc;
}

void stream_ask_as(size_t client, const char *query, const char *place, const char *user)
{
	char uri[200];
	const char *const pairs[] = { "REQUEST_METHOD", "GET", "REQUEST_URI", uri, "REMOTE_USER",
		user, "POLYTASK_TENANT", "demo", "POLYTASK_RIGHTS", "read", "POLYTASK_DIALECT", "*",
		"POLYTASK_REQUEST_ID", "r1", "HTTP_ACCEPT", "text/event-stream",
		place[0] ? "HTTP_LAST_EVENT_ID" : NULL, place, NULL };
	struct buf bytes = BUF_INIT;

	snprintf(uri, sizeof(uri), "/v1/events%s", query);
	fcgi_client_put_request(&bytes, pairs, STR(""));
	assert_int_equal(write(loop.clients[client], bytes.data, bytes.len), bytes.len);
	buf_free(&bytes);
	events.ended[client] = false;
}

void stream_ask(size_t client, const char *query, const char *place)
{
	stream_ask_as(client, query, place, "ann");
	stream_run();
}

static void take_records(size_t client)
{
	struct buf *raw = &events.raw[client];
	size_t at = 0;

	while (raw->len - at >= 8) {
		const unsigned char *header = (const unsigned char *)raw->data + at;
		size_t len = (size_t)header[4] << 8 | header[5];

		if (raw->len - at < 8 + len + header[6])
			break;
		if (header[1] == FCGI_CLIENT_STDOUT)
			buf_put(&events.text[client], header + 8, len);
		events.ended[client] |= header[1] == FCGI_CLIENT_END;
		at += 8 + len + header[6];
	}
	buf_consume(raw, at);
}

void stream_receive(size_t client)
{
	char bytes[8192];
	ssize_t got;

	while ((got = recv(loop.clients[client], bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		buf_put(&events.raw[client], bytes, (size_t)got);
	events.closed[client] = got == 0;
	take_records(client);
}

static bool receive_all(void)
{
	size_t before = 0, after = 0;

	for (size_t i = 0; i < LOOP_CLIENTS; i++) {
		before += events.text[i].len;
		stream_receive(i);
		after += events.text[i].len;
	}
	return after > before;
}

void stream_run(void)
{
	int rounds = 0;

	do {
		loop_run();
		usleep(1000);
	} while (receive_all() || ++rounds < 3 ||
		 (round_wait_ms(&loop.round, 100) < STREAMS_POLL_MS && rounds < 1000));
}

/* Connections are added at the front. */
struct stream *stream_of(size_t client)
{
	struct connection *conn = loop.connections.first;

	for (size_t i = LOOP_CLIENTS - 1; i > client; i--)
		conn = conn->next;
	return conn->stream;
}

/* Takes the next event of a task from the text. False: there is none. */
static bool next_event(struct buf *text, char *id, size_t size)
{
	bool has_data = false;

	while (!has_data) {
		char *end = text->len > 0 ? memmem(text->data, text->len, "\n\n", 2) : NULL;
		char *line;

		if (!end)
			return false;
		*end = '\0';
		line = strstr(text->data, "id: ");
		snprintf(id, size, "%.*s", line ? (int)strcspn(line + 4, "\n") : 0,
			line ? line + 4 : "");
		has_data = strstr(text->data, "\ndata: {") && !strstr(text->data, "event: place\n");
		buf_consume(text, (size_t)(end + 2 - text->data));
	}
	return true;
}

void stream_assert_events(size_t client, uint64_t from, uint64_t to, uint64_t step)
{
	char id[60], expected[FEED_PLACE_SIZE];

	for (uint64_t number = from; number <= to; number += step) {
		struct feed_place place = { events.epoch, number };

		feed_place_format(&place, expected);
		assert_true(next_event(&events.text[client], id, sizeof(id)));
		assert_string_equal(id, expected);
	}
	assert_false(next_event(&events.text[client], id, sizeof(id)));
}

void stream_assert_text(size_t client, const char *part)
{
	assert_true(buf_ok(&events.text[client]));
	buf_putc(&events.text[client], '\0');
	assert_non_null(strstr(events.text[client].data, part));
	events.text[client].len--;
}

void stream_limit_buffer(size_t client)
{
	int size = 1;

	setsockopt(stream_of(client)->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

void stream_run_unread(void)
{
	for (int i = 0; i < 50; i++) {
		loop_run();
		usleep(1000);
	}
}
