/* Streams of events, over real connections and rounds, with a journal of the test. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "lib/check.h"
#include "serve/stream_feed.h"
#include "serve/stream_fixture.h"

static size_t head_length(size_t client)
{
	const char *text = events.text[client].data;

	return (size_t)(strstr(text, "\r\n\r\n") + 4 - text);
}

static void stream_begins_with_its_place(void **state)
{
	(void)state;
	stream_add_events(7);
	stream_ask(0, "", "");
	stream_assert_text(0, "Status: 200 OK\r\nContent-Type: text/event-stream");
	stream_assert_text(0, "\r\n\r\nretry: 2");
	stream_assert_text(0, "\nevent: place\nid: e-7\ndata: {\"place\":\"e-7\"}\n\n");
	assert_int_equal(loop.counts.streams, 1);
	assert_int_equal(loop.connections.busy, LOOP_CLIENTS - 1);
	stream_assert_events(0, 1, 0, 1);
}

static void event_reaches_all_streams_once(void **state)
{
	unsigned reads;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		stream_ask(i, "", "");
	reads = events.reads;
	stream_add_events(1);
	stream_run();
	assert_int_equal(events.reads, reads + 1);
	for (size_t i = 0; i < 3; i++)
		stream_assert_events(i, 1, 1, 1);
	stream_add_events(3);
	stream_run();
	for (size_t i = 0; i < 3; i++)
		stream_assert_events(i, 2, 4, 1);
}

static void stream_goes_on_behind_its_place(void **state)
{
	(void)state;
	stream_add_events(1000);
	stream_ask(0, "", "e-0");
	stream_assert_events(0, 1, 1000, 1);
	stream_ask(1, "", "e-990");
	stream_assert_events(1, 991, 1000, 1);
	stream_add_events(1);
	stream_run();
	stream_assert_events(0, 1001, 1001, 1);
	stream_assert_events(1, 1001, 1001, 1);
}

/* More than the ring has, in one round. */
static void many_events_at_once_are_all_sent(void **state)
{
	(void)state;
	stream_ask(0, "", "");
	stream_ask(1, "", "");
	stream_add_events(5 * STREAM_RING);
	stream_run();
	stream_assert_events(0, 1, 5 * STREAM_RING, 1);
	stream_assert_events(1, 1, 5 * STREAM_RING, 1);
}

static void stream_gets_the_events_of_its_filter(void **state)
{
	(void)state;
	stream_add_events(100);
	stream_ask(0, "?kind=odd", "e-0");
	stream_ask(1, "?kind=none", "e-0");
	stream_assert_events(0, 1, 99, 2);
	stream_add_events(100);
	stream_run();
	stream_assert_events(0, 101, 199, 2);
	stream_assert_events(1, 1, 0, 1);
	assert_int_equal(stream_of(1)->place.number, 200);
}

static void tasks_are_read_for_streams_that_want_them(void **state)
{
	(void)state;
	stream_ask(0, "", "");
	stream_add_events(3);
	stream_run();
	stream_assert_events(0, 1, 3, 1);
	/* The ring has these events without their tasks. */
	stream_ask(1, "?include=task", "e-1");
	stream_assert_events(1, 2, 3, 1);
	stream_add_events(2);
	stream_run();
	stream_assert_events(0, 4, 5, 1);
	stream_assert_events(1, 4, 5, 1);
	/* A stream that does not want them, behind events that only the other one has got. */
	shutdown(loop.clients[0], SHUT_RDWR);
	stream_run();
	stream_add_events(2);
	stream_run();
	stream_ask(2, "", "e-5");
	stream_assert_events(1, 6, 7, 1);
	stream_assert_events(2, 6, 7, 1);
}

/* ---- durability ---- */

static void nothing_is_sent_before_it_is_on_disk(void **state)
{
	struct store_shared *shared = loop.round.store_shared;

	(void)state;
	stream_ask(0, "", "");
	events.text[0].len = 0;
	/* A commit that is not flushed. */
	atomic_fetch_add(&shared->commits.started, 1);
	atomic_fetch_add(&shared->other_commits.started, 1);
	stream_add_events(1);
	stream_ask_as(1, "", "e-0", "ann");
	for (int i = 0; i < 20; i++) {
		loop_carry_out();
		loop.round.connections->shared->flush_due = false;
		round_send(&loop.round);
		usleep(1000);
	}
	stream_receive(0);
	stream_receive(1);
	assert_int_equal(events.text[0].len + events.text[1].len, 0);
	assert_true(loop.shared.flush_due);
	loop_run();
	stream_run();
	stream_assert_events(0, 1, 1, 1);
	stream_assert_events(1, 1, 1, 1);
	atomic_fetch_add(&shared->commits.done, 1);
	atomic_fetch_add(&shared->other_commits.done, 1);
}

/* ---- slow readers ---- */

static void slow_reader_loses_nothing(void **state)
{
	(void)state;
	stream_ask(0, "", "");
	stream_ask(1, "", "");
	stream_limit_buffer(0);
	for (int i = 0; i < 10; i++) {
		stream_add_events(100);
		stream_run_unread();
		stream_receive(1);
	}
	assert_int_equal(stream_of(0)->state, STREAM_BLOCKED);
	assert_int_equal(loop.connections.writing, 1);
	stream_assert_events(1, 1, 1000, 1);
	for (int i = 0; i < 1000 && stream_of(0)->place.number < 1000; i++)
		stream_run();
	stream_run();
	stream_assert_events(0, 1, 1000, 1);
	assert_int_equal(loop.connections.writing, 0);
	assert_int_equal(loop.shared.turns.held_bytes, 0);
}

static void reader_that_takes_nothing_is_dropped(void **state)
{
	(void)state;
	stream_ask(0, "", "");
	stream_limit_buffer(0);
	stream_add_events(1000);
	stream_run_unread();
	assert_int_equal(stream_of(0)->state, STREAM_BLOCKED);
	loop.shared.bounds.reader_ms = 1;
	loop.shared.now_ms += 1000;
	round_sweep(&loop.round);
	assert_int_equal(loop.counts.dropped, 1);
	assert_int_equal(loop.connections.count, LOOP_CLIENTS - 1);
	assert_int_equal(loop.shared.streams.all, 0);
}

static void rests_are_bounded(void **state)
{
	(void)state;
	stream_ask(0, "", "");
	stream_limit_buffer(0);
	stream_add_events(3000);
	stream_run_unread();
	/* What it reads by itself does not fit into the socket. */
	loop.shared.bounds.principal_held_bytes = 1;
	stream_receive(0);
	stream_run_unread();
	assert_int_equal(loop.shared.streams.all, 0);
	assert_int_equal(loop.connections.count, LOOP_CLIENTS - 1);
}

/* ---- time ---- */

#define PLACE_3 "event: place\nid: e-3\ndata: {\"place\":\"e-3\"}\n\n"

static void silent_stream_gets_heartbeats(void **state)
{
	(void)state;
	stream_ask(0, "?kind=none", "");
	events.text[0].len = 0;
	stream_of(0)->sent_ms -= STREAM_HEARTBEAT_MS;
	stream_run();
	stream_assert_text(0, ":\n");
	assert_int_equal(events.text[0].len, 2);
	/* Events that it does not want move its place. */
	stream_add_events(3);
	stream_run();
	assert_int_equal(events.text[0].len, 2);
	stream_of(0)->sent_ms -= STREAM_HEARTBEAT_MS;
	stream_run();
	stream_assert_text(0, ":\n" PLACE_3);
	stream_run();
	assert_int_equal(events.text[0].len, strlen(":\n" PLACE_3));
}

static void stream_ends_after_its_time(void **state)
{
	(void)state;
	stream_ask(0, "", "");
	stream_ask(1, "", "");
	assert_in_range(stream_of(0)->until_ms - loop.shared.now_ms, STREAM_LEAST_MS - 10000,
		STREAM_LEAST_MS + STREAM_JITTER_MS);
	stream_of(0)->until_ms = 0;
	stream_add_events(1);
	stream_run();
	assert_true(events.ended[0]);
	assert_false(events.closed[0]);
	assert_false(events.ended[1]);
	assert_int_equal(loop.counts.streams, 1);
	/* A silent one. The connection carries the next request. */
	stream_of(1)->until_ms = 0;
	stream_of(1)->sent_ms -= STREAM_HEARTBEAT_MS;
	stream_run();
	assert_true(events.ended[1]);
	stream_assert_events(1, 1, 1, 1);
	stream_assert_events(0, 1, 0, 1);
	stream_ask(0, "", "e-0");
	stream_assert_events(0, 1, 1, 1);
	assert_int_equal(loop.connections.count, LOOP_CLIENTS);
	assert_int_equal(loop.counts.served, 2);
}

static char logged[4000];

static void keep_line(enum log_level level, struct str text)
{
	assert_int_equal(level, LOG_INFO);
	snprintf(logged, sizeof(logged), "%.*s", STR_ARGS(text));
}

static void end_of_a_stream_is_logged(void **state)
{
	long sent;

	(void)state;
	stream_ask(0, "", "");
	stream_add_events(1);
	stream_run();
	sent = (long)(events.text[0].len - head_length(0));
	log_capture(keep_line);
	shutdown(loop.clients[0], SHUT_RDWR);
	stream_run();
	assert_non_null(strstr(logged,
		"\"event\":\"request\",\"id\":\"r1\",\"tenant\":\"demo\",\"user\":\"ann\","
		"\"dialect\":\"native\",\"method\":\"GET\",\"route\":\"/events\",\"status\":200,"
		"\"in\":0,\"out\":"));
	/* The bytes behind the head. */
	assert_int_equal(strtol(strstr(logged, "\"out\":") + 6, NULL, 10), sent);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, stream_open, stream_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(stream_begins_with_its_place),
		TEST(event_reaches_all_streams_once),
		TEST(stream_goes_on_behind_its_place),
		TEST(many_events_at_once_are_all_sent),
		TEST(stream_gets_the_events_of_its_filter),
		TEST(tasks_are_read_for_streams_that_want_them),
		TEST(nothing_is_sent_before_it_is_on_disk),
		TEST(slow_reader_loses_nothing),
		TEST(reader_that_takes_nothing_is_dropped),
		TEST(rests_are_bounded),
		TEST(silent_stream_gets_heartbeats),
		TEST(stream_ends_after_its_time),
		TEST(end_of_a_stream_is_logged),
	};
	struct err err;

	must(fcgi_init(&err), &err);
	return CHECK_RUN(tests);
}
