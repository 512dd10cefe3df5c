/* Claims and batches in rounds of a shared engine that are lost, over real connections. */
#include <stdio.h>
#include <sys/socket.h>

#include "serve/rounds_fixture.h"

/* ---- claims ---- */

static void a_claim_of_a_lost_round_is_given_once(void **state)
{
	(void)state;
	rounds_make_task();
	rounds_lose(1);
	assert_int_equal(rounds_claim(1, 200), 1);
	assert_int_equal(loop.counts.undone, 0);
	assert_int_equal(rounds_claim(1, 204), 0);
}

static void a_claim_that_was_not_made_is_not_undone(void **state)
{
	(void)state;
	rounds_make_task();
	expect_log("round-lost");
	rounds_lose(CONNECTION_RUNS_MAX + 1);
	rounds_claim(1, 503);
	assert_int_equal(loop.counts.undone, 0);
	assert_int_equal(rounds_claim(1, 200), 1);
}

static void not_even_if_its_client_has_left(void **state)
{
	(void)state;
	rounds_make_task();
	expect_log("round-lost");
	rounds_lose(CONNECTION_RUNS_MAX + 1);
	loop_send_body(1, "POST", "/v1/claims", "{\"worker\":\"w1\"}", NULL);
	while (memory_faults.flushes > 0) {
		loop_carry_out();
		assert_true(round_flush(&loop.round));
		if (!loop.round.ready)
			round_send(&loop.round);
	}
	assert_non_null(loop.round.ready);
	shutdown(loop.clients[1], SHUT_RDWR);
	round_send(&loop.round);
	assert_int_equal(loop.counts.undone, 0);
}

static void a_claim_that_may_have_been_made_is_undone(void **state)
{
	(void)state;
	rounds_make_task();
	expect_log("round-lost");
	memory_faults.flush = ENGINE_UNKNOWN;
	memory_faults.flushes = 1;
	memory_faults.unknown_is_made = true;
	rounds_claim(1, 503);
	assert_int_equal(loop.counts.undone, 1);
	assert_false(store_has_unflushed(loop.shared.app.store));
	assert_int_equal(rounds_claim(1, 200), 1);
}

/* Its client has left: the undo has a flush of its own. */
static void an_undone_claim_is_flushed(void **state)
{
	(void)state;
	rounds_make_task();
	loop_send_body(1, "POST", "/v1/claims", "{\"worker\":\"w1\"}", NULL);
	loop_carry_out();
	shutdown(loop.clients[1], SHUT_RDWR);
	assert_true(round_flush(&loop.round));
	round_send(&loop.round);
	assert_int_equal(loop.counts.undone, 1);
	assert_false(store_has_unflushed(loop.shared.app.store));
	assert_int_equal(rounds_claim(2, 200), 1);
}

/* ---- batches ---- */

static void a_batch_begins_again_if_its_first_slice_is_lost(void **state)
{
	(void)state;
	rounds_lose(1);
	rounds_send_batch(1, "/v1/tasks");
	rounds_run();
	rounds_expect(1, 201, "\"created\":900");
	assert_int_equal(memory_faults.failed, 1);
	assert_int_equal(rounds_count(), 900);
	/* Its time is charged, too, but not each item a second time. */
	assert_in_range(rounds_charged(), 901, 1700);
}

static void a_batch_that_is_durable_in_part_has_an_unknown_outcome(void **state)
{
	(void)state;
	rounds_send_batch(1, "/v1/tasks");
	loop_carry_out();
	assert_true(round_flush(&loop.round));
	round_send(&loop.round);
	assert_in_range(rounds_count(), 1, 899);
	expect_log("round-lost");
	rounds_lose(1);
	rounds_run();
	rounds_expect(1, 503, "/v1/problems/unknown-outcome");
	assert_in_range(rounds_count(), 1, 899);
}

static void an_atomic_batch_is_one_transaction(void **state)
{
	(void)state;
	rounds_lose(2);
	rounds_send_batch(1, "/v1/tasks?atomic=true");
	rounds_run();
	rounds_expect(1, 201, "\"created\":900");
	assert_int_equal(rounds_count(), 900);
	/* Its time is charged, too, but not each item a second time. */
	assert_in_range(rounds_charged(), 901, 1700);
}

/* A body that is read in parts is kept until the flush. */
static void a_large_body_is_kept_for_the_next_run(void **state)
{
	char task[ROUNDS_URI], token[ROUNDS_TOKEN], uri[100];
	static char body[5100];

	(void)state;
	rounds_claim_task(task, token);
	snprintf(uri, sizeof(uri), "%s/complete", task);
	snprintf(body, sizeof(body), "{\"token\":\"%s\",\"log\":[\"%05000d\"]}", token, 7);
	loop.shared.app.options.body_limit = 1000;
	rounds_lose(1);
	rounds_post(1, uri, body);
	rounds_expect(1, 200, "\"succeeded\"");
	assert_int_equal(memory_faults.failed, 1);
	loop_send_body(1, "GET", task, "", NULL);
	rounds_run();
	rounds_expect(1, 200, "\"revision\":3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROUNDS_TEST(a_claim_of_a_lost_round_is_given_once),
		ROUNDS_TEST(a_claim_that_was_not_made_is_not_undone),
		ROUNDS_TEST(not_even_if_its_client_has_left),
		ROUNDS_TEST(a_claim_that_may_have_been_made_is_undone),
		ROUNDS_TEST(an_undone_claim_is_flushed),
		ROUNDS_TEST(a_batch_begins_again_if_its_first_slice_is_lost),
		ROUNDS_TEST(a_batch_that_is_durable_in_part_has_an_unknown_outcome),
		ROUNDS_TEST(an_atomic_batch_is_one_transaction),
		ROUNDS_TEST(a_large_body_is_kept_for_the_next_run),
	};
	struct err err;

	must(fcgi_init(&err), &err);
	return CHECK_RUN(tests);
}
