/* The control socket of the supervisor from outside: its limits, reloads and operators. */
#include <bsd/unistd.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/check.h"
#include "process/control.h"
#include "process/fake_service.h"
#include "process/operators.h"
#include "sys/listen.h"

#define TIMEOUT_MS 15000

static void check_answer(const char *request, const char *answer, int expected)
{
	int status;
	char *text = fake_service_request(request, &status);

	assert_non_null(text);
	if (strcmp(text, answer) != 0 || status != expected)
		print_error("%.40s: %d %s\n", request, status, text);
	assert_string_equal(text, answer);
	assert_int_equal(status, expected);
	free(text);
}

#define MALFORMED_REQUEST "polytaskctl: malformed request: expected {\"verb\":[...]}\n"

static void malformed_control_request_is_refused(void **state)
{
	(void)state;
	fake_service_start_ready();
	check_answer("hello\n", MALFORMED_REQUEST, 2);
	check_answer("{}\n", MALFORMED_REQUEST, 2);
	check_answer("{\"verb\":\"status\"}\n", MALFORMED_REQUEST, 2);
	check_answer("{\"verb\":[{}]}\n", MALFORMED_REQUEST, 2);
	assert_int_equal(fake_service_stop(), 0);
}

static void endless_control_request_is_refused(void **state)
{
	char *endless = calloc(1, CONTROL_LINE_MAX + 8192);

	(void)state;
	assert_non_null(endless);
	fake_service_start_ready();
	memset(endless, 'a', CONTROL_LINE_MAX + 8191);
	check_answer(endless, "polytaskctl: the request line is too long\n", 1);
	free(endless);
	assert_int_equal(fake_service_stop(), 0);
}

static void operator_gets_all_that_was_received(void **state)
{
	(void)state;
	fake_service_start_ready();
	check_answer("{\"verb\":[\"x\"]}\n", "15\n", 3);
	check_answer("{\"verb\":[\"x\"]}\n12345", "20\n", 3);
	assert_int_equal(fake_service_stop(), 0);
}

static void control_requests_reload_and_stop(void **state)
{
	(void)state;
	fake_service_start_ready();
	check_answer("{\"verb\":[\"reload\"]}\n", "generation 2 serves\n", 0);
	fake_service_wait_ready(0, 2, 0);
	check_answer("{\"verb\":[\"stop\"]}\n", "", 0);
	assert_int_equal(waitpid(supervisor, NULL, 0), supervisor);
	supervisor = 0;
}

static int begin(const char *request)
{
	int fd;

	assert_true(listen_connect(&fd, fake_service_conf()->control));
	assert_int_equal(write(fd, request, strlen(request)), (ssize_t)strlen(request));
	return fd;
}

static void expect_response(int fd, const char *response)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	char text[200] = "";

	assert_int_equal(poll(&poller, 1, TIMEOUT_MS), 1);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	if (response)
		assert_string_equal(text, response);
	close(fd);
}

static void wait_for_starts(enum role role, int count)
{
	int64_t until = clock_mono_ms() + TIMEOUT_MS;

	while (script->start_counts[role] < count && clock_mono_ms() < until)
		poll(NULL, 0, 5);
	assert_true(script->start_counts[role] >= count);
}

/* The last one begins when the first has ended; more than may wait are refused. */
static void commands_wait_for_a_place(void **state)
{
	static const char request[] = "{\"verb\":[\"x\"]}\n";
	int fds[OPERATORS_USER_WORKING + CONTROL_USER_WAITING];

	(void)state;
	fake_service_start_ready();
	script->hold_operators = true;
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		fds[i] = begin(request);
		if (i < OPERATORS_USER_WORKING)
			wait_for_starts(ROLE_OPERATOR, (int)i + 1);
	}
	expect_response(
		begin(request), "e too many commands wait for the service; try again\nx 75\n");
	assert_int_equal(script->start_counts[ROLE_OPERATOR], OPERATORS_USER_WORKING);
	script->hold_operators = false;
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		expect_response(fds[i], "o 15\nx 3\n");
	assert_int_equal(fake_service_stop(), 0);
}

/* The third generation never becomes complete in this time. */
static void reload_does_not_wait_for_a_later_one(void **state)
{
	int first, second;

	(void)state;
	fake_service_start_ready();
	script->hold_retiring = true;
	script->ready_generation = 2;
	first = begin("{\"verb\":[\"reload\"]}\n");
	wait_for_starts(ROLE_WORKER, 2 * FAKE_SERVICE_WORKERS);
	second = begin("{\"verb\":[\"reload\"]}\n");
	wait_for_starts(ROLE_WORKER, 3 * FAKE_SERVICE_WORKERS);
	script->hold_retiring = false;
	expect_response(first, "o generation 2 serves\nx 0\n");
	script->ready_generation = 0;
	expect_response(second, "o generation 3 serves\nx 0\n");
	assert_int_equal(fake_service_stop(), 0);
}

/* Else each would replace the generation of the one before, and none would become complete. */
static void waiting_reloads_share_a_generation(void **state)
{
	int first, others[10];

	(void)state;
	fake_service_start_ready();
	script->hold_retiring = true;
	first = begin("{\"verb\":[\"reload\"]}\n");
	wait_for_starts(ROLE_WORKER, 2 * FAKE_SERVICE_WORKERS);
	for (size_t i = 0; i < 10; i++)
		others[i] = begin("{\"verb\":[\"reload\"]}\n");
	wait_for_starts(ROLE_WORKER, 3 * FAKE_SERVICE_WORKERS);
	script->hold_retiring = false;
	for (size_t i = 0; i < 10; i++)
		expect_response(others[i], "o generation 3 serves\nx 0\n");
	expect_response(first, NULL);
	assert_int_equal(fake_service_stop(), 0);
}

/* Its configuration is replaced before it was in use. */
static void reload_of_a_replaced_generation_waits_for_the_next(void **state)
{
	int first, second;

	(void)state;
	fake_service_start_ready();
	script->ready_generation = 1;
	first = begin("{\"verb\":[\"reload\"]}\n");
	wait_for_starts(ROLE_WORKER, 2 * FAKE_SERVICE_WORKERS);
	second = begin("{\"verb\":[\"reload\"]}\n");
	wait_for_starts(ROLE_WORKER, 3 * FAKE_SERVICE_WORKERS);
	script->ready_generation = 0;
	expect_response(first, "o generation 3 serves\nx 0\n");
	expect_response(second, "o generation 3 serves\nx 0\n");
	assert_int_equal(fake_service_stop(), 0);
}

/* They do not block other clients and are disconnected after a timeout. */
static void silent_clients_are_disconnected(void **state)
{
	int silent[CONTROL_CLIENTS - 1];
	struct pollfd poller = { .events = POLLIN };

	(void)state;
	fake_service_start_ready();
	for (size_t i = 0; i < CONTROL_CLIENTS - 1; i++)
		assert_true(listen_connect(&silent[i], fake_service_conf()->control));
	check_answer("{\"verb\":[\"x\"]}\n", "15\n", 3);
	poller.fd = silent[0];
	assert_int_equal(poll(&poller, 1, TIMEOUT_MS), 1);
	for (size_t i = 0; i < CONTROL_CLIENTS - 1; i++)
		close(silent[i]);
	assert_int_equal(fake_service_stop(), 0);
}

static void operator_waits_for_recovery(void **state)
{
	(void)state;
	fake_service_start_recovering(1000);
	check_answer("{\"verb\":[\"x\"]}\n", "15\n", 3);
	assert_false(script->started_during_recovery);
	assert_int_equal(fake_service_stop(), 0);
}

#define TEST(function) \
	cmocka_unit_test_setup_teardown(function, fake_service_setup, fake_service_teardown)

int main(int argc, char **argv, char **envp)
{
	const struct CMUnitTest tests[] = {
		TEST(malformed_control_request_is_refused),
		TEST(endless_control_request_is_refused),
		TEST(operator_gets_all_that_was_received),
		TEST(control_requests_reload_and_stop),
		TEST(commands_wait_for_a_place),
		TEST(reload_does_not_wait_for_a_later_one),
		TEST(waiting_reloads_share_a_generation),
		TEST(reload_of_a_replaced_generation_waits_for_the_next),
		TEST(silent_clients_are_disconnected),
		TEST(operator_waits_for_recovery),
	};

	setproctitle_init(argc, argv, envp);
	return CHECK_RUN(tests);
}
