#include "worker/processes.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "sys/process_info.h"

/* Of one scan; those beyond are found when others have ended. */
#define PROCESSES_MAX 65536

struct process {
	pid_t pid;
	struct process_info info;
	bool wanted;
};

/* A table for the one scan at a time. Its pages cost nothing until they are used. */
static struct process table[PROCESSES_MAX];

static int compare(const void *a, const void *b)
{
	return ((const struct process *)a)->pid - ((const struct process *)b)->pid;
}

/* -1: /proc cannot be read, which is not the same as no process. */
static int read_processes(void)
{
	DIR *directory = opendir("/proc");
	const struct dirent *entry;
	int count = 0;

	if (!directory)
		return -1;
	while (count < PROCESSES_MAX && (entry = readdir(directory))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0 && process_info_read(pid, &table[count].info)) {
			table[count].pid = pid;
			table[count].wanted = false;
			count++;
		}
	}
	closedir(directory);
	qsort(table, (size_t)count, sizeof(table[0]), compare);
	return count;
}

static bool is_in(pid_t pid, const pid_t *pids, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (pids[i] == pid)
			return true;
	}
	return false;
}

static const struct process *find(pid_t pid, size_t count)
{
	const struct process key = { .pid = pid };

	return bsearch(&key, table, count, sizeof(key), compare);
}

static bool is_wanted(pid_t pid, size_t count)
{
	const struct process *found = find(pid, count);

	return found && found->wanted;
}

/* Children of root first, then theirs, until nothing is added. */
static void mark(pid_t root, size_t count, const pid_t *spared, size_t spared_count)
{
	bool added = true;

	while (added) {
		added = false;
		for (size_t i = 0; i < count; i++) {
			struct process *process = &table[i];

			if (process->wanted || is_in(process->pid, spared, spared_count))
				continue;
			process->wanted = process->info.parent == root ||
					  is_wanted(process->info.parent, count);
			added |= process->wanted;
		}
	}
}

/* The pid may belong to another process by now, unless the descriptor is of the same start. */
static void send_signal(const struct process *process, int number)
{
	int fd = pidfd_open(process->pid, 0);
	struct process_info now;

	/* Not all sandboxes allow the call. */
	if (fd < 0 && errno != ESRCH)
		kill(process->pid, number);
	if (fd < 0)
		return;
	if (process_info_read(process->pid, &now) && now.start == process->info.start)
		pidfd_send_signal(fd, number, NULL, 0);
	close(fd);
}

/*
 * A process that forks and exits again and again is gone when its signal comes, but a signal for
 * its group reaches all members at one moment. A command has a session of its own, so these are
 * its descendants only.
 */
static void kill_group(const struct process *process)
{
	if (process->info.group > 1 && process->info.group != getpgrp())
		kill(-process->info.group, SIGKILL);
}

static bool is_dead(const struct process *process)
{
	return process->info.state == 'Z' || process->info.state == 'X';
}

int processes_signal(pid_t root, const pid_t *spared, size_t spared_count, int number)
{
	int count = read_processes(), found = 0;

	/* Without files, for example, it would find no process, not even root. */
	if (count < 0 || !find(root, (size_t)count))
		return -1;
	mark(root, (size_t)count, spared, spared_count);
	for (int i = 0; i < count; i++) {
		if (!table[i].wanted || is_dead(&table[i]))
			continue;
		send_signal(&table[i], number);
		if (number == SIGKILL)
			kill_group(&table[i]);
		found++;
	}
	return found;
}
