/* Large bodies that are read in parts, as they arrive. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/fcgi_client.h"
#include "serve/fcgi.h"

#define LENGTH ((size_t)3 * 1024 * 1024)

struct fixture {
	int client;
	struct fcgi *fcgi;
	struct arena arena;
	struct request request;
	struct buf bytes; /* that the client has to send */
	size_t sent;
};

static int open_pair(void **state)
{
	static struct fixture fixture;
	struct handover queue;
	struct err err;
	int pair[2];

	check_setup(state);
	fixture = (struct fixture){ .request.arena = &fixture.arena };
	must(handover_open(&queue, &err), &err);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_true(handover_put(&queue, pair[1]));
	assert_int_equal(fcgi_take(&fixture.fcgi, &queue, geteuid()), FCGI_ACCEPTED);
	close(pair[1]);
	handover_close(&queue);
	fixture.client = pair[0];
	*state = &fixture;
	return 0;
}

static int close_pair(void **state)
{
	struct fixture *fixture = *state;

	fcgi_close(fixture->fcgi);
	close(fixture->client);
	arena_free(&fixture->arena);
	buf_free(&fixture->bytes);
	return check_teardown(state);
}

/* A request whose body of `len` bytes is announced as one of `announced`. */
static void announce(struct fixture *fixture, size_t len, size_t announced)
{
	char number[24];
	const char *const pairs[] = { "REQUEST_METHOD", "POST", "CONTENT_LENGTH", number, NULL };
	char *body = malloc(len);

	snprintf(number, sizeof(number), "%zu", announced);
	for (size_t i = 0; i < len; i++)
		body[i] = (char)('a' + i % 23);
	fcgi_client_put_request(&fixture->bytes, pairs, (struct str){ body, len });
	free(body);
}

static void make_request(struct fixture *fixture, size_t len)
{
	announce(fixture, len, LENGTH);
}

/* Sends as much as the socket takes, at most `max` bytes. Returns whether there is more. */
static bool send_some(struct fixture *fixture, size_t max)
{
	size_t left = fixture->bytes.len - fixture->sent;
	ssize_t sent = send(fixture->client, fixture->bytes.data + fixture->sent,
		left < max ? left : max, MSG_DONTWAIT);

	if (sent > 0)
		fixture->sent += (size_t)sent;
	return fixture->sent < fixture->bytes.len;
}

static bool is_readable(const struct fixture *fixture)
{
	struct pollfd ready = { .fd = fcgi_fd(fixture->fcgi), .events = POLLIN };

	return poll(&ready, 1, 0) == 1;
}

/* Receives the body while the client sends it in pieces. */
static enum fcgi_body receive(struct fixture *fixture, size_t piece, struct err *err)
{
	enum fcgi_body got = FCGI_BODY_MORE;

	while (got == FCGI_BODY_MORE) {
		send_some(fixture, piece);
		if (is_readable(fixture) || fixture->sent == fixture->bytes.len)
			got = fcgi_receive_part(fixture->fcgi, &fixture->request, err);
	}
	return got;
}

static void begin(struct fixture *fixture, size_t limit, struct err *err)
{
	send_some(fixture, SIZE_MAX);
	must(fcgi_receive_params(fixture->fcgi, &fixture->request, err), err);
	must(fcgi_begin_body(fixture->fcgi, &fixture->request, limit, &fixture->arena, err), err);
}

static void body_is_read_in_parts(void **state)
{
	struct fixture *fixture = *state;
	struct err err;

	make_request(fixture, LENGTH);
	begin(fixture, LENGTH, &err);
	assert_int_equal(receive(fixture, 70000, &err), FCGI_BODY_DONE);
	assert_int_equal(fixture->request.body.len, LENGTH);
	for (size_t i = 0; i < LENGTH; i++) {
		if (fixture->request.body.ptr[i] != (char)('a' + i % 23))
			fail_msg("byte %zu is wrong", i);
	}
	assert_true(fcgi_end(fixture->fcgi));
}

/* Of a body that has arrived as a whole, with bodies that end at any place in libfcgi's buffer. */
static void epoll_reports_each_next_part(void **state)
{
	struct fixture *fixture = *state;
	struct err err;

	for (size_t len = 100000; len < 104200; len += 37) {
		enum fcgi_body got;

		fixture->request = (struct request){ .arena = &fixture->arena };
		announce(fixture, len, len);
		begin(fixture, len, &err);
		while ((got = fcgi_receive_part(fixture->fcgi, &fixture->request, &err)) ==
			FCGI_BODY_MORE) {
			if (!is_readable(fixture))
				fail_msg("a body of %zu bytes: no event", len);
		}
		assert_int_equal(got, FCGI_BODY_DONE);
		assert_true(fcgi_end(fixture->fcgi));
		buf_reset(&fixture->bytes);
		fixture->sent = 0;
	}
}

/* It would wait for FCGI_RECEIVE_TIMEOUT_MS, and end the connection. */
static void part_does_not_wait_for_bytes_that_have_not_arrived(void **state)
{
	struct fixture *fixture = *state;
	struct err err;
	int parts = 0;

	make_request(fixture, LENGTH);
	begin(fixture, LENGTH, &err);
	for (; is_readable(fixture) && parts < 1000; parts++)
		assert_int_equal(
			fcgi_receive_part(fixture->fcgi, &fixture->request, &err), FCGI_BODY_MORE);
	assert_in_range(parts, 1, 999);
	assert_int_equal(receive(fixture, SIZE_MAX, &err), FCGI_BODY_DONE);
}

static void skipped_body_leaves_the_connection_usable(void **state)
{
	struct fixture *fixture = *state;
	struct err err;

	make_request(fixture, LENGTH);
	begin(fixture, 0, &err);
	assert_int_equal(receive(fixture, SIZE_MAX, &err), FCGI_BODY_DONE);
	assert_null(fixture->request.body.ptr);
	assert_true(fcgi_end(fixture->fcgi));
}

static void body_over_its_limit_is_skipped(void **state)
{
	struct fixture *fixture = *state;
	struct err err;

	make_request(fixture, LENGTH);
	send_some(fixture, SIZE_MAX);
	must(fcgi_receive_params(fixture->fcgi, &fixture->request, &err), &err);
	assert_fails(fcgi_begin_body(
			     fixture->fcgi, &fixture->request, LENGTH - 1, &fixture->arena, &err),
		&err, ERR_TOO_LARGE);
	assert_int_equal(receive(fixture, SIZE_MAX, &err), FCGI_BODY_DONE);
	assert_null(fixture->request.body.ptr);
	assert_true(fcgi_end(fixture->fcgi));
}

/* Its body would take a millisecond for each MiB in one piece. */
static void body_of_a_request_with_too_many_parameters_is_skipped_in_parts(void **state)
{
	struct fixture *fixture = *state;
	const char *pairs[2 * (REQUEST_CGI_PARAMS_MAX + 2) + 1] = { "CONTENT_LENGTH", "3145728" };
	char *body = calloc(1, LENGTH);
	struct err err = { 0 };

	for (size_t i = 1; i <= REQUEST_CGI_PARAMS_MAX; i++)
		pairs[2 * i] = pairs[2 * i + 1] = "A";
	fcgi_client_put_request(&fixture->bytes, pairs, (struct str){ body, LENGTH });
	free(body);
	send_some(fixture, SIZE_MAX);
	assert_fails(fcgi_receive_params(fixture->fcgi, &fixture->request, &err), &err,
		ERR_HEADER_TOO_LARGE);
	must(fcgi_begin_body(fixture->fcgi, &fixture->request, 0, &fixture->arena, &err), &err);
	assert_int_equal(fcgi_receive_part(fixture->fcgi, &fixture->request, &err), FCGI_BODY_MORE);
	assert_int_equal(receive(fixture, SIZE_MAX, &err), FCGI_BODY_DONE);
	assert_true(fcgi_end(fixture->fcgi));
}

static void body_of_another_length_is_malformed(void **state)
{
	struct fixture *fixture = *state;
	struct err err = { 0 };

	make_request(fixture, LENGTH + 1);
	begin(fixture, LENGTH, &err);
	assert_int_equal(receive(fixture, SIZE_MAX, &err), FCGI_BODY_REFUSED);
	assert_err(&err, ERR_MALFORMED);
	assert_true(fcgi_end(fixture->fcgi));
}

static void peer_that_leaves_within_the_body_breaks_it(void **state)
{
	struct fixture *fixture = *state;
	struct err err = { 0 };

	make_request(fixture, LENGTH);
	begin(fixture, LENGTH, &err);
	shutdown(fixture->client, SHUT_RDWR);
	fixture->sent = fixture->bytes.len;
	assert_int_equal(receive(fixture, SIZE_MAX, &err), FCGI_BODY_BROKEN);
}

#define PAIR(function) cmocka_unit_test_setup_teardown(function, open_pair, close_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR(body_is_read_in_parts),
		PAIR(epoll_reports_each_next_part),
		PAIR(part_does_not_wait_for_bytes_that_have_not_arrived),
		PAIR(skipped_body_leaves_the_connection_usable),
		PAIR(body_over_its_limit_is_skipped),
		PAIR(body_of_a_request_with_too_many_parameters_is_skipped_in_parts),
		PAIR(body_of_another_length_is_malformed),
		PAIR(peer_that_leaves_within_the_body_breaks_it),
	};
	struct err err;

	return fcgi_init(&err) ? CHECK_RUN(tests) : 1;
}
