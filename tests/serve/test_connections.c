/* The connections of a worker, and the queues by which a retiring one hands them over. */
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/check.h"
#include "serve/connections.h"

static struct sockaddr_un address = { .sun_family = AF_UNIX };
static struct connection_shared shared;
static struct connections connections;

static int connect_client(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static int open_connections(void **state)
{
	struct err err;
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	check_setup(state);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", check_temp_dir());
	unlink(address.sun_path);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 8), 0);
	connections = (struct connections){
		.shared = &shared,
		.epoll = -1,
		.listeners = { listener, -1 },
		.queues = { HANDOVER_NONE, HANDOVER_NONE },
		.peer = geteuid(),
		.max = 1,
	};
	must(handover_open(&connections.queues[0], &err), &err);
	must(connections_open(&connections, &err), &err);
	return 0;
}

static int close_connections(void **state)
{
	connections_close(&connections);
	handover_close(&connections.queues[0]);
	close(connections.listeners[0]);
	return check_teardown(state);
}

/* Whether epoll reports an event of a connection. */
static bool reports_request(void)
{
	struct epoll_event events[8];
	int count = epoll_wait(connections.epoll, events, 8, 0);
	bool found = false;

	for (int i = 0; i < count; i++)
		found |= events[i].data.ptr == connections.first;
	return found;
}

static void fill_queue(int fd)
{
	int count = 0;

	while (handover_put(&connections.queues[0], fd))
		assert_true(++count < 10000);
}

static void worker_accepts_no_more_than_its_limit(void **state)
{
	int clients[2] = { connect_client(), connect_client() };

	(void)state;
	connections_accept(&connections);
	connections_resume_accepting(&connections);
	connections_accept(&connections);
	assert_int_equal(connections.count, 1);
	connections_drop(&connections, connections.first);
	connections_resume_accepting(&connections);
	connections_accept(&connections);
	assert_int_equal(connections.count, 1);
	close(clients[0]);
	close(clients[1]);
}

/* They are open already: in the queue their requests would wait for other clients to leave. */
static void connections_of_the_queue_are_taken_beyond_the_limit(void **state)
{
	int pairs[3][2], client = connect_client();

	(void)state;
	connections_accept(&connections);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]), 0);
		assert_true(handover_put(&connections.queues[0], pairs[i][0]));
		close(pairs[i][0]);
	}
	connections_resume_accepting(&connections);
	connections_take(&connections);
	assert_int_equal(connections.count, 4);
	close(client);
	for (size_t i = 0; i < 3; i++)
		close(pairs[i][1]);
}

static void retired_worker_reads_no_request_while_the_queue_is_full(void **state)
{
	int client = connect_client();

	(void)state;
	connections_accept(&connections);
	connections_stop_accepting(&connections);
	fill_queue(client);
	assert_int_equal(write(client, "x", 1), 1);
	assert_false(connections_hand_over(&connections, true));
	assert_true(reports_request());
	assert_false(connections_hand_over(&connections, false));
	assert_false(reports_request());
	close(handover_take(&connections.queues[0]));
	assert_true(connections_hand_over(&connections, false));
	assert_int_equal(connections.count, 0);
	close(client);
}

#define TEST(function) \
	cmocka_unit_test_setup_teardown(function, open_connections, close_connections)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(worker_accepts_no_more_than_its_limit),
		TEST(connections_of_the_queue_are_taken_beyond_the_limit),
		TEST(retired_worker_reads_no_request_while_the_queue_is_full),
	};
	struct err err;

	must(fcgi_init(&err), &err);
	return CHECK_RUN(tests);
}
