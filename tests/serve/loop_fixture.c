#include "serve/loop_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/check.h"
#include "lib/fcgi_client.h"

static struct sockaddr_un address = { .sun_family = AF_UNIX };
static struct limit limit;
static struct store_shared store_shared;

struct loop_fixture loop;

static void init_worker(int listener)
{
	loop.shared = (struct connection_shared){
		.app = { .wake_counters = store_shared.wake_counters,
			.limit = &limit,
			.options.body_limit = 1000 },
		.bounds = { .principal_requests = 1,
			.principal_held_bytes = 1 << 20,
			.held_bytes = 1 << 20,
			.held_responses = 100,
			.reader_ms = 10000,
			.principal_waits = 3,
			.waits = 8 },
	};
	turns_init(&loop.shared.turns);
	streams_init(&loop.shared.streams);
	parked_init(&loop.shared.parked, store_shared.wake_counters, clock_mono_ms());
	loop.connections = (struct connections){
		.shared = &loop.shared,
		.epoll = -1,
		.listeners = { listener, -1 },
		.queues = { HANDOVER_NONE, HANDOVER_NONE },
		.peer = geteuid(),
		.max = LOOP_CLIENTS,
		.max_open = LOOP_CLIENTS,
	};
	loop.round = (struct round){
		.connections = &loop.connections,
		.counters = &loop.counts,
		.store_shared = &store_shared,
	};
	memset(&loop.counts, 0, sizeof(loop.counts));
}

static void connect_clients(void)
{
	for (size_t i = 0; i < LOOP_CLIENTS; i++) {
		loop.clients[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(
			connect(loop.clients[i], (struct sockaddr *)&address, sizeof(address)), 0);
		connections_accept(&loop.connections);
	}
	assert_int_equal(loop.connections.count, LOOP_CLIENTS);
}

int loop_open(void **state)
{
	const struct store_options options = {
		.mode = STORE_EPHEMERAL,
		.expected_tasks = 1000,
		.cache_mb = 8,
		.indexes = dialect_index_tables(),
		.shared = &store_shared,
		.engine = loop.engine,
		.rounds = loop.engine != NULL,
		.journal_entries = loop.engine ? 1000 : 0,
	};
	struct err err;
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	check_setup(state);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", check_temp_dir());
	unlink(address.sun_path);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, LOOP_CLIENTS), 0);
	must(limit_init(&limit, &err), &err);
	init_worker(listener);
	must(store_open(&loop.shared.app.store, &options, &err), &err);
	must(connections_open(&loop.connections, &err), &err);
	connect_clients();
	return 0;
}

int loop_close(void **state)
{
	connections_close(&loop.connections);
	assert_int_equal(loop.shared.parked.count, 0);
	assert_int_equal(loop.shared.turns.waiting, 0);
	for (size_t i = 0; i < TURNS_BUCKETS; i++)
		assert_true(LIST_EMPTY(&loop.shared.turns.buckets[i]));
	store_close(loop.shared.app.store);
	connection_shared_free(&loop.shared);
	for (size_t i = 0; i < LOOP_CLIENTS; i++)
		close(loop.clients[i]);
	close(loop.connections.listeners[0]);
	loop.engine = NULL;
	return check_teardown(state);
}

void loop_carry_out(void)
{
	struct epoll_event events[16];
	int count = epoll_wait(loop.connections.epoll, events, 16, round_wait_ms(&loop.round, 5));

	loop.shared.now = clock_wall_ms();
	loop.shared.turns.now_us = clock_mono_us();
	loop.shared.now_ms = loop.shared.turns.now_us / 1000;
	for (int i = 0; i < count; i++)
		round_receive(&loop.round, events[i].data.ptr, events[i].events);
	/* No round ends by its time, however slow the machine is. */
	clock_stop_mono(true);
	assert_true(round_work(&loop.round));
	clock_stop_mono(false);
}

void loop_run(void)
{
	for (int i = 0; i < 4; i++) {
		loop_carry_out();
		assert_true(round_flush(&loop.round));
		round_send(&loop.round);
	}
}

void loop_send(size_t client, const char *method, const char *uri)
{
	const char *const pairs[] = { "REQUEST_METHOD", method, "REQUEST_URI", uri, "REMOTE_USER",
		"ann", "POLYTASK_TENANT", "demo", "POLYTASK_RIGHTS", "read,write",
		"POLYTASK_DIALECT", "*", NULL };
	struct buf bytes = BUF_INIT;

	fcgi_client_put_request(&bytes, pairs, STR(""));
	assert_int_equal(write(loop.clients[client], bytes.data, bytes.len), bytes.len);
	buf_free(&bytes);
}

void loop_send_body(size_t client, const char *method, const char *uri, const char *body,
	const char *const fields[])
{
	char length[24];
	const char *pairs[40] = { "REQUEST_METHOD", method, "REQUEST_URI", uri, "REMOTE_USER",
		"ann", "POLYTASK_TENANT", "demo", "POLYTASK_RIGHTS", "read,write,work",
		"POLYTASK_DIALECT", "*", "CONTENT_TYPE", "application/json", "CONTENT_LENGTH",
		length };
	struct buf bytes = BUF_INIT;

	for (size_t at = 16; fields && *fields; at++)
		pairs[at] = *fields++;
	snprintf(length, sizeof(length), "%zu", strlen(body));
	fcgi_client_put_request(&bytes, pairs, str_cstr(body));
	assert_int_equal(write(loop.clients[client], bytes.data, bytes.len), bytes.len);
	buf_free(&bytes);
}

void loop_ask(size_t client, const char *method, const char *uri)
{
	loop_send(client, method, uri);
	loop_run();
}

int loop_status_of(size_t client)
{
	struct buf in = BUF_INIT, out = BUF_INIT;
	char bytes[4096];
	ssize_t got = recv(loop.clients[client], bytes, sizeof(bytes), MSG_DONTWAIT);
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
