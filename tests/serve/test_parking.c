/*
 * Requests that wait, over real connections and rounds, with a store that has things to find: each
 * DELETE of the native API takes one, or waits for wait_ms.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/check.h"
#include "serve/loop_fixture.h"
#include "serve/parking.h"
#include "serve/precondition.h"

#define TOKEN 5

static int things, attempts;
static int64_t wait_ms;

/* ---- the store ---- */

bool __wrap_store_apply(
	struct store *store, const struct op *op, struct result *result, struct err *err);
bool __real_precondition_parse(struct request *request, struct op *op, struct err *err);
bool __wrap_precondition_parse(struct request *request, struct op *op, struct err *err);

bool __wrap_store_apply(
	struct store *store, const struct op *op, struct result *result, struct err *err)
{
	(void)store;
	(void)err;
	if (op->report.kind == REPORT_UNDO) {
		assert_int_equal(op->report.token, TOKEN);
		things++;
		return true;
	}
	attempts++;
	result->kind = op->kind;
	result->nothing = things == 0;
	if (things == 0)
		return true;
	things--;
	result->written = true;
	result->claimed_count = 1;
	result->claimed = calloc(1, sizeof(*result->claimed));
	result->claimed->task.lease.token = TOKEN;
	return true;
}

/* The last step of decoding. The group is the task of the path. */
bool __wrap_precondition_parse(struct request *request, struct op *op, struct err *err)
{
	op->wait_ms = wait_ms;
	op->wait_group = op->id.bytes[15];
	return __real_precondition_parse(request, op, err);
}

static void add_things(int count)
{
	things += count;
	for (size_t i = 0; i < STORE_COMMIT_STRIPES; i++)
		loop.round.store_shared->wake_counters[i]++;
}

/* Asks for things of a group. */
static void ask(size_t client, int group)
{
	char uri[80];

	snprintf(uri, sizeof(uri), "/v1/tasks/00000000-0000-7000-8000-0000000000%02d", group);
	loop_ask(client, "DELETE", uri);
}

static int open_loop(void **state)
{
	things = attempts = 0;
	wait_ms = 10000;
	return loop_open(state);
}

/* ---- tests ---- */

static void request_waits_until_there_is_something(void **state)
{
	(void)state;
	ask(0, 1);
	assert_int_equal(loop_status_of(0), 0);
	assert_int_equal(loop.counts.parked, 1);
	assert_int_equal(attempts, 1);
	loop_run();
	assert_int_equal(attempts, 1);
	add_things(1);
	loop_run();
	assert_int_equal(loop_status_of(0), 204);
	assert_int_equal(attempts, 2);
	assert_int_equal(loop.counts.parked, 0);
	assert_int_equal(things, 0);
	assert_int_equal(loop.counts.undone, 0);
}

static void one_thing_costs_one_attempt_and_one_in_vain(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		ask(i, 1);
	attempts = 0;
	add_things(1);
	loop_run();
	assert_int_equal(attempts, 2);
	assert_int_equal(loop_status_of(0), 204);
	assert_int_equal(loop_status_of(1), 0);
	assert_int_equal(loop.counts.parked, 2);
	add_things(5);
	loop_run();
	assert_int_equal(loop_status_of(1), 204);
	assert_int_equal(loop_status_of(2), 204);
	assert_int_equal(things, 3);
}

static void time_of_a_wait_is_limited(void **state)
{
	(void)state;
	wait_ms = 30;
	ask(0, 1);
	assert_int_equal(loop.counts.parked, 1);
	usleep(30000 + PARKED_SLOT_MS * 1000);
	loop_run();
	assert_int_equal(loop_status_of(0), 204);
	assert_int_equal(attempts, 1);
}

static void kept_connection_carries_several_requests(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		ask(0, 1);
		assert_int_equal(loop.counts.parked, 1);
		add_things(1);
		loop_run();
		assert_int_equal(loop_status_of(0), 204);
	}
	assert_int_equal(loop.connections.count, LOOP_CLIENTS);
}

static void request_of_a_client_that_leaves_is_dropped(void **state)
{
	(void)state;
	ask(0, 1);
	ask(1, 1);
	shutdown(loop.clients[0], SHUT_RDWR);
	loop_run();
	assert_int_equal(loop.counts.parked, 1);
	assert_int_equal(loop.counts.abandoned, 1);
	assert_int_equal(loop.connections.count, LOOP_CLIENTS - 1);
	add_things(1);
	loop_run();
	assert_int_equal(loop_status_of(1), 204);
}

/* The client of the one that has to try leaves before its turn. */
static void next_one_tries_if_the_client_of_the_first_leaves(void **state)
{
	(void)state;
	ask(0, 1);
	ask(1, 1);
	add_things(1);
	parking_wake(&loop.shared);
	assert_int_equal(loop.shared.turns.waiting, 1);
	shutdown(loop.clients[0], SHUT_RDWR);
	loop_run();
	assert_int_equal(loop_status_of(1), 204);
	assert_int_equal(loop.counts.abandoned, 1);
}

static void exit_ends_all_waits(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		ask(i, (int)i);
	attempts = 0;
	parking_end(&loop.shared);
	loop_run();
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(loop_status_of(i), 204);
	ask(3, 1);
	assert_int_equal(loop_status_of(3), 204);
	assert_int_equal(attempts, 1);
}

static void parked_request_is_not_handed_over(void **state)
{
	struct err err;

	(void)state;
	must(handover_open(&loop.connections.queues[0], &err), &err);
	ask(0, 1);
	assert_true(connections_hand_over(&loop.connections, true));
	assert_int_equal(loop.connections.count, 1);
	handover_close(&loop.connections.queues[0]);
}

/* One at a time does not count those that wait; the fourth has no place. */
static void parked_requests_of_a_principal_have_a_limit_of_their_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		ask(i, 1);
	assert_int_equal(loop.counts.parked, 3);
	ask(3, 1);
	assert_int_equal(loop_status_of(3), 429);
	add_things(2);
	loop_run();
	assert_int_equal(loop.counts.parked, 1);
	add_things(1);
	ask(3, 1);
	assert_int_equal(loop_status_of(3), 204);
}

static void memory_of_parked_requests_is_limited(void **state)
{
	(void)state;
	ask(0, 1);
	assert_in_range(loop.shared.parked_bytes, 200, 2000);
	loop.shared.bounds.principal_held_bytes = 2 * loop.shared.parked_bytes - 1;
	ask(1, 1);
	assert_int_equal(loop_status_of(1), 429);
	loop.shared.bounds.principal_held_bytes++;
	ask(1, 1);
	assert_int_equal(loop.counts.parked, 2);
	loop.shared.bounds.principal_held_bytes *= 2;
	loop.shared.bounds.held_bytes = loop.shared.parked_bytes;
	ask(2, 1);
	assert_int_equal(loop_status_of(0), 204);
	assert_int_equal(loop.counts.parked, 2);
	add_things(2);
	loop_run();
	assert_int_equal(loop.shared.parked_bytes, 0);
}

static void oldest_makes_room(void **state)
{
	(void)state;
	loop.shared.bounds.waits = 2;
	for (size_t i = 0; i < 3; i++)
		ask(i, 1);
	assert_int_equal(loop.counts.parked, 2);
	assert_int_equal(loop_status_of(0), 204);
	assert_int_equal(loop_status_of(1), 0);
	assert_int_equal(attempts, 3);
}

static void undelivered_result_is_undone(void **state)
{
	(void)state;
	ask(0, 1);
	add_things(1);
	parking_wake(&loop.shared);
	loop_carry_out();
	shutdown(loop.clients[0], SHUT_RDWR);
	assert_int_equal(loop.shared.app.undone, 0);
	round_send(&loop.round);
	assert_int_equal(loop.shared.app.undone, 1);
	assert_int_equal(loop.counts.undone, 1);
	assert_int_equal(things, 1);
}

/* Its parameters are libfcgi's, which frees them at the end of the response. */
static void undelivered_result_without_a_wait_is_undone(void **state)
{
	(void)state;
	add_things(1);
	loop_send(0, "DELETE", "/v1/tasks/00000000-0000-7000-8000-000000000001");
	loop_carry_out();
	shutdown(loop.clients[0], SHUT_RDWR);
	round_send(&loop.round);
	assert_int_equal(loop.shared.app.undone, 1);
	assert_int_equal(things, 1);
}

static void result_that_cannot_be_flushed_is_undone(void **state)
{
	struct err err;

	(void)state;
	ask(0, 1);
	add_things(1);
	parking_wake(&loop.shared);
	loop_carry_out();
	assert_non_null(loop.round.ready);
	err_set(&err, ERR_UNKNOWN_OUTCOME, NULL, NULL);
	connection_flush_failed(loop.round.ready, &loop.shared, &err);
	round_send(&loop.round);
	assert_int_equal(loop_status_of(0), 503);
	assert_int_equal(loop.shared.app.undone, 1);
	assert_int_equal(things, 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_loop, loop_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(request_waits_until_there_is_something),
		TEST(one_thing_costs_one_attempt_and_one_in_vain),
		TEST(time_of_a_wait_is_limited),
		TEST(kept_connection_carries_several_requests),
		TEST(request_of_a_client_that_leaves_is_dropped),
		TEST(next_one_tries_if_the_client_of_the_first_leaves),
		TEST(exit_ends_all_waits),
		TEST(parked_request_is_not_handed_over),
		TEST(parked_requests_of_a_principal_have_a_limit_of_their_own),
		TEST(memory_of_parked_requests_is_limited),
		TEST(oldest_makes_room),
		TEST(undelivered_result_is_undone),
		TEST(undelivered_result_without_a_wait_is_undone),
		TEST(result_that_cannot_be_flushed_is_undone),
	};
	struct err err;

	must(fcgi_init(&err), &err);
	return CHECK_RUN(tests);
}
