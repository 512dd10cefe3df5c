/*
 * Rounds of a shared engine that are lost, over real connections: every request is carried out
 * again, and is answered, charged and made once.
 */
#include <stdio.h>
#include <sys/socket.h>

#include "serve/rounds_fixture.h"

/* Its lists are sent while they are read. */
#define VIRTSHELL_TASKS "/api/virtshell/v1/tasks"

/* ---- single operations ---- */

static void assert_created_once(unsigned lost)
{
	rounds_lose(lost);
	rounds_post(1, "/v1/tasks", "{}");
	rounds_expect(1, 201, "\"id\":");
	rounds_expect_none(1);
	assert_int_equal(memory_faults.failed, lost);
	assert_int_equal(rounds_count(), 1);
	assert_int_equal(loop.counts.served, 1);
	assert_int_equal(loop.counts.refused, 0);
	assert_int_equal(rounds_charged(), 2);
}

static void a_task_of_a_lost_round_is_created_once(void **state)
{
	(void)state;
	assert_created_once(1);
}

static void a_round_is_run_again_three_times(void **state)
{
	(void)state;
	assert_created_once(CONNECTION_RUNS_MAX);
}

static void the_fourth_failure_is_an_error_and_nothing_is_made(void **state)
{
	(void)state;
	expect_log("round-lost");
	rounds_lose(CONNECTION_RUNS_MAX + 1);
	rounds_post(1, "/v1/tasks", "{}");
	rounds_expect(1, 503, "Retry-After: ");
	rounds_expect_none(1);
	assert_int_equal(memory_faults.failed, CONNECTION_RUNS_MAX + 1);
	assert_int_equal(rounds_count(), 0);
	assert_int_equal(loop.counts.served, 1);
	assert_int_equal(loop.counts.refused, 1);
	assert_int_equal(rounds_charged(), 2);
}

/* The store refuses what follows in the round; it is not the answer. */
static void a_round_that_is_lost_before_its_flush_is_run_again(void **state)
{
	(void)state;
	memory_faults.lost_at = 2;
	loop_send_body(1, "POST", "/v1/tasks", "{}", NULL);
	loop_send_body(2, "POST", "/v1/tasks", "{}", NULL);
	loop_send_body(3, "POST", "/v1/tasks", "{}", NULL);
	rounds_run();
	for (size_t i = 1; i < 4; i++)
		rounds_expect(i, 201, "\"id\":");
	assert_int_equal(memory_faults.failed, 1);
	assert_int_equal(rounds_count(), 3);
	assert_int_equal(rounds_charged(), 4);
}

static void idempotency_keys_of_a_lost_round_are_free(void **state)
{
	const char *const fields[] = { "HTTP_IDEMPOTENCY_KEY", "\"k1\"", NULL };

	(void)state;
	rounds_lose(1);
	loop_send_body(1, "POST", "/v1/tasks", "{}", fields);
	rounds_run();
	rounds_expect(1, 201, "\"id\":");
	loop_send_body(1, "POST", "/v1/tasks", "{}", fields);
	rounds_run();
	rounds_expect(1, 201, "\"id\":");
	assert_int_equal(rounds_count(), 1);
}

/* ---- reads ---- */

/* The first read had its turn before the round began; the second one has seen the new task. */
static void a_read_shows_nothing_of_a_lost_round(void **state)
{
	(void)state;
	expect_log("round-lost");
	rounds_lose(CONNECTION_RUNS_MAX + 1);
	loop_send_body(1, "GET", "/v1/tasks/018f2f6e-7c3a-7b21-9d55-3f0b8a1c2d3e", "", NULL);
	loop_send_body(2, "POST", "/v1/tasks", "{}", NULL);
	loop_send_body(3, "GET", "/v1/tasks/018f2f6e-7c3a-7b21-9d55-3f0b8a1c2d3e", "", NULL);
	rounds_run();
	rounds_expect(1, 404, "Status: 404");
	rounds_expect(2, 503, "/v1/problems/busy");
	rounds_expect(3, 503, "/v1/problems/busy");
}

static void a_list_is_read_again(void **state)
{
	(void)state;
	rounds_make_task();
	rounds_open_round();
	rounds_lose(1);
	loop_send_body(1, "GET", "/v1/tasks", "", NULL);
	rounds_run();
	rounds_expect(1, 200, "\"total\":1");
	assert_int_equal(memory_faults.failed, 1);
}

/* A refusal that does not depend on the store is the answer. */
static void a_request_that_does_not_use_the_store_is_not_run_again(void **state)
{
	(void)state;
	rounds_open_round();
	rounds_lose(CONNECTION_RUNS_MAX + 1);
	loop_send_body(1, "POST", "/v1/tasks", "[", NULL);
	loop_run();
	rounds_expect(1, 400, "/v1/problems/malformed");
	assert_int_equal(memory_faults.failed, 1);
	rounds_lose(0);
}

static void send_list(size_t client, size_t rows)
{
	static char body[2200];

	snprintf(body, sizeof(body), "{\"description\":\"%02000d\"}", 7);
	for (size_t i = 0; i < rows; i++) {
		rounds_post(client, VIRTSHELL_TASKS, body);
		rounds_expect(client, 200, "\"task_id\":");
	}
	loop_send_body(client, "GET", VIRTSHELL_TASKS, "", NULL);
	for (int i = 0; i < 100 && loop.connections.writing == 0; i++) {
		loop_carry_out();
		assert_true(round_flush(&loop.round));
		round_send(&loop.round);
	}
	assert_int_equal(loop.connections.writing, 1);
}

/* More rows than one send takes. The rest of them is read while a round is open that is lost. */
static void a_response_that_has_begun_is_cut_off(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	send_list(1, 40);
	for (struct connection *conn = loop.connections.first; conn; conn = conn->next) {
		if (conn->writing)
			connection_count_held(conn, &loop.shared, false);
	}
	/* The client has read what was sent: there is room for more. */
	rounds_expect_none(1);
	expect_log("round-lost");
	rounds_open_round();
	rounds_lose(1);
	rounds_run();
	assert_int_equal(loop.connections.count, LOOP_CLIENTS - 1);
	assert_int_equal(rounds_take(1, &out), -1);
	buf_free(&out);
}

/* ---- an outcome that is not known ---- */

static void ask_with_unknown_outcome(bool made)
{
	memory_faults.flush = ENGINE_UNKNOWN;
	memory_faults.flushes = 1;
	memory_faults.unknown_is_made = made;
	expect_log("round-lost");
	loop_send_body(1, "POST", "/v1/tasks", "{}", NULL);
	loop_send_body(2, "GET", "/v1/tasks", "", NULL);
	rounds_run();
	rounds_expect(1, 503, "/v1/problems/unknown-outcome");
	rounds_expect(2, 503, "/v1/problems/busy");
	assert_int_equal(memory_faults.flushed, 1);
	assert_int_equal(rounds_count(), made);
}

static void an_unknown_outcome_is_not_run_again(void **state)
{
	(void)state;
	ask_with_unknown_outcome(true);
}

static void an_unknown_outcome_may_be_that_nothing_was_made(void **state)
{
	(void)state;
	ask_with_unknown_outcome(false);
	/* The disk of this machine is not full. */
	assert_false(atomic_load(&loop.round.store_shared->read_only));
}

/* ---- tenants that other hosts have locked ---- */

static void an_operation_that_must_not_wait_has_the_next_round(void **state)
{
	(void)state;
	memory_faults.busy_at = 2;
	loop_send_body(1, "POST", "/v1/tasks", "{}", NULL);
	loop_send_body(2, "POST", "/v1/tasks", "{}", NULL);
	rounds_run();
	rounds_expect(1, 201, "\"id\":");
	rounds_expect(2, 201, "\"id\":");
	assert_int_equal(memory_faults.failed, 0);
	assert_int_equal(memory_faults.flushed, 2);
	assert_int_equal(rounds_count(), 2);
	assert_int_equal(rounds_charged(), 3);
}

/* ---- operations that flush by themselves ---- */

/* In the round of others its flush would end theirs; a failed login counts once. */
static void log_in_beside_others(size_t body_limit)
{
	const char *const fields[] = { "POLYTASK_CALL", "token", "REMOTE_ADDR", "192.0.2.1", NULL };

	loop.shared.app.options.body_limit = body_limit;
	rounds_open_round();
	rounds_lose(1);
	loop_send_body(1, "POST", "/v1/token", "grant_type=password", fields);
	loop_carry_out();
	assert_non_null(loop.round.held);
	assert_true(round_flush(&loop.round));
	round_send(&loop.round);
	rounds_expect_none(1);
	assert_int_equal(loop.shared.turns.again, 1);
	rounds_run();
	rounds_expect(1, 400, "\"error\":");
	assert_int_equal(loop.counts.served, 1);
}

static void a_login_waits_for_the_flush_of_others(void **state)
{
	(void)state;
	log_in_beside_others(1000);
}

static void a_login_with_a_large_body_waits_for_it_too(void **state)
{
	(void)state;
	log_in_beside_others(10);
}

/* ---- clients that leave ---- */

static void a_client_that_leaves_before_the_next_run_has_no_task(void **state)
{
	(void)state;
	rounds_lose(1);
	loop_send_body(1, "POST", "/v1/tasks", "{}", NULL);
	loop_carry_out();
	assert_true(round_flush(&loop.round));
	round_send(&loop.round);
	assert_int_equal(loop.shared.turns.again, 1);
	loop.shared.turns.again_us = INT64_MAX;
	shutdown(loop.clients[1], SHUT_RDWR);
	loop_run();
	assert_int_equal(loop.shared.turns.again, 0);
	assert_int_equal(loop.counts.abandoned, 1);
	assert_int_equal(rounds_count(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROUNDS_TEST(a_task_of_a_lost_round_is_created_once),
		ROUNDS_TEST(a_round_is_run_again_three_times),
		ROUNDS_TEST(the_fourth_failure_is_an_error_and_nothing_is_made),
		ROUNDS_TEST(a_round_that_is_lost_before_its_flush_is_run_again),
		ROUNDS_TEST(idempotency_keys_of_a_lost_round_are_free),
		ROUNDS_TEST(a_read_shows_nothing_of_a_lost_round),
		ROUNDS_TEST(a_list_is_read_again),
		ROUNDS_TEST(a_request_that_does_not_use_the_store_is_not_run_again),
		ROUNDS_TEST(a_response_that_has_begun_is_cut_off),
		ROUNDS_TEST(an_unknown_outcome_is_not_run_again),
		ROUNDS_TEST(an_unknown_outcome_may_be_that_nothing_was_made),
		ROUNDS_TEST(an_operation_that_must_not_wait_has_the_next_round),
		ROUNDS_TEST(a_login_waits_for_the_flush_of_others),
		ROUNDS_TEST(a_login_with_a_large_body_waits_for_it_too),
		ROUNDS_TEST(a_client_that_leaves_before_the_next_run_has_no_task),
	};
	struct err err;

	must(fcgi_init(&err), &err);
	return CHECK_RUN(tests);
}
