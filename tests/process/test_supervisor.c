/* The supervisor from outside: starts, exits, signals and control requests. */
#include <bsd/unistd.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/check.h"
#include "process/fake_service.h"
#include "sys/lock.h"

static void service_starts_and_stops(void **state)
{
	struct service_state seen;

	(void)state;
	seen = fake_service_start_ready();
	assert_string_equal(seen.phase, "serving");
	assert_int_equal(fake_service_stop(), 0);
	assert_int_not_equal(access(fake_service_conf()->control, F_OK), 0);
	assert_int_equal(script->start_counts[ROLE_RECOVER], 1);
	assert_int_equal(script->start_counts[ROLE_KEEPER], 1);
	assert_int_equal(script->start_counts[ROLE_WORKER], FAKE_SERVICE_WORKERS);
	assert_false(script->started_during_recovery);
}

/* Without SIGCONT it would end with SIGKILL, 7 s later. */
static void stopped_child_does_not_delay_the_stop(void **state)
{
	struct service_state seen;
	int64_t begun;

	(void)state;
	fake_service_prepare();
	fake_service_set_stuck_seconds(60);
	fake_service_start();
	seen = fake_service_wait_ready(0, 1, 0);
	kill(seen.workers[1], SIGSTOP);
	kill(seen.keeper, SIGSTOP);
	begun = clock_mono_ms();
	assert_int_equal(fake_service_stop(), 0);
	assert_true(clock_mono_ms() - begun < 6000);
}

static void worker_killed_outside_the_store_is_replaced(void **state)
{
	struct service_state before, after;

	(void)state;
	before = fake_service_start_ready();
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

static void worker_killed_inside_the_store_causes_recovery(void **state)
{
	struct service_state before, after;

	(void)state;
	before = fake_service_start_ready();
	script->injected_fault = INJECT_INSIDE_STORE;
	poll(NULL, 0, 100);
	script->injected_fault = INJECT_NONE;
	kill(before.workers[1], SIGKILL);
	after = fake_service_wait_ready(before.workers[1], 1, 1);
	check_all_replaced(&before, &after);
	assert_int_equal(fake_service_stop(), 0);
}

static void share_store_and_start(void)
{
	fake_service_prepare();
	fake_service_share_store();
	fake_service_start();
}

/* What it had begun is undone by the server; other processes go on. */
static void worker_killed_inside_a_shared_store_is_replaced(void **state)
{
	struct service_state before, after;

	(void)state;
	share_store_and_start();
	before = fake_service_wait_ready(0, 1, 0);
	script->injected_fault = INJECT_INSIDE_STORE;
	poll(NULL, 0, 100);
	script->injected_fault = INJECT_NONE;
	kill(before.workers[1], SIGKILL);
	after = fake_service_wait_ready(before.workers[1], 1, 0);
	assert_int_equal(after.keeper, before.keeper);
	assert_int_equal(after.workers[2], before.workers[2]);
	assert_int_equal(script->start_counts[ROLE_RECOVER], 1);
	assert_int_equal(fake_service_stop(), 0);
}

/* Nothing of a shared store is in the folder of the regions. */
static void shared_store_has_no_regions(void **state)
{
	const struct conf *conf = fake_service_conf();
	char path[sizeof(conf->regions) + 8];
	struct service_state before, after;

	(void)state;
	share_store_and_start();
	before = fake_service_wait_ready(0, 1, 0);
	snprintf(path, sizeof(path), "%s/lock", conf->regions);
	unlink(path);	     /* of a test before */
	poll(NULL, 0, 1100); /* the time of two looks at the regions */
	assert_int_not_equal(access(path, F_OK), 0);
	after = fake_service_wait_ready(0, 1, 0);
	assert_int_equal(after.workers[1], before.workers[1]);
	assert_int_equal(fake_service_stop(), 0);
}

static void panic_causes_recovery(void **state)
{
	struct service_state before, after;

	(void)state;
	before = fake_service_start_ready();
	script->injected_fault = INJECT_PANIC;
	after = fake_service_wait_ready(before.workers[1], 1, 1);
	check_all_replaced(&before, &after);
	assert_int_equal(fake_service_stop(), 0);
}

static void failed_recovery_is_repeated(void **state)
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

static void stopped_worker_is_replaced(void **state)
{
	struct service_state before, after;
	int64_t began;

	(void)state;
	before = fake_service_start_ready();
	began = clock_mono_ms();
	kill(before.workers[1], SIGSTOP);
	after = fake_service_wait_ready(before.workers[1], 1, 0);
	assert_true(clock_mono_ms() - began >= 900);
	assert_int_equal(after.workers[2], before.workers[2]);
	assert_int_equal(fake_service_stop(), 0);
}

/* Asleep without a heartbeat for 3 s + stuck_seconds. */
static void hung_worker_is_replaced(void **state)
{
	struct service_state before;
	int64_t began;

	(void)state;
	before = fake_service_start_ready();
	began = clock_mono_ms();
	script->injected_fault = INJECT_HANG;
	fake_service_wait_ready(before.workers[1], 1, 0);
	assert_true(clock_mono_ms() - began >= 3500);
	assert_int_equal(fake_service_stop(), 0);
}

static void repeated_exits_are_delayed(void **state)
{
	(void)state;
	fake_service_prepare();
	script->injected_fault = INJECT_EXIT;
	fake_service_start();
	poll(NULL, 0, 1200);
	/* after 50, 100, 200, 400 ms; without the delay there are hundreds */
	assert_in_range(script->start_counts[ROLE_WORKER], 3, 8);
	script->injected_fault = INJECT_NONE;
	fake_service_wait_ready(0, 1, 0);
	assert_int_equal(fake_service_stop(), 0);
}

static void reload_replaces_all_children(void **state)
{
	struct service_state before, after;

	(void)state;
	before = fake_service_start_ready();
	kill(supervisor, SIGHUP);
	after = fake_service_wait_ready(before.workers[1], 2, 0);
	assert_int_not_equal(after.workers[2], before.workers[2]);
	assert_int_not_equal(after.keeper, before.keeper);
	assert_true(fake_service_is_gone(before.workers[1]));
	assert_int_equal(script->retired, FAKE_SERVICE_WORKERS);
	assert_int_equal(script->start_counts[ROLE_RECOVER], 1);
	assert_int_equal(fake_service_stop(), 0);
}

static void worker_that_ignores_sigterm_is_killed(void **state)
{
	struct service_state seen;
	int64_t began;

	(void)state;
	seen = fake_service_start_ready();
	script->injected_fault = INJECT_IGNORE_SIGTERM;
	poll(NULL, 0, 100);
	began = clock_mono_ms();
	assert_int_equal(fake_service_stop(), 0);
	assert_in_range(clock_mono_ms() - began, 6500, 12000);
	assert_true(fake_service_is_gone(seen.workers[1]));
}

/* They keep the lock until they have exited. */
static void children_exit_when_the_supervisor_dies(void **state)
{
	struct err err = { 0 };
	int lock;

	(void)state;
	fake_service_start_ready();
	assert_false(lock_take(fake_service_conf()->home, &lock, &err));
	assert_err(&err, ERR_BUSY);
	fake_service_kill();
	must(lock_take(fake_service_conf()->home, &lock, &err), &err);
	close(lock);
	assert_int_equal(script->orphaned, FAKE_SERVICE_WORKERS + 1);
}

static void next_instance_kills_a_stuck_orphan(void **state)
{
	struct err err = { 0 };
	struct service_state seen;
	int lock;

	(void)state;
	seen = fake_service_start_ready();
	kill(seen.workers[1], SIGSTOP);
	fake_service_kill();
	expect_log("orphans");
	must(lock_take(fake_service_conf()->home, &lock, &err), &err);
	close(lock);
}

static void removed_lock_of_the_regions_is_taken_again(void **state)
{
	const struct conf *conf = fake_service_conf();
	char path[sizeof(conf->regions) + 8];
	struct service_state before;
	struct err err = { 0 };
	int lock;

	(void)state;
	before = fake_service_start_ready();
	snprintf(path, sizeof(path), "%s/lock", conf->regions);
	assert_int_equal(unlink(path), 0);
	/* The new children inherit the new lock. */
	fake_service_wait_ready(before.workers[1], 2, 0);
	assert_fails(lock_take_regions(conf->regions, false, &lock, &err), &err, ERR_CONFLICT);
	assert_int_equal(fake_service_stop(), 0);
	must(lock_take_regions(conf->regions, false, &lock, &err), &err);
	close(lock);
}

/* Other children would be killed after 7 s. */
static void stop_ends_a_recovery(void **state)
{
	int64_t began;

	(void)state;
	fake_service_start_recovering(60000);
	began = clock_mono_ms();
	assert_int_equal(fake_service_stop(), 0);
	assert_in_range(clock_mono_ms() - began, 0, 6000);
}

#define TEST(function) \
	cmocka_unit_test_setup_teardown(function, fake_service_setup, fake_service_teardown)

int main(int argc, char **argv, char **envp)
{
	const struct CMUnitTest tests[] = {
		TEST(service_starts_and_stops),
		TEST(stopped_child_does_not_delay_the_stop),
		TEST(worker_killed_outside_the_store_is_replaced),
		TEST(worker_killed_inside_the_store_causes_recovery),
		TEST(worker_killed_inside_a_shared_store_is_replaced),
		TEST(shared_store_has_no_regions),
		TEST(panic_causes_recovery),
		TEST(failed_recovery_is_repeated),
		TEST(stopped_worker_is_replaced),
		TEST(hung_worker_is_replaced),
		TEST(repeated_exits_are_delayed),
		TEST(reload_replaces_all_children),
		TEST(worker_that_ignores_sigterm_is_killed),
		TEST(children_exit_when_the_supervisor_dies),
		TEST(next_instance_kills_a_stuck_orphan),
		TEST(removed_lock_of_the_regions_is_taken_again),
		TEST(stop_ends_a_recovery),
	};

	setproctitle_init(argc, argv, envp);
	return CHECK_RUN(tests);
}
