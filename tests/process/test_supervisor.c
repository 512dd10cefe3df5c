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
#include "process/pretend.h"
#include "sys/listen.h"
#include "sys/lock.h"

#define PATIENCE_MS 15000

static void test_start_and_stop(void **state)
{
	struct seen seen;

	(void)state;
	pretend_prepare();
	pretend_launch();
	seen = pretend_await(0, 1, 0);
	assert_string_equal(seen.phase, "serving");
	assert_int_equal(pretend_end(), 0);
	assert_int_not_equal(access(pretend_conf()->control, F_OK), 0);
	assert_int_equal(script->births[ROLE_RECOVER], 1);
	assert_int_equal(script->births[ROLE_KEEPER], 1);
	assert_int_equal(script->births[ROLE_WORKER], PRETEND_WORKERS);
	assert_false(script->joined_early);
}

static void test_death_outside(void **state)
{
	struct seen before, after;

	(void)state;
	pretend_prepare();
	pretend_launch();
	before = pretend_await(0, 1, 0);
	kill(before.workers[1], SIGKILL);
	after = pretend_await(before.workers[1], 1, 0);
	assert_int_equal(after.keeper, before.keeper);
	assert_int_equal(after.workers[2], before.workers[2]);
	assert_int_equal(script->births[ROLE_RECOVER], 1);
	assert_int_equal(pretend_end(), 0);
}

static void check_all_new(const struct seen *before, const struct seen *after)
{
	assert_int_not_equal(after->keeper, before->keeper);
	assert_int_not_equal(after->workers[1], before->workers[1]);
	assert_int_not_equal(after->workers[2], before->workers[2]);
	assert_true(pretend_is_gone(before->keeper));
	assert_true(pretend_is_gone(before->workers[2]));
	assert_int_equal(script->births[ROLE_RECOVER], 2);
	assert_false(script->joined_early);
}

static void test_death_inside(void **state)
{
	struct seen before, after;

	(void)state;
	pretend_prepare();
	pretend_launch();
	before = pretend_await(0, 1, 0);
	script->trick = TRICK_INSIDE;
	poll(NULL, 0, 100);
	script->trick = NO_TRICK;
	kill(before.workers[1], SIGKILL);
	after = pretend_await(before.workers[1], 1, 1);
	check_all_new(&before, &after);
	assert_int_equal(pretend_end(), 0);
}

static void test_panic(void **state)
{
	struct seen before, after;

	(void)state;
	pretend_prepare();
	pretend_launch();
	before = pretend_await(0, 1, 0);
	script->trick = TRICK_PANIC;
	after = pretend_await(before.workers[1], 1, 1);
	check_all_new(&before, &after);
	assert_int_equal(pretend_end(), 0);
}

static void test_failed_recovery_is_repeated(void **state)
{
	(void)state;
	pretend_prepare();
	script->recover_failures = 2;
	pretend_launch();
	pretend_await(0, 1, 0);
	assert_int_equal(script->births[ROLE_RECOVER], 3);
	assert_int_equal(script->births[ROLE_WORKER], PRETEND_WORKERS);
	assert_int_equal(pretend_end(), 0);
}

static void test_stopped_worker(void **state)
{
	struct seen before, after;
	int64_t began;

	(void)state;
	pretend_prepare();
	pretend_launch();
	before = pretend_await(0, 1, 0);
	began = clock_mono_ms();
	kill(before.workers[1], SIGSTOP);
	after = pretend_await(before.workers[1], 1, 0);
	assert_true(clock_mono_ms() - began >= 900);
	assert_int_equal(after.workers[2], before.workers[2]);
	assert_int_equal(pretend_end(), 0);
}

/* It sleeps, and its loop does not turn: 3 s and stuck_seconds. */
static void test_hung_worker(void **state)
{
	struct seen before;
	int64_t began;

	(void)state;
	pretend_prepare();
	pretend_launch();
	before = pretend_await(0, 1, 0);
	began = clock_mono_ms();
	script->trick = TRICK_HANG;
	pretend_await(before.workers[1], 1, 0);
	assert_true(clock_mono_ms() - began >= 3500);
	assert_int_equal(pretend_end(), 0);
}

static void test_throttle(void **state)
{
	(void)state;
	pretend_prepare();
	script->trick = TRICK_FAIL;
	pretend_launch();
	poll(NULL, 0, 1200);
	/* after 50, 100, 200, 400 ms; without the delay there would be hundreds */
	assert_in_range(script->births[ROLE_WORKER], 3, 8);
	script->trick = NO_TRICK;
	pretend_await(0, 1, 0);
	assert_int_equal(pretend_end(), 0);
}

static void test_reload(void **state)
{
	struct seen before, after;

	(void)state;
	pretend_prepare();
	pretend_launch();
	before = pretend_await(0, 1, 0);
	kill(supervisor, SIGHUP);
	after = pretend_await(before.workers[1], 2, 0);
	assert_int_not_equal(after.workers[2], before.workers[2]);
	assert_int_not_equal(after.keeper, before.keeper);
	assert_true(pretend_is_gone(before.workers[1]));
	assert_int_equal(script->retired, PRETEND_WORKERS);
	assert_int_equal(script->births[ROLE_RECOVER], 1);
	assert_int_equal(pretend_end(), 0);
}

/* Who does not heed SIGTERM is killed in the end. */
static void test_stubborn_worker(void **state)
{
	struct seen seen;
	int64_t began;

	(void)state;
	pretend_prepare();
	pretend_launch();
	seen = pretend_await(0, 1, 0);
	script->trick = TRICK_STUBBORN;
	poll(NULL, 0, 100);
	began = clock_mono_ms();
	assert_int_equal(pretend_end(), 0);
	assert_in_range(clock_mono_ms() - began, 6500, 12000);
	assert_true(pretend_is_gone(seen.workers[1]));
}

/* They see that it has gone, and keep the lock until they have gone, too. */
static void test_supervisor_dies(void **state)
{
	struct err err = { 0 };
	int lock;

	(void)state;
	pretend_prepare();
	pretend_launch();
	pretend_await(0, 1, 0);
	assert_false(lock_take(pretend_conf()->home, &lock, &err));
	assert_int_equal(err.code, ERR_BUSY);
	pretend_kill();
	must(lock_take(pretend_conf()->home, &lock, &err), &err);
	close(lock);
	assert_int_equal(script->orphaned, PRETEND_WORKERS + 1);
}

/* One that cannot leave by itself is killed by the next instance. */
static void test_stuck_orphan(void **state)
{
	struct err err = { 0 };
	struct seen seen;
	int lock;

	(void)state;
	pretend_prepare();
	pretend_launch();
	seen = pretend_await(0, 1, 0);
	kill(seen.workers[1], SIGSTOP);
	pretend_kill();
	expect_log("orphans");
	must(lock_take(pretend_conf()->home, &lock, &err), &err);
	close(lock);
}

/* The service's user could let root, who takes the lock first, write anywhere. */
static void test_lock_is_no_link(void **state)
{
	char path[512], other[512];
	struct err err = { 0 };
	struct stat info;
	int lock;

	(void)state;
	pretend_prepare();
	snprintf(path, sizeof(path), "%s/lock", pretend_conf()->home);
	snprintf(other, sizeof(other), "%s/other", pretend_conf()->home);
	unlink(path);
	assert_int_equal(symlink(other, path), 0);
	assert_false(lock_take(pretend_conf()->home, &lock, &err));
	assert_int_equal(err.code, ERR_INTERNAL);
	assert_int_equal(lstat(other, &info), -1);
	unlink(path);
}

static void check_answer(const char *request, const char *answer, int expected)
{
	int status;
	char *text = pretend_ask(request, &status);

	assert_non_null(text);
	if (strcmp(text, answer) != 0 || status != expected)
		print_error("%.40s: %d %s\n", request, status, text);
	assert_string_equal(text, answer);
	assert_int_equal(status, expected);
	free(text);
}

#define NO_REQUEST "polytaskctl: the request is not {\"verb\":[...]}\n"

static void test_control(void **state)
{
	char *endless = calloc(1, CONTROL_LINE_MAX + 8192);

	(void)state;
	pretend_prepare();
	pretend_launch();
	pretend_await(0, 1, 0);
	check_answer("hello\n", NO_REQUEST, 2);
	check_answer("{}\n", NO_REQUEST, 2);
	check_answer("{\"verb\":\"status\"}\n", NO_REQUEST, 2);
	check_answer("{\"verb\":[{}]}\n", NO_REQUEST, 2);
	/* all that was read goes to the operator with the descriptor */
	check_answer("{\"verb\":[\"x\"]}\n", "15\n", 3);
	check_answer("{\"verb\":[\"x\"]}\n12345", "20\n", 3);
	memset(endless, 'a', CONTROL_LINE_MAX + 8191);
	check_answer(endless, "polytaskctl: the request line is too long\n", 1);
	check_answer("{\"verb\":[\"reload\"]}\n", "", 0);
	pretend_await(0, 2, 0);
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
	pretend_prepare();
	pretend_launch();
	pretend_await(0, 1, 0);
	for (size_t i = 0; i < CONTROL_CLIENTS - 1; i++)
		assert_true(listen_connect(&silent[i], pretend_conf()->control));
	check_answer("{\"verb\":[\"x\"]}\n", "15\n", 3);
	poller.fd = silent[0];
	assert_int_equal(poll(&poller, 1, PATIENCE_MS), 1);
	for (size_t i = 0; i < CONTROL_CLIENTS - 1; i++)
		close(silent[i]);
	assert_int_equal(pretend_end(), 0);
}

static void test_operator_waits_for_recovery(void **state)
{
	(void)state;
	pretend_prepare();
	script->recover_slow = true;
	pretend_launch();
	while (script->births[ROLE_RECOVER] == 0)
		poll(NULL, 0, 5);
	check_answer("{\"verb\":[\"x\"]}\n", "15\n", 3);
	assert_false(script->joined_early);
	assert_int_equal(pretend_end(), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, pretend_setup, pretend_teardown)

int main(int argc, char **argv, char **envp)
{
	const struct CMUnitTest tests[] = {
		TEST(test_start_and_stop),
		TEST(test_death_outside),
		TEST(test_death_inside),
		TEST(test_panic),
		TEST(test_failed_recovery_is_repeated),
		TEST(test_stopped_worker),
		TEST(test_hung_worker),
		TEST(test_throttle),
		TEST(test_reload),
		TEST(test_stubborn_worker),
		TEST(test_supervisor_dies),
		TEST(test_stuck_orphan),
		TEST(test_lock_is_no_link),
		TEST(test_control),
		TEST(test_silent_clients),
		TEST(test_operator_waits_for_recovery),
	};

	setproctitle_init(argc, argv, envp);
	return CHECK_RUN(tests);
}
