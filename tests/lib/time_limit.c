/* The handler runs wherever the test hangs, so it allocates nothing and uses no stdio stream. */
#include "lib/time_limit.h"

#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_SECONDS 300
#define FRAMES_MAX	64

static const char *running;
static unsigned seconds = DEFAULT_SECONDS;

static void read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd >= 0 ? read(fd, text, size - 1) : -1;

	text[len > 0 ? len : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

static bool is_debugged(void)
{
	char status[2048];
	const char *tracer;

	read_text("/proc/self/status", status, sizeof(status));
	tracer = strstr(status, "TracerPid:");
	return tracer && strtol(tracer + strlen("TracerPid:"), NULL, 10) != 0;
}

/* Each is stopped first, so that it cannot fork or restart its children meanwhile. */
static void kill_descendants(pid_t parent)
{
	char path[64], children[1024], *at = children;
	pid_t child;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent, (int)parent);
	read_text(path, children, sizeof(children));
	while ((child = (pid_t)strtol(at, &at, 10)) > 0) {
		kill(child, SIGSTOP);
		kill_descendants(child);
		kill(child, SIGKILL);
	}
}

static void end_program(int number)
{
	void *frames[FRAMES_MAX];

	(void)number;
	if (is_debugged())
		return;
	dprintf(STDOUT_FILENO, "Bail out! %s: %s: no end after %u seconds\n",
		program_invocation_short_name, running, seconds);
	backtrace_symbols_fd(frames, backtrace(frames, FRAMES_MAX), STDERR_FILENO);
	kill_descendants(getpid());
	_exit(1);
}

void time_limit_begin(const char *name)
{
	const char *setting = getenv("POLYTASK_TEST_SECONDS");
	struct sigaction action = { .sa_handler = end_program };
	void *frame;

	running = name;
	if (setting)
		seconds = (unsigned)strtoul(setting, NULL, 10);
	backtrace(&frame, 1); /* its first call allocates */
	sigaction(SIGALRM, &action, NULL);
	alarm(seconds);
}
