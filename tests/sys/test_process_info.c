/* State of a process from /proc. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"
#include "sys/process_info.h"

/* A process that waits for a signal, in a group of its own, with brackets in its name. */
static pid_t start_child(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "a) Z 1 (b");
		setpgid(0, 0);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void child_has_name_parent_and_group(void **state)
{
	struct process_info info = { 0 };
	pid_t pid = start_child();

	(void)state;
	assert_true(process_info_read(pid, &info));
	assert_string_equal(info.name, "a) Z 1 (b");
	assert_int_equal(info.parent, getpid());
	assert_int_equal(info.group, pid);
	assert_int_not_equal(info.start, 0);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_false(process_info_read(pid, &info));
}

/* What a process has written is its own, what it maps of a file is not. */
static void anonymous_memory_is_a_part_of_the_resident(void **state)
{
	const size_t size = 8 << 20;
	struct process_memory before, after;
	char *own = malloc(size);

	(void)state;
	assert_non_null(own);
	assert_true(process_memory_read(getpid(), &before));
	assert_in_range(before.anonymous, 1, before.resident);
	memset(own, 1, size);
	assert_true(own[size / 2] == 1);
	assert_true(process_memory_read(getpid(), &after));
	assert_in_range(after.anonymous, before.anonymous + size / 2, before.anonymous + 2 * size);
	assert_in_range(after.resident, before.resident + size / 2, UINT64_MAX);
	free(own);
	assert_false(process_memory_read(0x7fffffff, &after));
}

static void dead_child_is_a_zombie(void **state)
{
	struct process_info info = { 0 };
	pid_t pid = start_child();
	siginfo_t end;

	(void)state;
	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &end, WEXITED | WNOWAIT), 0);
	assert_true(process_info_read(pid, &info));
	assert_int_equal(info.state, 'Z');
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK(child_has_name_parent_and_group),
		CHECK(anonymous_memory_is_a_part_of_the_resident),
		CHECK(dead_child_is_a_zombie),
	};

	return CHECK_RUN(tests);
}
