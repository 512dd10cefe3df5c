/*
 * Requests that wait, over real connections and rounds, with a store that has things to find: each
 * DELETE of the native API takes one, or waits for wait_ms.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/check.h"
#include "lib/fcgi_client.h"
#include "serve/parking.h"
#include "serve/precondition.h"
#include "serve/round.h"

#define CLIENTS 4
#define TOKEN	5

static struct sockaddr_un address = { .sun_family = AF_UNIX };
static struct store_shared store_shared;
static struct limit limit;
static struct worker_counters counts;
static struct connection_shared shared;
static struct connections connections;
static struct round loop_round;
static int clients[CLIENTS];
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
		store_shared.ready[i]++;
}

/* ---- a worker ---- */

static void init_worker(int listener)
{
	shared = (struct connection_shared){
		.app = { .ready = store_shared.ready, .limit = &limit, .options.body_limit = 1000 },
		.bounds = { .principal_requests = 1,
			.principal_held_bytes = 1 << 20,
			.held_bytes = 1 << 20,
			.held_responses = 100,
			.reader_ms = 10000,
			.principal_waits = 3,
			.waits = 8 },
	};
	turns_init(&shared.turns);
	parked_init(&shared.parked, store_shared.ready, clock_mono_ms());
	connections = (struct connections){
		.shared = &shared,
		.epoll = -1,
		.listeners = { listener, -1 },
		.queues = { HANDOVER_NONE, HANDOVER_NONE },
		.peer = geteuid(),
		.max = CLIENTS,
		.max_open = CLIENTS,
	};
	loop_round = (struct round){
		.connections = &connections,
		.counters = &counts,
		.store_shared = &store_shared,
	};
	memset(&counts, 0, sizeof(counts));
	things = attempts = 0;
	wait_ms = 10000;
}

static void connect_clients(void)
{
	for (size_t i = 0; i < CLIENTS; i++) {
		clients[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(
			connect(clients[i], (struct sockaddr *)&address, sizeof(address)), 0);
		connections_accept(&connections);
	}
	assert_int_equal(connections.count, CLIENTS);
}

static int open_worker(void **state)
{
	const struct store_options options = {
		.mode = STORE_EPHEMERAL,
		.expected_tasks = 1000,
		.cache_mb = 8,
		.indexes = dialect_index_tables(),
		.shared = &store_shared,
	};
	struct err err;
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	check_setup(state);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", check_temp_dir());
	unlink(address.sun_path);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, CLIENTS), 0);
	must(limit_init(&limit, &err), &err);
	init_worker(listener);
	must(store_open(&shared.app.store, &options, &err), &err);
	must(connections_open(&connections, &err), &err);
	connect_clients();
	return 0;
}

static int close_worker(void **state)
{
	connections_close(&connections);
	assert_int_equal(shared.parked.count, 0);
	assert_int_equal(shared.turns.waiting, 0);
	for (size_t i = 0; i < TURNS_BUCKETS; i++)
		assert_true(LIST_EMPTY(&shared.turns.buckets[i]));
	store_close(shared.app.store);
	connection_shared_free(&shared);
	for (size_t i = 0; i < CLIENTS; i++)
		close(clients[i]);
	close(connections.listeners[0]);
	return check_teardown(state);
}

/* A round up to the responses, which are not sent. */
static void carry_out(void)
{
	struct epoll_event events[16];
	int count = epoll_wait(connections.epoll, events, 16, round_wait_ms(&loop_round, 5));

	shared.now = clock_wall_ms();
	shared.turns.now_us = clock_mono_us();
	shared.now_ms = shared.turns.now_us / 1000;
	for (int i = 0; i < count; i++)
		round_receive(&loop_round, events[i].data.ptr, events[i].events);
	assert_true(round_work(&loop_round));
}

static void run(void)
{
	for (int i = 0; i < 4; i++) {
		carry_out();
		assert_true(round_flush(&loop_round));
		round_send(&loop_round);
	}
}

/* ---- clients ---- */

/* Sends a request of a client that asks for things of a group. */
static void ask(size_t client, int group)
{
	char uri[80];
	const char *const pairs[] = { "REQUEST_METHOD", "DELETE", "REQUEST_URI", uri, "REMOTE_USER",
		"ann", "POLYTASK_TENANT", "demo", "POLYTASK_RIGHTS", "write", "POLYTASK_DIALECT",
		"*", NULL };
	struct buf bytes = BUF_INIT;

	snprintf(uri, sizeof(uri), "/v1/tasks/00000000-0000-7000-8000-0000000000%02d", group);
	fcgi_client_put_request(&bytes, pairs, STR(""));
	assert_int_equal(write(clients[client], bytes.data, bytes.len), bytes.len);
	buf_free(&bytes);
	run();
}

/* The status code of the response that has arrived; 0: none, -1: the connection was closed. */
static int status_of(size_t client)
{
	struct buf in = BUF_INIT, out = BUF_INIT;
	char bytes[4096];
	ssize_t got = recv(clients[client], bytes, sizeof(bytes), MSG_DONTWAIT);
	int status = got == 0 ? -1 : 0;

	if (got > 0) {
		buf_put(&in, bytes, (size_t)got);
		assert_true(fcgi_client_take_response(&in, &out));
		assert_true(out.len > 11);
		status = (int)strtol(out.data + strlen("Status: "), NULL, 10);
	}
	buf_free(&in);
	buf_free(&out);
	return status;
}

/* ---- tests ---- */

static void request_waits_until_there_is_something(void **state)
{
	(void)state;
	ask(0, 1);
	assert_int_equal(status_of(0), 0);
	assert_int_equal(counts.parked, 1);
	assert_int_equal(attempts, 1);
	run();
	assert_int_equal(attempts, 1);
	add_things(1);
	run();
	assert_int_equal(status_of(0), 204);
	assert_int_equal(attempts, 2);
	assert_int_equal(counts.parked, 0);
	assert_int_equal(things, 0);
	assert_int_equal(counts.undone, 0);
}

static void one_thing_costs_one_attempt_and_one_in_vain(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		ask(i, 1);
	attempts = 0;
	add_things(1);
	run();
	assert_int_equal(attempts, 2);
	assert_int_equal(status_of(0), 204);
	assert_int_equal(status_of(1), 0);
	assert_int_equal(counts.parked, 2);
	add_things(5);
	run();
	assert_int_equal(status_of(1), 204);
	assert_int_equal(status_of(2), 204);
	assert_int_equal(things, 3);
}

static void time_of_a_wait_is_limited(void **state)
{
	(void)state;
	wait_ms = 30;
	ask(0, 1);
	assert_int_equal(counts.parked, 1);
	usleep(30000 + PARKED_SLOT_MS * 1000);
	run();
	assert_int_equal(status_of(0), 204);
	assert_int_equal(attempts, 1);
}

static void kept_connection_carries_several_requests(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		ask(0, 1);
		assert_int_equal(counts.parked, 1);
		add_things(1);
		run();
		assert_int_equal(status_of(0), 204);
	}
	assert_int_equal(connections.count, CLIENTS);
}

static void request_of_a_client_that_leaves_is_dropped(void **state)
{
	(void)state;
	ask(0, 1);
	ask(1, 1);
	shutdown(clients[0], SHUT_RDWR);
	run();
	assert_int_equal(counts.parked, 1);
	assert_int_equal(counts.abandoned, 1);
	assert_int_equal(connections.count, CLIENTS - 1);
	add_things(1);
	run();
	assert_int_equal(status_of(1), 204);
}

/* The client of the one that has to try leaves before its turn. */
static void next_one_tries_if_the_client_of_the_first_leaves(void **state)
{
	(void)state;
	ask(0, 1);
	ask(1, 1);
	add_things(1);
	parking_wake(&shared);
	assert_int_equal(shared.turns.waiting, 1);
	shutdown(clients[0], SHUT_RDWR);
	run();
	assert_int_equal(status_of(1), 204);
	assert_int_equal(counts.abandoned, 1);
}

static void exit_ends_all_waits(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		ask(i, (int)i);
	attempts = 0;
	parking_end(&shared);
	run();
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(status_of(i), 204);
	ask(3, 1);
	assert_int_equal(status_of(3), 204);
	assert_int_equal(attempts, 1);
}

static void parked_request_is_not_handed_over(void **state)
{
	struct err err;

	(void)state;
	must(handover_open(&connections.queues[0], &err), &err);
	ask(0, 1);
	assert_true(connections_hand_over(&connections, true));
	assert_int_equal(connections.count, 1);
	handover_close(&connections.queues[0]);
}

/* One at a time does not count those that wait; the fourth has no place. */
static void parked_requests_of_a_principal_have_a_limit_of_their_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		ask(i, 1);
	assert_int_equal(counts.parked, 3);
	ask(3, 1);
	assert_int_equal(status_of(3), 429);
	add_things(2);
	run();
	assert_int_equal(counts.parked, 1);
	add_things(1);
	ask(3, 1);
	assert_int_equal(status_of(3), 204);
}

static void oldest_makes_room(void **state)
{
	(void)state;
	shared.bounds.waits = 2;
	for (size_t i = 0; i < 3; i++)
		ask(i, 1);
	assert_int_equal(counts.parked, 2);
	assert_int_equal(status_of(0), 204);
	assert_int_equal(status_of(1), 0);
	assert_int_equal(attempts, 3);
}

static void undelivered_result_is_undone(void **state)
{
	(void)state;
	ask(0, 1);
	add_things(1);
	parking_wake(&shared);
	carry_out();
	shutdown(clients[0], SHUT_RDWR);
	assert_int_equal(shared.app.undone, 0);
	round_send(&loop_round);
	assert_int_equal(shared.app.undone, 1);
	assert_int_equal(counts.undone, 1);
	assert_int_equal(things, 1);
}

static void result_that_cannot_be_flushed_is_undone(void **state)
{
	struct err err;

	(void)state;
	ask(0, 1);
	add_things(1);
	parking_wake(&shared);
	carry_out();
	assert_non_null(loop_round.ready);
	err_set(&err, ERR_UNKNOWN_OUTCOME, NULL, NULL);
	connection_flush_failed(loop_round.ready, &shared, &err);
	round_send(&loop_round);
	assert_int_equal(status_of(0), 503);
	assert_int_equal(shared.app.undone, 1);
	assert_int_equal(things, 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_worker, close_worker)

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
		TEST(oldest_makes_room),
		TEST(undelivered_result_is_undone),
		TEST(result_that_cannot_be_flushed_is_undone),
	};
	struct err err;

	must(fcgi_init(&err), &err);
	return CHECK_RUN(tests);
}
