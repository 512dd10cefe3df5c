#include "ctl/regions.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "store/store.h"

/* Read by the signal handler; written only while its signals are blocked. */
static int guarded = -1;

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

static void block_signals(int how)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < SIGNALS; i++)
		sigaddset(&set, signals[i]);
	sigprocmask(how, &set, NULL);
}

/* Calls only functions that are safe in a signal handler, so not readdir(3). */
static void remove_regions(int folder)
{
	_Alignas(struct dirent64) char entries[2048];
	ssize_t len;

	while ((len = getdents64(folder, entries, sizeof(entries))) > 0) {
		for (ssize_t at = 0; at < len;) {
			const struct dirent64 *entry = (const void *)(entries + at);

			if (store_is_region(entry->d_name))
				unlinkat(folder, entry->d_name, 0);
			at += entry->d_reclen;
		}
	}
}

/* SA_RESETHAND: raise() ends the process. */
static void remove_and_end(int number)
{
	remove_regions(guarded);
	raise(number);
}

/* An ignored signal stays ignored, as under nohup(1). */
static void set_action(const struct sigaction *action)
{
	for (size_t i = 0; i < SIGNALS; i++) {
		struct sigaction before;

		if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			sigaction(signals[i], action, NULL);
	}
}

void regions_guard(const char *folder)
{
	struct sigaction action = { .sa_handler = remove_and_end, .sa_flags = SA_RESETHAND };

	sigemptyset(&action.sa_mask);
	guarded = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (guarded >= 0)
		set_action(&action);
}

void regions_remove(void)
{
	const struct sigaction action = { .sa_handler = SIG_DFL };

	if (guarded < 0)
		return;
	block_signals(SIG_BLOCK);
	remove_regions(guarded);
	close(guarded);
	guarded = -1;
	set_action(&action);
	block_signals(SIG_UNBLOCK);
}
