/* The supervisor's rules, seen from outside: births, deaths, signals, requests. */
#include <bsd/unistd.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/check.h"
#include "process/control.h"
#include "process/fake_service.h"
#include "sys/listen.h"
#include "sys/lock.h"

#define TIMEOUT_MS 15000

static void test_start_and_stop(void **state)
{
	struct service_state seen;

	(void)state;
	fake_service_prepare();
	fake_service_start();
	seen = fake_service_wait_ready(0, 1, 0);
	assert_string_equal(seen.phase, "serving");
	assert_int_equal(fake_service_stop(), 0);
	assert_int_not_equal(access(fake_service_conf()->control, F_OK), 0);
	assert_int_equal(script->start_counts[ROLE_RECOVER], 1);
	assert_int_equal(script->start_counts[ROLE_KEEPER], 1);
	assert_int_equal(script->start_counts[ROLE_WORKER], FAKE_SERVICE_WORKERS);
	assert_false(script->started_during_recovery);
}

static void test_exit_outside_store(void **state)
{
	struct service_state before, after;

	(void)state;
	fake_service_prepare();
	fake_service_start();
	before = fake_service_wait_ready(0, 1, 0);
	kill(before.workers[1], SIGKILL);
	after = fake_service_wait_ready(before.workers[1], 1, 0);
	assert_int_equal(after.keeper, before.keeper);
	assert_int_equal(after.workers[2], before.workers[2]);
	assert_int_equal(script->start_counts[ROLE_RECOVER], 1);
	assert_int_equal(fake_service_stop(), 0);
}

static void check_all_replaced(
	const struct service_state *before, const struct service_state *after)
{
	assert_int_not_equal(after->keeper, before->keeper);
	assert_int_not_equal(after->workers[1], before->workers[1]);
	assert_int_not_equal(after->workers[2], before->workers[2]);
	assert_true(fake_service_is_gone(before->keeper));
	assert_true(fake_service_is_gone(before->workers[2]));
	assert_int_equal(script->start_counts[ROLE_RECOVER], 2);
	assert_false(script->started_during_recovery);
}

static void test_exit_inside_store(void **state)
{
	struct service_state before, after;

	(void)state;
	fake_service_prepare();
	fake_service_start();
	before = fake_service_wait_ready(0, 1, 0);
	script->injected_fault = INJECT_INSIDE_STORE;
	poll(NULL, 0, 100);
	script->injected_fault = INJECT_NONE;
	kill(before.workers[1], SIGKILL);
	after = fake_service_wait_ready(before.workers[1], 1, 1);
	check_all_replaced(&before, &after);
	assert_int_equal(fake_service_stop(), 0);
}

static void test_panic(void **state)
{
	struct service_state before, after;

	(void)state;
	fake_service_prepare();
	fake_service_start();
	before = fake_service_wait_ready(0, 1, 0);
	script->injected_fault = INJECT_PANIC;
	after = fake_service_wait_ready(before.workers[1], 1, 1);
	check_all_replaced(&before, &after);
	assert_int_equal(fake_service_stop(), 0);
}

static void test_failed_recovery_is_repeated(void **state)
{
	(void)state;
	fake_service_prepare();
	script->recover_failures = 2;
	fake_service_start();
	fake_service_wait_ready(0, 1, 0);
	assert_int_equal(script->start_counts[ROLE_RECOVER], 3);
	assert_int_equal(script->start_counts[ROLE_WORKER], FAKE_SERVICE_WORKERS);
	assert_int_equal(fake_service_stop(), 0);
}

static void test_stopped_worker(void **state)
{
	struct service_state before, after;
	int64_t began;

	(void)state;
	fake_service_prepare();
	fake_service_start();
	before = fake_service_wait_ready(0, 1, 0);
	began = clock_mono_ms();
	kill(before.workers[1], SIGSTOP);
	after = fake_service_wait_ready(before.workers[1], 1, 0);
	assert_true(clock_mono_ms() - began >= 900);
	assert_int_equal(after.workers[2], before.workers[2]);
	assert_int_equal(fake_service_stop(), 0);
}

/* It sleeps, and its loop does not turn: 3 s and stuck_seconds. */
static void test_hung_worker(void **state)
{
	struct service_state before;
	int64_t began;

	(void)state;
	fake_service_prepare();
	fake_service_start();
	before = fake_service_wait_ready(0, 1, 0);
	began = clock_mono_ms();
	script->injected_fault = INJECT_HANG;
	fake_service_wait_ready(before.workers[1], 1, 0);
	assert_true(clock_mono_ms() - began >= 3500);
	assert_int_equal(fake_service_stop(), 0);
}

static void test_restart_backoff(void **state)
{
	(void)state;
	fake_service_prepare();
	script->injected_fault = INJECT_EXIT;
	fake_service_start();
	poll(NULL, 0, 1200);
	/* after 50, 100, 200, 400 ms; without the delay there would be hundreds */
	assert_in_range(script->start_counts[ROLE_WORKER], 3, 8);
	script->injected_fault = INJECT_NONE;
	fake_service_wait_ready(0, 1, 0);
	assert_int_equal(fake_service_stop(), 0);
}

static void test_reload(void **state)
{
	struct service_state before, after;

	(void)state;
	fake_service_prepare();
	fake_service_start();
	before = fake_service_wait_ready(0, 1, 0);
	kill(supervisor, SIGHUP);
	after = fake_service_wait_ready(before.workers[1], 2, 0);
	assert_int_not_equal(after.workers[2], before.workers[2]);
	assert_int_not_equal(after.keeper, before.keeper);
	assert_true(fake_service_is_gone(before.workers[1]));
	assert_int_equal(script->retired, FAKE_SERVICE_WORKERS);
	assert_int_equal(script->start_counts[ROLE_RECOVER], 1);
	assert_int_equal(fake_service_stop(), 0);
}

/* Who does not heed SIGTERM is killed in the end. */
static void test_worker_ignores_sigterm(void **state)
{
	struct service_state seen;
	int64_t began;

	(void)state;
	fake_service_prepare();
	fake_service_start();
	seen = fake_service_wait_ready(0, 1, 0);
	script->injected_fault = INJECT_IGNORE_SIGTERM;
	poll(NULL, 0, 100);
	began = clock_mono_ms();
	assert_int_equal(fake_service_stop(), 0);
	assert_in_range(clock_mono_ms() - began, 6500, 12000);
	assert_true(fake_service_is_gone(seen.workers[1]));
}

/* They see that it has gone, and keep the lock until they have gone, too. */
static void test_supervisor_dies(void **state)
{
	struct err err = { 0 };
	int lock;

	(void)state;
	fake_service_prepare();
	fake_service_start();
	fake_service_wait_ready(0, 1, 0);
	assert_false(lock_take(fake_service_conf()->home, &lock, &err));
	assert_err(&err, ERR_BUSY);
	fake_service_kill();
	must(lock_take(fake_service_conf()->home, &lock, &err), &err);
	close(lock);
	assert_int_equal(script->orphaned, FAKE_SERVICE_WORKERS + 1);
}

/* One that cannot leave by itself is killed by the next instance. */
static void test_stuck_orphan(void **state)
{
	struct err err = { 0 };
	struct service_state seen;
	int lock;

	(void)state;
	fake_service_prepare();
	fake_service_start();
	seen = fake_service_wait_ready(0, 1, 0);
	kill(seen.workers[1], SIGSTOP);
	fake_service_kill();
	expect_log("orphans");
	must(lock_take(fake_service_conf()->home, &lock, &err), &err);
	close(lock);
}

/* The service's user could let root, who takes the lock first, write anywhere. */
static void test_lock_rejects_symlink(void **state)
{
	char path[512], other[512];
	struct err err = { 0 };
	struct stat info;
	int lock;

	(void)state;
	fake_service_prepare();
	snprintf(path, sizeof(path), "%s/lock", fake_service_conf()->home);
	snprintf(other, sizeof(other), "%s/other", fake_service_conf()->home);
	unlink(path);
	assert_int_equal(symlink(other, path), 0);
	assert_false(lock_take(fake_service_conf()->home, &lock, &err));
	assert_err(&err, ERR_INTERNAL);
	assert_int_equal(lstat(other, &info), -1);
	unlink(path);
}

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

#define MALFORMED_REQUEST "polytaskctl: the request is not {\"verb\":[...]}\n"

static void test_control(void **state)
{
	char *endless = calloc(1, CONTROL_LINE_MAX + 8192);

	(void)state;
	fake_service_prepare();
	fake_service_start();
	fake_service_wait_ready(0, 1, 0);
	check_answer("hello\n", MALFORMED_REQUEST, 2);
	check_answer("{}\n", MALFORMED_REQUEST, 2);
	check_answer("{\"verb\":\"status\"}\n", MALFORMED_REQUEST, 2);
	check_answer("{\"verb\":[{}]}\n", MALFORMED_REQUEST, 2);
	/* all that was read goes to the operator with the descriptor */
	check_answer("{\"verb\":[\"x\"]}\n", "15\n", 3);
	check_answer("{\"verb\":[\"x\"]}\n12345", "20\n", 3);
	memset(endless, 'a', CONTROL_LINE_MAX + 8191);
	check_answer(endless, "polytaskctl: the request line is too long\n", 1);
	check_answer("{\"verb\":[\"reload\"]}\n", "", 0);
	fake_service_wait_ready(0, 2, 0);
	check_answer("{\"verb\":[\"stop\"]}\n", "", 0);
	assert_int_equal(waitpid(supervisor, NULL, 0), supervisor);
	supervisor = 0;
	free(endless);
}

/* Nobody who is silent holds up anybody else, and each is let go after a while. */
static void test_silent_clients(void **state)
{
	int silent[CONTROL_CLIENTS - 1];
	struct pollfd poller = { .events = POLLIN };

	(void)state;
	fake_service_prepare();
	fake_service_start();
	fake_service_wait_ready(0, 1, 0);
	for (size_t i = 0; i < CONTROL_CLIENTS - 1; i++)
		assert_true(listen_connect(&silent[i], fake_service_conf()->control));
	check_answer("{\"verb\":[\"x\"]}\n", "15\n", 3);
	poller.fd = silent[0];
	assert_int_equal(poll(&poller, 1, TIMEOUT_MS), 1);
	for (size_t i = 0; i < CONTROL_CLIENTS - 1; i++)
		close(silent[i]);
	assert_int_equal(fake_service_stop(), 0);
}

static void test_operator_waits_for_recovery(void **state)
{
	(void)state;
	fake_service_prepare();
	script->recover_slow = true;
	fake_service_start();
	while (script->start_counts[ROLE_RECOVER] == 0)
		poll(NULL, 0, 5);
	check_answer("{\"verb\":[\"x\"]}\n", "15\n", 3);
	assert_false(script->started_during_recovery);
	assert_int_equal(fake_service_stop(), 0);
}

#define TEST(function) \
	cmocka_unit_test_setup_teardown(function, fake_service_setup, fake_service_teardown)

int main(int argc, char **argv, char **envp)
{
	const struct CMUnitTest tests[] = {
		TEST(test_start_and_stop),
		TEST(test_exit_outside_store),
		TEST(test_exit_inside_store),
		TEST(test_panic),
		TEST(test_failed_recovery_is_repeated),
		TEST(test_stopped_worker),
		TEST(test_hung_worker),
		TEST(test_restart_backoff),
		TEST(test_reload),
		TEST(test_worker_ignores_sigterm),
		TEST(test_supervisor_dies),
		TEST(test_stuck_orphan),
		TEST(test_lock_rejects_symlink),
		TEST(test_control),
		TEST(test_silent_clients),
		TEST(test_operator_waits_for_recovery),
	};

	setproctitle_init(argc, argv, envp);
	return CHECK_RUN(tests);
}
