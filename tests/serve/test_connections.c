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
		.max_open = 6,
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

static void accept_all(void)
{
	connections_resume_accepting(&connections);
	connections_accept(&connections);
}

static void put_into_queue(size_t count, int clients[])
{
	for (size_t i = 0; i < count; i++) {
		int pair[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		assert_true(handover_put(&connections.queues[0], pair[0]));
		close(pair[0]);
		clients[i] = pair[1];
	}
}

static void close_all(size_t count, const int clients[])
{
	for (size_t i = 0; i < count; i++)
		close(clients[i]);
}

/* As after a response: the connection has no exchange. */
static void end_response(struct connection *conn)
{
	connections_set_writing(&connections, conn, true);
	connections_set_writing(&connections, conn, false);
}

static void kept_connections_do_not_count_for_the_limit(void **state)
{
	int clients[4];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		clients[i] = connect_client();
	for (size_t i = 0; i < 4; i++) {
		accept_all();
		accept_all();
		assert_int_equal(connections.count, i + 1);
		assert_int_equal(connections.busy, 1);
		end_response(connections.first);
		assert_int_equal(connections.busy, 0);
	}
	close_all(4, clients);
}

static void worker_accepts_none_while_kept_connections_have_requests(void **state)
{
	int clients[2] = { connect_client(), connect_client() };
	struct connection *kept;

	(void)state;
	accept_all();
	kept = connections.first;
	end_response(kept);
	connections_set_busy(&connections, kept, true);
	accept_all();
	assert_int_equal(connections.count, 1);
	end_response(kept);
	accept_all();
	assert_int_equal(connections.count, 2);
	connections_drop(&connections, connections.first);
	assert_int_equal(connections.busy, 0);
	close_all(2, clients);
}

static void taken_connections_do_not_count_for_the_limit(void **state)
{
	int clients[4];

	(void)state;
	put_into_queue(3, clients);
	connections_take(&connections);
	clients[3] = connect_client();
	accept_all();
	assert_int_equal(connections.count, 4);
	assert_int_equal(connections.busy, 1);
	close_all(4, clients);
}

/* The store needs descriptors of its own. */
static void worker_never_has_more_than_its_descriptors_allow(void **state)
{
	int clients[9];

	(void)state;
	put_into_queue(8, clients);
	clients[8] = connect_client();
	for (int i = 0; i < 4; i++) {
		connections_take(&connections);
		accept_all();
	}
	assert_int_equal(connections.count, 6);
	connections_drop(&connections, connections.first);
	connections_resume_accepting(&connections);
	connections_take(&connections);
	assert_int_equal(connections.count, 6);
	close_all(9, clients);
}

/* They are open already: in the queue their requests would wait for other clients to leave. */
static void connections_of_the_queue_are_taken_beyond_the_limit(void **state)
{
	int clients[3], client = connect_client();

	(void)state;
	connections_accept(&connections);
	put_into_queue(3, clients);
	connections_resume_accepting(&connections);
	connections_take(&connections);
	assert_int_equal(connections.count, 4);
	close(client);
	close_all(3, clients);
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
		TEST(kept_connections_do_not_count_for_the_limit),
		TEST(worker_accepts_none_while_kept_connections_have_requests),
		TEST(taken_connections_do_not_count_for_the_limit),
		TEST(worker_never_has_more_than_its_descriptors_allow),
		TEST(connections_of_the_queue_are_taken_beyond_the_limit),
		TEST(retired_worker_reads_no_request_while_the_queue_is_full),
	};
	struct err err;

	must(fcgi_init(&err), &err);
	return CHECK_RUN(tests);
}
