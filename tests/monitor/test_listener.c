/* The end of a listener: what was asked is answered, and nothing else is waited for. */
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/check.h"
#include "monitor/listener.h"

#define HEAD	"GET /page HTTP/1.1\r\nHost: 127.0.0.1\r\n"
#define WAIT_MS 10000

static int server;
static struct sockaddr_in address;
static struct listener *listener;

static int write_page(const struct listener_query *query, void *data, struct buf *out)
{
	(void)query, (void)data;
	buf_puts(out, "answered");
	return 200;
}

static const struct page pages[] = { { "/page", "text/plain", write_page }, { 0 } };

static void begin(void)
{
	socklen_t len = sizeof(address);
	struct err err = { 0 };

	address = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(server, 8), 0);
	assert_int_equal(getsockname(server, (struct sockaddr *)&address, &len), 0);
	must(listener_open(&listener, server, pages, NULL, &err), &err);
}

static void end(void)
{
	listener_close(listener);
	close(server);
}

static void run_for(int ms)
{
	int64_t until = clock_mono_ms() + ms;
	struct pollfd fd = { .fd = listener_fd(listener), .events = POLLIN };

	while (clock_mono_ms() < until) {
		poll(&fd, 1, 5);
		listener_run(listener);
	}
}

static int connect_client(void)
{
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
	run_for(20);
	return client;
}

static void send_text(int client, const char *text)
{
	assert_int_equal(send(client, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Until the end of the connection, or WAIT_MS: then the test fails. */
static void receive_all(int client, char *text, size_t size)
{
	int64_t until = clock_mono_ms() + WAIT_MS;
	size_t len = 0;
	ssize_t got = -1;

	while (got != 0) {
		assert_true(clock_mono_ms() < until);
		run_for(5);
		got = recv(client, text + len, size - 1 - len, MSG_DONTWAIT);
		len += got > 0 ? (size_t)got : 0;
	}
	text[len] = '\0';
	close(client);
}

static void request_that_has_begun_is_answered(void **state)
{
	char text[1000];
	int client;

	(void)state;
	begin();
	client = connect_client();
	send_text(client, HEAD);
	run_for(20);
	listener_retire(listener);
	run_for(2 * LISTENER_FIRST_MS);
	assert_true(listener_is_busy(listener));
	send_text(client, "\r\n");
	receive_all(client, text, sizeof(text));
	assert_non_null(strstr(text, "HTTP/1.1 200 "));
	assert_non_null(strstr(text, "Connection: close\r\n"));
	assert_non_null(strstr(text, "answered"));
	assert_false(listener_is_busy(listener));
	end();
}

static void request_that_has_come_is_answered(void **state)
{
	char text[1000];
	int client;

	(void)state;
	begin();
	client = connect_client();
	send_text(client, HEAD "\r\n");
	listener_retire(listener);
	receive_all(client, text, sizeof(text));
	assert_non_null(strstr(text, "answered"));
	end();
}

static void connection_between_two_requests_is_closed(void **state)
{
	char text[1000];
	int client;

	(void)state;
	begin();
	client = connect_client();
	send_text(client, HEAD "\r\n");
	run_for(50);
	assert_in_range(recv(client, text, sizeof(text), 0), 50, sizeof(text));
	listener_retire(listener);
	assert_false(listener_is_busy(listener));
	receive_all(client, text, sizeof(text));
	assert_string_equal(text, "");
	end();
}

static void silent_connection_is_not_waited_for(void **state)
{
	int client;

	(void)state;
	begin();
	client = connect_client();
	listener_retire(listener);
	run_for(LISTENER_FIRST_MS);
	assert_false(listener_is_busy(listener));
	close(client);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_that_has_begun_is_answered),
		cmocka_unit_test(request_that_has_come_is_answered),
		cmocka_unit_test(connection_between_two_requests_is_closed),
		cmocka_unit_test(silent_connection_is_not_waited_for),
	};

	return CHECK_RUN(tests);
}
