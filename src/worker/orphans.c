#include "worker/orphans.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker/processes.h"

#define PASSES		 20
#define PASS_INTERVAL_US 50000

static bool is_guard(const pid_t *guards, size_t count, pid_t pid)
{
	for (size_t i = 0; i < count; i++) {
		if (guards[i] == pid)
			return true;
	}
	return false;
}

/* A guard is left to its job, so that its pid keeps its meaning. */
static void reap(const pid_t *guards, size_t count)
{
	siginfo_t info = { 0 };

	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid > 0 &&
		!is_guard(guards, count, info.si_pid)) {
		waitpid(info.si_pid, NULL, WNOHANG);
		info.si_pid = 0;
	}
}

bool orphans_end(const struct worker *worker)
{
	pid_t guards[WORKER_JOBS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < WORKER_JOBS_MAX; i++) {
		if (worker->jobs[i].guard > 0)
			guards[count++] = worker->jobs[i].guard;
	}
	reap(guards, count);
	return processes_signal(getpid(), guards, count, SIGKILL) == 0;
}

void orphans_end_all(void)
{
	for (int i = 0; i < PASSES && processes_signal(getpid(), NULL, 0, SIGKILL) != 0; i++) {
		usleep(PASS_INTERVAL_US);
		reap(NULL, 0);
	}
}
