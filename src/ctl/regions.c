#include "ctl/regions.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/store.h"

#define FILES_MAX 16
#define NAME_SIZE 32

/* Read by the signal handler; written only while its signals are blocked. */
static struct {
	int folder;
	size_t count;
	char names[FILES_MAX][NAME_SIZE];
} guarded;

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

/* Calls only functions that are safe in a handler. SA_RESETHAND: raise() ends the process. */
static void remove_and_end(int number)
{
	for (size_t i = 0; i < guarded.count; i++)
		unlinkat(guarded.folder, guarded.names[i], 0);
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

static void collect_names(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;

	guarded.count = 0;
	while (folder && guarded.count < FILES_MAX && (entry = readdir(folder))) {
		if (store_is_region(entry->d_name) && strlen(entry->d_name) < NAME_SIZE)
			snprintf(guarded.names[guarded.count++], NAME_SIZE, "%.31s", entry->d_name);
	}
	if (folder)
		closedir(folder);
}

void regions_expect(void)
{
	block_signals(SIG_BLOCK);
}

void regions_guard(const char *folder)
{
	struct sigaction action = { .sa_handler = remove_and_end, .sa_flags = SA_RESETHAND };

	sigemptyset(&action.sa_mask);
	guarded.folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	collect_names(folder);
	if (guarded.folder >= 0)
		set_action(&action);
	block_signals(SIG_UNBLOCK);
}

void regions_remove(const char *folder)
{
	const struct sigaction action = { .sa_handler = SIG_DFL };

	block_signals(SIG_BLOCK);
	collect_names(folder);
	if (guarded.folder <= 0)
		guarded.folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; guarded.folder >= 0 && i < guarded.count; i++)
		unlinkat(guarded.folder, guarded.names[i], 0);
	if (guarded.folder >= 0)
		close(guarded.folder);
	guarded.folder = -1;
	guarded.count = 0;
	set_action(&action);
	block_signals(SIG_UNBLOCK);
}
