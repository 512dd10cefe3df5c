/* Descendants of a process, by /proc. */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"
#include "worker/processes.h"

static pid_t start(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		setsid();
		for (;;)
			pause();
	}
	return pid;
}

static void descendants_get_the_signal(void **state)
{
	pid_t pid, spared;
	int status;

	(void)state;
	assert_int_equal(processes_signal(getpid(), NULL, 0, SIGKILL), 0);
	pid = start();
	spared = start();
	assert_int_equal(processes_signal(getpid(), &spared, 1, SIGKILL), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(processes_signal(getpid(), &spared, 1, SIGKILL), 0);
	assert_int_equal(processes_signal(getpid(), NULL, 0, SIGKILL), 1);
	assert_int_equal(waitpid(spared, &status, 0), spared);
}

/* A folder or a file that cannot be opened does not mean that there is no process. */
static void unreadable_proc_is_an_error(void **state)
{
	struct rlimit before, low;
	pid_t pid = start();
	int next;

	(void)state;
	next = dup(STDIN_FILENO);
	assert_true(next >= 0);
	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	for (rlim_t more = 0; more < 2; more++) {
		low = (struct rlimit){ .rlim_cur = (rlim_t)next + more,
			.rlim_max = before.rlim_max };
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
		assert_int_equal(processes_signal(getpid(), NULL, 0, SIGKILL), -1);
	}
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(processes_signal(getpid(), NULL, 0, SIGKILL), 1);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CHECK(descendants_get_the_signal),
		CHECK(unreadable_proc_is_an_error),
	};

	return CHECK_RUN(tests);
}
