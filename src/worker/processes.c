#include "worker/processes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

/* Of one scan; those beyond are found when others have ended. */
#define PROCESSES_MAX 65536

struct process {
	pid_t pid, parent, group;
	unsigned long long started; /* with the pid, the identity of a process */
	bool wanted, zombie;
};

/* A table for the one scan at a time. Its pages cost nothing until they are used. */
static struct process table[PROCESSES_MAX];

/* Fields 3, 4 and 22 of /proc/PID/stat; the name before them may have any characters. */
static bool read_process(struct process *process, const char *pid)
{
	char path[64], text[1024], state;
	const char *end;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return false;
	text[len] = '\0';
	end = strrchr(text, ')');
	*process = (struct process){ .pid = (pid_t)strtol(pid, NULL, 10) };
	if (!end || sscanf(end + 1,
			    " %c %d %d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
			    "%*d %llu",
			    &state, &process->parent, &process->group, &process->started) != 4)
		return false;
	process->zombie = state == 'Z' || state == 'X';
	return true;
}

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
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
			read_process(&table[count], entry->d_name))
			count++;
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

static bool is_wanted(pid_t pid, size_t count)
{
	const struct process key = { .pid = pid };
	const struct process *found = bsearch(&key, table, count, sizeof(key), compare);

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
			process->wanted = process->parent == root ||
					  is_wanted(process->parent, count);
			added |= process->wanted;
		}
	}
}

/* The pid may belong to another process by now, unless the descriptor is of the same start. */
static void send_signal(const struct process *process, int number)
{
	int fd = pidfd_open(process->pid, 0);
	struct process now;
	char pid[16];

	/* Not all sandboxes allow the call. */
	if (fd < 0 && errno != ESRCH)
		kill(process->pid, number);
	if (fd < 0)
		return;
	snprintf(pid, sizeof(pid), "%d", (int)process->pid);
	if (read_process(&now, pid) && now.started == process->started)
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
	if (process->group > 1 && process->group != getpgrp())
		kill(-process->group, SIGKILL);
}

int processes_signal(pid_t root, const pid_t *spared, size_t spared_count, int number)
{
	int count = read_processes(), found = 0;

	if (count < 0)
		return -1;
	mark(root, (size_t)count, spared, spared_count);
	for (int i = 0; i < count; i++) {
		if (!table[i].wanted || table[i].zombie)
			continue;
		send_signal(&table[i], number);
		if (number == SIGKILL)
			kill_group(&table[i]);
		found++;
	}
	return found;
}
