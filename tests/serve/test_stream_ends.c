/* The ends of streams: of places, of the worker, of clients, and by bounds (stream_fixture.h). */
#include <sys/socket.h>

#include "lib/check.h"
#include "serve/parking.h"
#include "serve/stream_feed.h"
#include "serve/stream_fixture.h"

/* ---- the end of places ---- */

static void place_that_is_gone_is_refused(void **state)
{
	(void)state;
	stream_add_events(100);
	events.first = 50;
	stream_ask(0, "", "e-48");
	stream_assert_text(0, "Status: 410");
	assert_true(events.ended[0]);
	stream_ask(1, "", "f-60");
	stream_assert_text(1, "Status: 410");
	stream_ask(2, "", "e-49");
	stream_assert_events(2, 50, 100, 1);
}

static void stream_ends_if_its_events_are_gone(void **state)
{
	(void)state;
	stream_ask(0, "", "");
	stream_limit_buffer(0);
	stream_add_events(1000);
	stream_run_unread();
	events.first = 1001;
	for (int i = 0; i < 10; i++)
		stream_run();
	assert_true(events.ended[0]);
}

static void journal_that_is_emptied_ends_streams(void **state)
{
	(void)state;
	stream_ask(0, "", "");
	events.epoch++;
	events.last = 0;
	stream_add_events(5);
	stream_run();
	assert_true(events.ended[0]);
	stream_assert_events(0, 1, 0, 1);
	stream_ask(1, "", "f-2");
	stream_assert_events(1, 3, 5, 1);
	stream_add_events(1);
	stream_run();
	stream_assert_events(1, 6, 6, 1);
}

/* ---- the end of the worker, and of clients ---- */

static void exit_ends_all_streams(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		stream_ask(i, "", "");
	parking_end(&loop.shared);
	assert_true(round_has_work(&loop.round));
	stream_run();
	for (size_t i = 0; i < 3; i++)
		assert_true(events.ended[i]);
	assert_false(round_has_work(&loop.round));
	/* A new one ends at once, so that the client comes back to another worker. */
	stream_ask(3, "", "");
	stream_assert_text(3, "Status: 200");
	stream_assert_text(3, "\nid: e-0\ndata: {\"place\":");
	assert_true(events.ended[3]);
}

static size_t count_places(size_t client)
{
	size_t count = 0;

	buf_putc(&events.text[client], '\0');
	for (const char *at = events.text[client].data; (at = strstr(at, "event: place\n")); at++)
		count++;
	events.text[client].len--;
	return count;
}

/* One that has got no event since, one that has got the last one, and one that expects none. */
static void end_comes_with_the_newest_place(void **state)
{
	(void)state;
	stream_ask(0, "?kind=none", "");
	stream_ask(1, "", "");
	stream_ask(2, "?kind=even", "");
	stream_add_events(21);
	stream_run();
	stream_of(0)->sent_ms = stream_of(0)->until_ms = 0;
	stream_run();
	assert_true(events.ended[0]);
	stream_assert_text(0, "\nevent: place\nid: e-21\ndata: {\"place\":\"e-21\"}\n\n");
	assert_false(events.ended[1]);
	parking_end(&loop.shared);
	stream_run();
	assert_int_equal(count_places(0), 2);
	assert_int_equal(count_places(1), 1);
	assert_int_equal(count_places(2), 2);
	stream_assert_text(2, "\nevent: place\nid: e-21\n");
	stream_assert_events(1, 1, 21, 1);
	stream_assert_events(2, 2, 20, 2);
}

static void end_has_no_place_that_may_be_lost(void **state)
{
	(void)state;
	stream_ask(0, "", "");
	stream_ask(1, "", "");
	/* as after a read that is not flushed, and of a journal that was emptied */
	stream_of(0)->place.number = 5;
	stream_of(1)->place.epoch++;
	stream_of(1)->last_sent = 1;
	parking_end(&loop.shared);
	stream_run();
	assert_true(events.ended[0] && events.ended[1]);
	assert_int_equal(count_places(0), 1);
	assert_int_equal(count_places(1), 1);
}

/* The client gets what was not sent when it comes back: the place is before it. */
static void end_does_not_pass_events(void **state)
{
	(void)state;
	stream_ask(0, "?kind=odd", "");
	stream_add_events(4);
	stream_run();
	stream_assert_events(0, 1, 3, 2);
	stream_add_events(2);
	/* published, but the turn of the stream does not come any more */
	stream_of(0)->feed->read_ms = 0;
	streams_read_feeds(&loop.shared, INT64_MAX);
	assert_int_equal(stream_of(0)->feed->published.number, 6);
	parking_end(&loop.shared);
	stream_run();
	assert_true(events.ended[0]);
	stream_assert_text(0, "event: place\nid: e-4\n");
	stream_assert_events(0, 1, 0, 1);
}

static void reader_that_takes_nothing_does_not_delay_the_exit(void **state)
{
	(void)state;
	stream_ask(0, "", "");
	stream_limit_buffer(0);
	stream_add_events(1000);
	stream_run_unread();
	parking_end(&loop.shared);
	stream_run_unread();
	assert_int_equal(loop.shared.streams.all, 1);
	loop.shared.now_ms += STREAM_END_MS;
	round_sweep(&loop.round);
	assert_int_equal(loop.shared.streams.all, 0);
}

static void stream_is_not_handed_over(void **state)
{
	struct err err;

	(void)state;
	must(handover_open(&loop.connections.queues[0], &err), &err);
	stream_ask(0, "", "");
	assert_true(connections_hand_over(&loop.connections, true));
	assert_int_equal(loop.connections.count, 1);
	handover_close(&loop.connections.queues[0]);
}

static void client_that_leaves_is_noticed(void **state)
{
	(void)state;
	stream_ask(0, "", "");
	stream_ask(1, "", "");
	shutdown(loop.clients[0], SHUT_RDWR);
	stream_run();
	assert_int_equal(loop.counts.streams, 1);
	assert_int_equal(loop.connections.count, LOOP_CLIENTS - 1);
	shutdown(loop.clients[1], SHUT_RDWR);
	stream_run();
	assert_int_equal(loop.counts.streams, 0);
	assert_null(TAILQ_FIRST(&loop.shared.streams.feeds));
}

/* ---- bounds ---- */

static void streams_count_as_waits(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		stream_ask(i, "", "");
	assert_int_equal(loop.shared.parked_bytes, 3 * stream_of(0)->size);
	stream_ask(3, "", "");
	stream_assert_text(3, "Status: 429");
	loop.shared.bounds.waits = 3;
	stream_ask_as(3, "", "", "bob");
	stream_run();
	assert_true(events.ended[0]);
	assert_false(events.ended[1]);
	assert_int_equal(loop.counts.streams, 3);
}

static void streams_may_be_off(void **state)
{
	(void)state;
	loop.shared.bounds.waits = 0;
	stream_ask(0, "", "");
	stream_assert_text(0, "Status: 503");
}

static void head_has_no_stream(void **state)
{
	(void)state;
	loop_ask(0, "HEAD", "/v1/events");
	assert_int_equal(loop_status_of(0), 200);
	assert_int_equal(loop.shared.streams.all, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, stream_open, stream_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(place_that_is_gone_is_refused),
		TEST(stream_ends_if_its_events_are_gone),
		TEST(journal_that_is_emptied_ends_streams),
		TEST(exit_ends_all_streams),
		TEST(end_comes_with_the_newest_place),
		TEST(end_has_no_place_that_may_be_lost),
		TEST(end_does_not_pass_events),
		TEST(reader_that_takes_nothing_does_not_delay_the_exit),
		TEST(stream_is_not_handed_over),
		TEST(client_that_leaves_is_noticed),
		TEST(streams_count_as_waits),
		TEST(streams_may_be_off),
		TEST(head_has_no_stream),
	};
	struct err err;

	must(fcgi_init(&err), &err);
	return CHECK_RUN(tests);
}
