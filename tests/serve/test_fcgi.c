/* FastCGI connections: the reserved members of FCGX_Request behave as fcgi.c needs. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/check.h"
#include "lib/fcgi_client.h"
#include "serve/fcgi.h"

#define BODY_LIMIT 1000

static int listener = -1;
static struct sockaddr_un address = { .sun_family = AF_UNIX };

struct fixture {
	int client;
	struct fcgi *fcgi;
	struct arena arena;
	struct request request;
};

static void listen_in_folder(void)
{
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", check_temp_dir());
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 8), 0);
}

static int connect_client(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static int open_pair(void **state)
{
	static struct fixture fixture;

	check_setup(state);
	memset(&fixture, 0, sizeof(fixture));
	fixture.request.arena = &fixture.arena;
	fixture.client = connect_client();
	assert_int_equal(fcgi_accept(&fixture.fcgi, listener, geteuid()), FCGI_ACCEPTED);
	*state = &fixture;
	return 0;
}

static int close_pair(void **state)
{
	struct fixture *fixture = *state;

	fcgi_close(fixture->fcgi);
	close(fixture->client);
	arena_free(&fixture->arena);
	return check_teardown(state);
}

static void send_bytes(int fd, const struct buf *bytes)
{
	assert_int_equal(write(fd, bytes->data, bytes->len), bytes->len);
}

static void send_request(struct fixture *fixture, const char *length, struct str body)
{
	const char *const pairs[] = { "REQUEST_METHOD", "POST", "REQUEST_URI", "/x",
		"CONTENT_LENGTH", length, NULL };
	struct buf bytes = BUF_INIT;

	fcgi_client_put_request(&bytes, pairs, body);
	send_bytes(fixture->client, &bytes);
	buf_free(&bytes);
}

static void reset_request(struct fixture *fixture)
{
	arena_reset(&fixture->arena);
	memset(&fixture->request, 0, sizeof(fixture->request));
	fixture->request.arena = &fixture->arena;
}

static void expect_response(struct fixture *fixture, const char *text)
{
	struct buf in = BUF_INIT, out = BUF_INIT;
	char bytes[4096];

	while (!fcgi_client_take_response(&in, &out)) {
		ssize_t got = read(fixture->client, bytes, sizeof(bytes));

		assert_true(got > 0);
		buf_put(&in, bytes, (size_t)got);
	}
	assert_str(buf_str(&out), text);
	assert_int_equal(in.len, 0);
	buf_free(&in);
	buf_free(&out);
}

static bool receive(struct fixture *fixture, struct err *err)
{
	return fcgi_receive_params(fixture->fcgi, &fixture->request, err) &&
	       fcgi_receive_body(
		       fixture->fcgi, &fixture->request, BODY_LIMIT, &fixture->arena, err);
}

static void connection_carries_several_requests(void **state)
{
	struct fixture *fixture = *state;
	struct err err;

	for (int i = 0; i < 3; i++) {
		reset_request(fixture);
		send_request(fixture, "5", STR("hello"));
		must(receive(fixture, &err), &err);
		assert_str(request_cgi_param(&fixture->request, "REQUEST_URI"), "/x");
		assert_str(fixture->request.body, "hello");
		assert_true(fcgi_send(fixture->fcgi, "Status: 200\r\n\r\nok", 17));
		assert_true(fcgi_end(fixture->fcgi));
		expect_response(fixture, "Status: 200\r\n\r\nok");
	}
}

static void response_is_sent_at_its_end(void **state)
{
	struct fixture *fixture = *state;
	struct pollfd ready = { .fd = fixture->client, .events = POLLIN };
	struct err err;

	send_request(fixture, "5", STR("hello"));
	must(receive(fixture, &err), &err);
	assert_int_equal(poll(&ready, 1, 50), 0);
	assert_true(fcgi_end(fixture->fcgi));
	assert_int_equal(poll(&ready, 1, 1000), 1);
}

static void suspended_request_is_answered(void **state)
{
	struct fixture *fixture = *state;
	struct err err;

	for (int i = 0; i < 2; i++) {
		reset_request(fixture);
		send_request(fixture, "5", STR("hello"));
		must(receive(fixture, &err), &err);
		fcgi_suspend(fixture->fcgi);
		assert_true(fcgi_resume(fixture->fcgi));
		assert_true(fcgi_send(fixture->fcgi, "Status: 200\r\n\r\nok", 17));
		assert_true(fcgi_complete(fixture->fcgi));
		assert_true(fcgi_end(fixture->fcgi));
		expect_response(fixture, "Status: 200\r\n\r\nok");
	}
	reset_request(fixture);
	send_request(fixture, "5", STR("hello"));
	must(receive(fixture, &err), &err);
	fcgi_suspend(fixture->fcgi);
}

static void large_response_is_sent_in_parts(void **state)
{
	struct fixture *fixture = *state;
	char *part = calloc(1, FCGI_SEND_MAX), *all = calloc(4, FCGI_SEND_MAX + 1);
	struct err err;

	memset(part, 'a', FCGI_SEND_MAX);
	memset(all, 'a', 3 * FCGI_SEND_MAX);
	send_request(fixture, "", STR(""));
	must(receive(fixture, &err), &err);
	for (int i = 0; i < 3; i++)
		assert_true(fcgi_send(fixture->fcgi, part, FCGI_SEND_MAX));
	assert_true(fcgi_end(fixture->fcgi));
	expect_response(fixture, all);
	free(part);
	free(all);
}

static void connection_survives_a_body_that_is_too_large(void **state)
{
	struct fixture *fixture = *state;
	char large[BODY_LIMIT + 1];
	struct err err;

	memset(large, 'x', sizeof(large));
	send_request(fixture, "1001", (struct str){ large, sizeof(large) });
	assert_false(receive(fixture, &err));
	assert_err(&err, ERR_TOO_LARGE);
	assert_true(fcgi_end(fixture->fcgi));
	expect_response(fixture, "");

	reset_request(fixture);
	send_request(fixture, "1000", (struct str){ large, BODY_LIMIT });
	must(receive(fixture, &err), &err);
	assert_int_equal(fixture->request.body.len, BODY_LIMIT);
}

static void wrong_content_length_is_malformed(void **state)
{
	static const char *const lengths[] = { "4", "6", "-5", "5x", "99999999999999999999" };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct err err;

		reset_request(fixture);
		send_request(fixture, lengths[i], STR("hello"));
		assert_false(receive(fixture, &err));
		assert_err(&err, ERR_MALFORMED);
		assert_true(fcgi_end(fixture->fcgi));
		expect_response(fixture, "");
	}
}

static void too_many_parameters_are_refused(void **state)
{
	struct fixture *fixture = *state;
	const char *pairs[2 * (REQUEST_CGI_PARAMS_MAX + 1) + 1] = { NULL };
	struct buf bytes = BUF_INIT;
	struct err err;

	for (int i = 0; i <= REQUEST_CGI_PARAMS_MAX; i++)
		pairs[2 * i] = pairs[2 * i + 1] = "A";
	fcgi_client_put_request(&bytes, pairs, STR(""));
	send_bytes(fixture->client, &bytes);
	assert_false(receive(fixture, &err));
	assert_err(&err, ERR_HEADER_TOO_LARGE);
	must(fcgi_receive_body(fixture->fcgi, &fixture->request, 0, &fixture->arena, &err), &err);
	assert_true(fcgi_end(fixture->fcgi));
	buf_free(&bytes);
}

static void closed_connection_has_no_request(void **state)
{
	struct fixture *fixture = *state;
	struct err err = { .code = ERR_INTERNAL };

	shutdown(fixture->client, SHUT_RDWR);
	assert_false(receive(fixture, &err));
	assert_err(&err, ERR_NONE);
}

static void incomplete_request_times_out(void **state)
{
	struct fixture *fixture = *state;
	int64_t began = clock_mono_ms();
	struct buf bytes = BUF_INIT;
	struct err err = { .code = ERR_INTERNAL };

	fcgi_client_put_begin(&bytes, true);
	bytes.len -= 3;
	send_bytes(fixture->client, &bytes);
	assert_false(receive(fixture, &err));
	assert_err(&err, ERR_NONE);
	/* Wide bounds for slow machines. */
	assert_in_range(
		clock_mono_ms() - began, FCGI_RECEIVE_TIMEOUT_MS / 2, 20 * FCGI_RECEIVE_TIMEOUT_MS);
	buf_free(&bytes);
}

static void other_protocol_is_closed(void **state)
{
	struct fixture *fixture = *state;
	struct err err = { .code = ERR_INTERNAL };
	struct buf bytes = BUF_INIT;

	buf_puts(&bytes, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	send_bytes(fixture->client, &bytes);
	expect_log("record-refused");
	assert_false(receive(fixture, &err));
	assert_err(&err, ERR_NONE);
	buf_free(&bytes);
}

static void connection_without_keep_alive_ends_with_its_request(void **state)
{
	const char *const pairs[] = { "REQUEST_METHOD", "GET", NULL };
	struct fixture *fixture = *state;
	struct buf bytes = BUF_INIT;
	struct err err;

	fcgi_client_put_begin(&bytes, false);
	fcgi_client_put_params(&bytes, pairs);
	fcgi_client_put_stdin(&bytes, STR(""));
	send_bytes(fixture->client, &bytes);
	must(receive(fixture, &err), &err);
	assert_false(fcgi_end(fixture->fcgi));
	assert_int_equal(fcgi_fd(fixture->fcgi), -1);
	expect_response(fixture, "");
	buf_free(&bytes);
}

/* It may be on its way when a worker retires. */
static void next_request_goes_along_with_a_connection(void **state)
{
	struct fixture *fixture = *state;
	struct handover queue;
	struct err err;

	must(handover_open(&queue, &err), &err);
	send_request(fixture, "3", STR("one"));
	must(receive(fixture, &err), &err);
	assert_true(fcgi_end(fixture->fcgi));
	expect_response(fixture, "");
	reset_request(fixture);
	send_request(fixture, "3", STR("two"));
	assert_true(fcgi_hand_over(fixture->fcgi, &queue));
	fcgi_close(fixture->fcgi);
	fixture->fcgi = NULL;
	assert_int_equal(fcgi_take(&fixture->fcgi, &queue, geteuid()), FCGI_ACCEPTED);
	must(receive(fixture, &err), &err);
	assert_str(fixture->request.body, "two");
	assert_true(fcgi_end(fixture->fcgi));
	expect_response(fixture, "");
	handover_close(&queue);
}

static void accept_reports_no_connection(void **state)
{
	struct fcgi *fcgi;

	(void)state;
	assert_int_equal(fcgi_accept(&fcgi, listener, geteuid()), FCGI_NO_CONNECTION);
}

/* A process of the user nobody that stays connected until pipes[1] is closed. */
static pid_t connect_as_nobody(const int pipes[2])
{
	pid_t child = fork();
	bool connected;
	char byte;
	int fd;

	if (child != 0)
		return child;
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	connected = setuid(65534) == 0 &&
		    connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	close(pipes[1]);
	_exit(read(pipes[0], &byte, 1) == 0 && connected ? 0 : 1);
}

static void connection_of_another_user_is_refused(void **state)
{
	struct fcgi *fcgi;
	enum fcgi_accept_result accepted;
	pid_t child;
	int pipes[2], status;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(chmod(check_temp_dir(), 0711), 0);
	assert_int_equal(chmod(address.sun_path, 0666), 0);
	child = connect_as_nobody(pipes);
	close(pipes[0]);
	expect_log("peer-refused");
	do {
		accepted = fcgi_accept(&fcgi, listener, geteuid());
	} while (accepted == FCGI_NO_CONNECTION && usleep(1000) == 0);
	assert_int_equal(accepted, FCGI_WRONG_USER);
	close(pipes[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

#define PAIR(function) cmocka_unit_test_setup_teardown(function, open_pair, close_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR(connection_carries_several_requests),
		PAIR(response_is_sent_at_its_end),
		PAIR(suspended_request_is_answered),
		PAIR(large_response_is_sent_in_parts),
		PAIR(connection_survives_a_body_that_is_too_large),
		PAIR(wrong_content_length_is_malformed),
		PAIR(too_many_parameters_are_refused),
		PAIR(closed_connection_has_no_request),
		PAIR(incomplete_request_times_out),
		PAIR(other_protocol_is_closed),
		PAIR(connection_without_keep_alive_ends_with_its_request),
		PAIR(next_request_goes_along_with_a_connection),
		CHECK(accept_reports_no_connection),
		CHECK(connection_of_another_user_is_refused),
	};
	struct err err;

	if (!fcgi_init(&err))
		return 1;
	listen_in_folder();
	return CHECK_RUN(tests);
}
