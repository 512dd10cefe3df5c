#include "worker/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "worker/processes.h"

#define STREAMS		 4
#define FIRST_FREE_FD	 16    /* above the descriptors of the command */
#define ORPHAN_GRACE_MS	 200   /* after the worker's death */
#define KILL_INTERVAL_MS 50    /* a process may have forked meanwhile */
#define KILL_PASSES	 20    /* in a row */
#define KILL_MOST_MS	 30000 /* of another user, or in the kernel: it cannot be killed */

/* State of the guard process. */
struct watch {
	const struct guard_command *command;
	int control, events, signals;
	int timer; /* poll() would not count the time in which the machine is suspended */
	pid_t pid; /* of the command; 0: it has ended */
	bool ending;
	int64_t stop_kill_at;		     /* while ending */
	int64_t lease_end_at, lease_kill_at; /* as of the last order */
};

static void send_event(int fd, enum guard_event event, int value)
{
	struct guard_message message = { event, value };

	/* The worker may be dead. */
	if (write(fd, &message, sizeof(message)) < 0)
		return;
}

/* ---- the command ---- */

static void reset_signals(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Descriptors 0 to 3 become the streams; the pipe of events is closed by execve(). */
static void run_command(const struct guard_command *command, int events, pid_t guard)
{
	int moved[STREAMS];

	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != guard)
		_exit(127);
	events = fcntl(events, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	for (int i = 0; i < STREAMS; i++)
		moved[i] = fcntl(command->streams[i], F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	for (int i = 0; i < STREAMS; i++)
		dup2(moved[i], i);
	close_range(STREAMS, FIRST_FREE_FD - 1, 0);
	close_range(FIRST_FREE_FD, ~0U, CLOSE_RANGE_CLOEXEC);
	reset_signals();
	execve(command->program, command->argv, command->environment);
	send_event(events, GUARD_NOT_STARTED, errno);
	_exit(127);
}

/* ---- the guard ---- */

/* Without /proc at least the group of the command gets the signal. */
static bool signal_all(struct watch *watch, int number)
{
	int found = processes_signal(getpid(), NULL, 0, number);

	if (found < 0 && watch->pid > 0)
		kill(-watch->pid, number);
	return found == 0;
}

/* Begins to end all descendants, or shortens the grace. */
static void end_all(struct watch *watch, int64_t kill_at)
{
	if (!watch->ending)
		signal_all(watch, SIGTERM);
	watch->ending = true;
	if (kill_at < watch->stop_kill_at)
		watch->stop_kill_at = kill_at;
}

static int64_t kill_time(const struct watch *watch)
{
	return watch->stop_kill_at < watch->lease_kill_at ? watch->stop_kill_at
							  : watch->lease_kill_at;
}

/* Ends the guard when no descendant is left. */
static void reap(struct watch *watch)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(watch->signals, &info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != watch->pid)
			continue;
		watch->pid = 0;
		send_event(watch->events, GUARD_ENDED, status);
		end_all(watch, clock_boot_ms() + INT64_C(1000) * watch->command->grace_seconds);
	}
	if (pid < 0 && errno == ECHILD)
		_exit(0);
}

static void take_orders(struct watch *watch)
{
	struct guard_order order;
	ssize_t len;

	while ((len = read(watch->control, &order, sizeof(order))) == (ssize_t)sizeof(order)) {
		if (order.stop) {
			end_all(watch, order.kill_at);
		} else {
			watch->lease_end_at = order.end_at;
			watch->lease_kill_at = order.kill_at;
		}
	}
	if (len == 0) {
		end_all(watch, clock_boot_ms() + ORPHAN_GRACE_MS);
		close(watch->control);
		watch->control = -1;
	}
}

static void kill_all(struct watch *watch)
{
	for (int i = 0; i < KILL_PASSES && !signal_all(watch, SIGKILL); i++)
		;
	if (clock_boot_ms() >= kill_time(watch) + KILL_MOST_MS) {
		send_event(watch->events, GUARD_LEFT, 0);
		_exit(1);
	}
}

/* Does what is due; returns when something is due again. */
static int64_t keep_time(struct watch *watch)
{
	int64_t now = clock_boot_ms();

	if (!watch->ending && now < watch->lease_end_at)
		return watch->lease_end_at;
	if (!watch->ending) {
		send_event(watch->events, GUARD_LEASE_OVER, 0);
		end_all(watch, watch->lease_kill_at);
	}
	if (now < kill_time(watch))
		return kill_time(watch);
	kill_all(watch);
	return now + KILL_INTERVAL_MS;
}

static void set_timer(int timer, int64_t at)
{
	struct itimerspec time = { .it_value = { .tv_sec = (time_t)(at / 1000),
					   .tv_nsec = (long)(at % 1000) * 1000000 } };

	/* The time 0 would stop it. */
	if (at <= 0)
		time.it_value.tv_nsec = 1;
	timerfd_settime(timer, TFD_TIMER_ABSTIME, &time, NULL);
}

static void watch_command(struct watch *watch)
{
	struct pollfd fds[3] = { { .events = POLLIN }, { .events = POLLIN }, { .events = POLLIN } };

	for (;;) {
		reap(watch);
		set_timer(watch->timer, keep_time(watch));
		fds[0].fd = watch->control;
		fds[1].fd = watch->signals;
		fds[2].fd = watch->timer;
		poll(fds, 3, -1);
		if (watch->control >= 0)
			take_orders(watch);
	}
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Closes everything that the worker has open but these descriptors. */
static void close_others(const int *kept, size_t count)
{
	int sorted[STREAMS + 2];
	unsigned next = STDERR_FILENO + 1;

	memcpy(sorted, kept, count * sizeof(*kept));
	qsort(sorted, count, sizeof(*sorted), compare);
	for (size_t i = 0; i < count; i++) {
		if ((unsigned)sorted[i] > next)
			close_range(next, (unsigned)sorted[i] - 1, 0);
		next = (unsigned)sorted[i] + 1;
	}
	close_range(next, ~0U, 0);
}

static int open_child_signals(void)
{
	sigset_t all, child;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	return signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* A signal of a terminal, or SIGTERM for the worker's group, does not reach the guard. */
static void run_guard(const struct guard_command *command, int control, int events)
{
	int kept[STREAMS + 2] = { control, events };
	struct watch watch = { .command = command,
		.control = control,
		.events = events,
		.stop_kill_at = INT64_MAX,
		.lease_end_at = command->end_at,
		.lease_kill_at = command->kill_at };
	pid_t self = getpid();
	int null;

	memcpy(kept + 2, command->streams, sizeof(command->streams));
	setsid();
	prctl(PR_SET_NAME, "polytask-guard");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	close_others(kept, STREAMS + 2);
	fcntl(control, F_SETFL, O_NONBLOCK);
	watch.signals = open_child_signals();
	watch.timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	watch.pid = watch.signals < 0 || watch.timer < 0 ? -1 : fork();
	if (watch.pid == 0)
		run_command(command, events, self);
	if (watch.pid < 0) {
		send_event(events, GUARD_NOT_STARTED, errno);
		_exit(1);
	}
	for (int i = 0; i < STREAMS; i++)
		close(command->streams[i]);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = STDIN_FILENO; null >= 0 && fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	watch_command(&watch);
}

bool guard_start(struct guard *guard, const struct guard_command *command, struct err *err)
{
	int control[2] = { -1, -1 }, events[2] = { -1, -1 }, error;
	pid_t pid = -1;

	if (pipe2(control, O_CLOEXEC) == 0 && pipe2(events, O_CLOEXEC) == 0)
		pid = fork();
	if (pid == 0) {
		close(control[1]);
		close(events[0]);
		run_guard(command, control[0], events[1]);
	}
	error = errno;
	if (control[0] >= 0)
		close(control[0]);
	if (events[1] >= 0)
		close(events[1]);
	if (pid < 0) {
		if (control[1] >= 0)
			close(control[1]);
		if (events[0] >= 0)
			close(events[0]);
		return err_set(
			err, ERR_INTERNAL, NULL, "cannot start a process: %s", strerror(error));
	}
	fcntl(events[0], F_SETFL, O_NONBLOCK);
	fcntl(control[1], F_SETFL, O_NONBLOCK);
	*guard = (struct guard){ .pid = pid, .control = control[1], .events = events[0] };
	return true;
}

void guard_send(const struct guard *guard, const struct guard_order *order)
{
	if (write(guard->control, order, sizeof(*order)) < 0)
		return;
}
