/* Notifications to systemd's watchdog. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/check.h"
#include "process/watchdog.h"

#define INTERVAL_MS 500	  /* between notifications */
#define GRACE_MS    30000 /* without a ready worker */

struct scene {
	struct watchdog watchdog;
	struct process processes[SCOREBOARD_SLOTS];
	struct scoreboard *scoreboard;
	int64_t now;
	int notifications; /* receives them */
};

static int setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (!scene || check_setup(state) != 0)
		return -1;
	*state = scene;
	scene->scoreboard = scoreboard_new();
	scene->watchdog.notify_interval_ms = INTERVAL_MS;
	scene->now = 1000000;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/n", check_temp_dir());
	unlink(address.sun_path);
	scene->notifications = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	return bind(scene->notifications, (struct sockaddr *)&address, sizeof(address));
}

static int teardown(void **state)
{
	struct scene *scene = *state;

	unsetenv("NOTIFY_SOCKET");
	close(scene->notifications);
	scoreboard_free(scene->scoreboard);
	free(scene);
	return check_teardown(state);
}

/* Lets this time pass in turns of 100 ms; returns the number of notifications. */
static unsigned pass(struct scene *scene, int64_t ms)
{
	char bytes[100];
	unsigned count = 0;

	for (int64_t end = scene->now + ms; scene->now < end; scene->now += 100) {
		for (size_t i = 0; i < SCOREBOARD_SLOTS; i++)
			scene->processes[i].last_heartbeat_ms = scene->now;
		watchdog_notify_systemd(
			&scene->watchdog, scene->processes, scene->scoreboard, scene->now);
		while (recv(scene->notifications, bytes, sizeof(bytes), 0) > 0)
			count++;
	}
	return count;
}

static void add(struct scene *scene, size_t slot, enum role role, enum child_state child)
{
	scene->processes[slot] = (struct process){ .pid = 1, .role = role };
	scene->scoreboard->slots[slot].state = child;
}

static void ready_worker_is_reported(void **state)
{
	struct scene *scene = *state;

	add(scene, 0, ROLE_WORKER, CHILD_READY);
	assert_in_range(pass(scene, 10 * (int64_t)GRACE_MS), 500, 600);
}

static void nothing_is_reported_30_s_after_the_last_ready_worker(void **state)
{
	struct scene *scene = *state;

	add(scene, 0, ROLE_WORKER, CHILD_READY);
	add(scene, 1, ROLE_WORKER, CHILD_STARTING);
	pass(scene, 1000);
	scene->processes[0].pid = 0;
	assert_in_range(pass(scene, GRACE_MS), 50, 61);
	assert_int_equal(pass(scene, GRACE_MS), 0);
	scene->scoreboard->slots[1].state = CHILD_READY;
	assert_in_range(pass(scene, GRACE_MS), 50, 61);
}

static void readers_without_a_writer_are_not_enough(void **state)
{
	struct scene *scene = *state;

	add(scene, 0, ROLE_READER, CHILD_READY);
	add(scene, 1, ROLE_WRITER, CHILD_READY);
	assert_in_range(pass(scene, 10 * (int64_t)GRACE_MS), 500, 600);
	scene->processes[1].pid = 0;
	assert_in_range(pass(scene, GRACE_MS), 50, 61);
	assert_int_equal(pass(scene, GRACE_MS), 0);
}

static void start_has_30_s(void **state)
{
	struct scene *scene = *state;

	add(scene, 0, ROLE_WORKER, CHILD_STARTING);
	assert_in_range(pass(scene, GRACE_MS), 50, 61);
	pass(scene, 1000);
	assert_int_equal(pass(scene, GRACE_MS), 0);
}

static void recovery_may_take_hours(void **state)
{
	struct scene *scene = *state;

	add(scene, 0, ROLE_RECOVER, CHILD_STARTING);
	assert_in_range(pass(scene, 3600000), 6000, 7300);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ready_worker_is_reported),
		TEST(nothing_is_reported_30_s_after_the_last_ready_worker),
		TEST(readers_without_a_writer_are_not_enough),
		TEST(start_has_30_s),
		TEST(recovery_may_take_hours),
	};

	return CHECK_RUN(tests);
}
