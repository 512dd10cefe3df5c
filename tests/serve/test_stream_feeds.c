/* Feeds of streams: places that go on without events, and reads and flushes that fail. */
#include "base/log.h"
#include "lib/check.h"
#include "serve/stream_feed.h"
#include "serve/stream_fixture.h"

static unsigned flushes, flush_failures;

bool __wrap_store_flush(struct store *store, struct err *err);
bool __real_store_flush(struct store *store, struct err *err);

bool __wrap_store_flush(struct store *store, struct err *err)
{
	flushes++;
	if (flush_failures == 0)
		return __real_store_flush(store, err);
	flush_failures--;
	return err_set(err, ERR_INTERNAL, NULL, NULL);
}

static struct stream_feed *the_feed(void)
{
	return TAILQ_FIRST(&loop.shared.streams.feeds);
}

/* As if the feed had not been read for some seconds. */
static void let_feed_get_old(void)
{
	the_feed()->read_ms -= STREAM_HEARTBEAT_MS;
	stream_run();
}

/* ---- places ---- */

#define PLACE_100 "event: place\nid: e-100\ndata: {\"place\":\"e-100\"}\n\n"

static void place_goes_on_with_events_of_others(void **state)
{
	(void)state;
	stream_ask(0, "", "");
	stream_add_others(100);
	stream_run();
	assert_int_equal(the_feed()->published.number, 0);
	let_feed_get_old();
	assert_int_equal(the_feed()->published.number, 100);
	events.first = 90;
	stream_of(0)->sent_ms -= STREAM_HEARTBEAT_MS;
	stream_run();
	stream_assert_text(0, PLACE_100);
	stream_add_events(1);
	stream_run();
	stream_assert_events(0, 101, 101, 1);
	assert_false(events.ended[0]);
}

/* Its place is gone, but none of its events. */
static void quiet_stream_survives_the_removal_of_its_place(void **state)
{
	(void)state;
	stream_ask(0, "", "");
	stream_ask(1, "?kind=odd", "");
	stream_add_events(1);
	stream_run();
	stream_add_others(100);
	events.first = 50;
	let_feed_get_old();
	assert_false(events.ended[0]);
	assert_int_equal(the_feed()->published.number, 101);
	stream_add_events(2);
	stream_run();
	/* 1 and 102, 103 */
	assert_int_equal(the_feed()->count, 3);
	stream_assert_events(1, 1, 103, 102);
	assert_false(events.ended[0]);
	assert_int_equal(stream_of(0)->place.number, 103);
}

/* Only a stream that has missed events ends. */
static void stream_whose_place_is_kept_goes_on(void **state)
{
	(void)state;
	stream_ask(0, "", "");
	stream_add_others(100);
	stream_ask(1, "", "e-100");
	assert_int_equal(the_feed()->published.number, 0);
	events.first = 50;
	stream_add_events(3);
	stream_run();
	assert_true(events.ended[0]);
	assert_false(events.ended[1]);
	stream_assert_events(0, 1, 0, 1);
	stream_assert_events(1, 101, 103, 1);
	stream_add_events(1);
	stream_run();
	stream_assert_events(1, 104, 104, 1);
}

/* ---- reads that fail ---- */

static void read_that_fails_is_repeated_with_pauses(void **state)
{
	unsigned reads;

	(void)state;
	stream_ask(0, "", "");
	events.error = ERR_BUSY;
	stream_add_events(3);
	reads = events.reads;
	stream_run();
	/* It took less than 100 ms. */
	assert_int_equal(events.reads, reads + 1);
	assert_int_equal(round_wait_ms(&loop.round, 100), STREAMS_POLL_MS);
	assert_false(events.ended[0]);
	events.error = ERR_NONE;
	the_feed()->read_ms -= the_feed()->retry_ms;
	stream_run();
	stream_assert_events(0, 1, 3, 1);
	assert_int_equal(the_feed()->retry_ms, 0);
}

static void streams_end_if_reads_fail_for_long(void **state)
{
	unsigned tries = 0;

	(void)state;
	stream_ask(0, "", "");
	events.error = ERR_INTERNAL;
	stream_add_events(1);
	stream_run();
	for (; !events.ended[0] && tries < 20; tries++) {
		the_feed()->read_ms -= the_feed()->retry_ms;
		stream_run();
	}
	assert_int_equal(tries, 6);
	assert_int_equal(loop.shared.streams.all, 0);
}

static void streams_end_if_the_journal_is_off(void **state)
{
	(void)state;
	stream_ask(0, "", "");
	events.error = ERR_EVENTS_OFF;
	stream_add_events(1);
	stream_run();
	assert_true(events.ended[0]);
}

/* ---- flushes that fail ---- */

static void add_unflushed_commit(void)
{
	struct store_shared *shared = loop.round.store_shared;

	atomic_fetch_add(&shared->commits.started, 1);
	atomic_fetch_add(&shared->other_commits.started, 1);
}

static unsigned logged;

static void count_error(enum log_level level, struct str text)
{
	(void)text;
	logged += level == LOG_ERROR;
}

static void flush_that_fails_is_repeated_with_pauses(void **state)
{
	struct store_shared *shared = loop.round.store_shared;

	(void)state;
	flushes = logged = 0;
	flush_failures = 1000;
	log_capture(count_error);
	stream_ask(0, "", "");
	add_unflushed_commit();
	stream_add_events(1);
	stream_ask_as(1, "", "e-0", "bob");
	for (int i = 0; i < 10 && flushes == 0; i++)
		loop_run();
	assert_true(loop.shared.flush_pause_ms > loop.shared.now_ms);
	loop.shared.flush_pause_ms += 60000;
	loop_run();
	assert_int_equal(flushes, 1);
	assert_int_equal(round_wait_ms(&loop.round, 100), STREAMS_POLL_MS);
	loop.shared.flush_pause_ms = 0;
	loop_run();
	assert_true(flushes > 1);
	assert_int_equal(logged, flushes);
	flush_failures = 0;
	loop.shared.flush_pause_ms = 0;
	stream_run();
	stream_assert_events(0, 1, 1, 1);
	stream_assert_events(1, 1, 1, 1);
	atomic_fetch_add(&shared->commits.done, 1);
	atomic_fetch_add(&shared->other_commits.done, 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, stream_open, stream_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(place_goes_on_with_events_of_others),
		TEST(quiet_stream_survives_the_removal_of_its_place),
		TEST(stream_whose_place_is_kept_goes_on),
		TEST(read_that_fails_is_repeated_with_pauses),
		TEST(streams_end_if_reads_fail_for_long),
		TEST(streams_end_if_the_journal_is_off),
		TEST(flush_that_fails_is_repeated_with_pauses),
	};
	struct err err;

	must(fcgi_init(&err), &err);
	return CHECK_RUN(tests);
}
