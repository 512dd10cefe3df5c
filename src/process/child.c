#include "process/child.h"

#include <signal.h>

#include "admin/store_options.h"
#include "base/clock.h"

_Static_assert(SCOREBOARD_SLOTS <= STORE_PROCESSES, "each slot is a process of the store");

void child_store_options(
	const struct child_context *child, enum store_mode mode, struct store_options *options)
{
	store_options_from_conf(options, child->conf, mode);
	options->shared = &child->scoreboard->store;
	options->process = (unsigned)(child->slot - child->scoreboard->slots);
	options->activity = &child->slot->store_activity;
}

static volatile sig_atomic_t stop_requested;

static void handle_signal(int signal)
{
	(void)signal;
	stop_requested = 1;
}

void child_catch_sigterm(void)
{
	struct sigaction action = { .sa_handler = handle_signal };

	stop_requested = 0;
	sigaction(SIGTERM, &action, NULL);
}

bool child_stop_requested(void)
{
	return stop_requested;
}

bool child_poll(const struct child_context *child, struct pollfd *fd, int64_t ms)
{
	const struct timespec timeout = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	struct pollfd fds[] = { { .fd = child->supervisor_pipe, .events = POLLIN }, *fd };
	sigset_t mask;
	int ready;

	sigfillset(&mask);
	sigdelset(&mask, SIGTERM);
	atomic_fetch_add(&child->slot->counters.heartbeats, 1);
	open_files_count(&child->slot->files, clock_mono_ms());
	ready = ppoll(fds, 2, &timeout, &mask);
	fd->revents = ready > 0 ? fds[1].revents : 0;
	return !stop_requested && (ready <= 0 || !fds[0].revents);
}

bool child_pause(const struct child_context *child, int64_t ms)
{
	struct pollfd none = { .fd = -1 };

	return child_poll(child, &none, ms);
}
