/* Requests that wait in a round that is lost: they begin again, or go on as they had waited. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "serve/parking.h"
#include "serve/rounds_fixture.h"

static const char *const prefers_wait[] = { "HTTP_PREFER", "wait=20", NULL };

/* A creation that waits for the end of the task was parked, but its task was not made. */
static void a_creation_that_waits_begins_again(void **state)
{
	(void)state;
	rounds_lose(1);
	loop_send_body(1, "POST", "/v1/tasks", "{}", prefers_wait);
	rounds_run();
	assert_int_equal(memory_faults.failed, 1);
	assert_int_equal(rounds_count(), 1);
	assert_int_equal(loop.counts.parked, 1);
	rounds_expect_none(1);
	parking_end(&loop.shared);
	rounds_run();
	rounds_expect(1, 201, "\"id\":");
	assert_int_equal(rounds_charged(), 2);
}

static void a_creation_that_waits_is_refused_like_others(void **state)
{
	(void)state;
	expect_log("round-lost");
	rounds_lose(CONNECTION_RUNS_MAX + 1);
	loop_send_body(1, "POST", "/v1/tasks", "{}", prefers_wait);
	rounds_run();
	rounds_expect(1, 503, "Retry-After: ");
	assert_int_equal(rounds_count(), 0);
	assert_int_equal(loop.counts.parked, 0);
	assert_int_equal(loop.shared.parked_bytes, 0);
}

static void a_creation_that_waits_has_an_unknown_outcome(void **state)
{
	(void)state;
	expect_log("round-lost");
	memory_faults.flush = ENGINE_UNKNOWN;
	memory_faults.flushes = 1;
	loop_send_body(1, "POST", "/v1/tasks", "{}", prefers_wait);
	rounds_run();
	rounds_expect(1, 503, "/v1/problems/unknown-outcome");
	assert_int_equal(loop.counts.parked, 0);
}

static void ask_for_claim(size_t client)
{
	loop_send_body(client, "POST", "/v1/claims", "{\"worker\":\"w1\",\"wait\":20}", NULL);
}

/* The task that it did not find was given to the first claim, for nothing. */
static void a_claim_that_found_nothing_in_a_lost_round_tries_again(void **state)
{
	(void)state;
	rounds_make_task();
	rounds_lose(1);
	ask_for_claim(1);
	ask_for_claim(2);
	loop_carry_out();
	assert_int_equal(loop.counts.parked, 0);
	assert_true(round_flush(&loop.round));
	round_send(&loop.round);
	assert_int_equal(loop.shared.turns.again, 2);
	rounds_run();
	assert_int_equal(loop.counts.parked, 1);
	assert_int_equal(loop.counts.undone, 0);
	rounds_make_task();
	rounds_expect(1, 200, "\"token\":");
	rounds_expect(2, 200, "\"token\":");
	assert_int_equal(loop.counts.parked, 0);
}

/* It was parked before, so it goes on waiting as it did. */
static void a_woken_claim_of_a_lost_round_tries_again(void **state)
{
	int64_t began;

	(void)state;
	ask_for_claim(1);
	rounds_run();
	assert_int_equal(loop.counts.parked, 1);
	began = TAILQ_FIRST(&loop.shared.parked.oldest)->until_ms;
	rounds_make_task();
	rounds_expect(1, 200, "\"token\":");
	ask_for_claim(1);
	rounds_run();
	assert_true(TAILQ_FIRST(&loop.shared.parked.oldest)->until_ms >= began);
	loop_send_body(2, "POST", "/v1/tasks", "{}", NULL);
	loop_carry_out();
	assert_true(round_flush(&loop.round));
	rounds_lose(1);
	round_send(&loop.round);
	rounds_run();
	rounds_expect(2, 201, "\"id\":");
	rounds_expect(1, 200, "\"token\":");
	assert_int_equal(loop.counts.parked, 0);
	assert_int_equal(loop.counts.undone, 0);
	assert_int_equal(loop.shared.parked_bytes, 0);
}

static void a_woken_claim_is_refused_after_the_last_run(void **state)
{
	(void)state;
	ask_for_claim(1);
	ask_for_claim(2);
	rounds_run();
	assert_int_equal(loop.counts.parked, 2);
	loop_send_body(3, "POST", "/v1/tasks", "{}", NULL);
	loop_carry_out();
	assert_true(round_flush(&loop.round));
	expect_log("round-lost");
	rounds_lose(CONNECTION_RUNS_MAX + 1);
	round_send(&loop.round);
	rounds_run();
	rounds_expect(3, 201, "\"id\":");
	rounds_expect(1, 503, "/v1/problems/busy");
	/* The next one of its line has got the task. */
	rounds_expect(2, 200, "\"token\":");
	assert_int_equal(loop.counts.undone, 0);
}

/* ---- a heartbeat that waits ---- */

static void send_heartbeat(size_t client, const char *task, const char *token)
{
	char uri[100], body[100];

	snprintf(uri, sizeof(uri), "%s/heartbeat", task);
	snprintf(body, sizeof(body), "{\"token\":\"%s\",\"wait\":20}", token);
	loop_send_body(client, "POST", uri, body, NULL);
}

static void a_heartbeat_that_waits_extends_the_lease_once(void **state)
{
	char task[ROUNDS_URI], token[ROUNDS_TOKEN];

	(void)state;
	rounds_claim_task(task, token);
	rounds_lose(1);
	send_heartbeat(1, task, token);
	rounds_run();
	assert_int_equal(memory_faults.failed, 1);
	assert_int_equal(loop.counts.parked, 1);
	/* The claim made revision 2, the heartbeat 3. */
	loop_send_body(2, "GET", task, "", NULL);
	rounds_run();
	rounds_expect(2, 200, "\"revision\":3");
	loop_send_body(2, "DELETE", task, "", NULL);
	rounds_run();
	rounds_expect(2, 204, "Status: 204");
	assert_int_equal(loop.counts.parked, 0);
	rounds_expect(1, 404, "Status: 404");
}

/* Both are in one round, whose flush raises the counter of the task once for both. */
static void a_change_in_the_round_of_the_heartbeat_is_news(void **state)
{
	char task[ROUNDS_URI], token[ROUNDS_TOKEN];

	(void)state;
	rounds_claim_task(task, token);
	send_heartbeat(1, task, token);
	loop_send_body(2, "DELETE", task, "", NULL);
	loop_carry_out();
	assert_true(round_flush(&loop.round));
	round_send(&loop.round);
	rounds_run();
	rounds_expect(2, 204, "Status: 204");
	rounds_expect(1, 404, "Status: 404");
}

/* ---- streams ---- */

static void open_stream(size_t client)
{
	const char *const fields[] = { "HTTP_ACCEPT", "text/event-stream", NULL };

	loop_send_body(client, "GET", "/v1/events", "", fields);
}

/* What the client has got of a response without an end. */
static void assert_streamed(size_t client, const char *text, bool is_sent)
{
	char bytes[16384];
	ssize_t got = recv(loop.clients[client], bytes, sizeof(bytes), MSG_DONTWAIT | MSG_PEEK);

	assert_int_equal(got > 0 && memmem(bytes, (size_t)got, text, strlen(text)), is_sent);
}

static void run_loop(int times)
{
	for (int i = 0; i < times; i++) {
		loop_carry_out();
		assert_true(round_flush(&loop.round));
		round_send(&loop.round);
	}
}

/* Where it begins was read in a round that was lost: it begins there again. */
static void a_stream_of_a_lost_round_begins_again(void **state)
{
	(void)state;
	rounds_make_task();
	rounds_lose(1);
	loop_send_body(2, "POST", "/v1/tasks", "{}", NULL);
	open_stream(1);
	loop_carry_out();
	assert_int_equal(loop.shared.streams.all, 0);
	assert_true(round_flush(&loop.round));
	round_send(&loop.round);
	assert_int_equal(loop.shared.turns.again, 2);
	assert_streamed(1, "Status: 200", false);
	run_loop(100);
	assert_int_equal(loop.shared.streams.all, 1);
	assert_streamed(1, "Status: 200", true);
	rounds_expect(2, 201, "\"id\":");
	streams_end(&loop.shared);
	run_loop(20);
	assert_int_equal(loop.shared.streams.all, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROUNDS_TEST(a_creation_that_waits_begins_again),
		ROUNDS_TEST(a_creation_that_waits_is_refused_like_others),
		ROUNDS_TEST(a_creation_that_waits_has_an_unknown_outcome),
		ROUNDS_TEST(a_claim_that_found_nothing_in_a_lost_round_tries_again),
		ROUNDS_TEST(a_woken_claim_of_a_lost_round_tries_again),
		ROUNDS_TEST(a_woken_claim_is_refused_after_the_last_run),
		ROUNDS_TEST(a_heartbeat_that_waits_extends_the_lease_once),
		ROUNDS_TEST(a_change_in_the_round_of_the_heartbeat_is_news),
		ROUNDS_TEST(a_stream_of_a_lost_round_begins_again),
	};
	struct err err;

	must(fcgi_init(&err), &err);
	return CHECK_RUN(tests);
}
