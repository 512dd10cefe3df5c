#include "sys/signals.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t stop_requested, reload_requested;

/* WARNING: may run at any instant of ppoll. Must only set a flag. */
static void note_signal(int signal)
{
	if (signal == SIGHUP)
		reload_requested = 1;
	else if (signal != SIGCHLD)
		stop_requested = 1;
}

void signals_install(void)
{
	static const int caught[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };
	struct sigaction action = { .sa_handler = note_signal };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
		sigaddset(&set, caught[i]);
		sigaction(caught[i], &action, NULL);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}

bool signals_stop_requested(void)
{
	return stop_requested;
}

bool signals_take_reload_request(void)
{
	bool asked = reload_requested;

	reload_requested = 0;
	return asked;
}

void signals_request_stop(void)
{
	stop_requested = 1;
}
