#include "server/proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

bool proc_stat(pid_t pid, struct proc_stat *stat)
{
	char path[64], text[1024];
	unsigned long long start;
	const char *name_end;
	ssize_t len;
	char state;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return false;
	text[len] = '\0';
	/* The name in parentheses may itself hold spaces and parentheses. */
	name_end = strrchr(text, ')');
	if (!name_end ||
		sscanf(name_end + 1,
			" %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu",
			&state, &start) != 2)
		return false;
	stat->state = state;
	stat->start = start;
	return true;
}

static bool has_open(const char *pid, const struct stat *file)
{
	char path[300];
	struct dirent *entry;
	bool found = false;
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	fds = opendir(path);
	if (!fds)
		return false;
	while (!found && (entry = readdir(fds))) {
		struct stat info;

		found = fstatat(dirfd(fds), entry->d_name, &info, 0) == 0 &&
			info.st_dev == file->st_dev && info.st_ino == file->st_ino;
	}
	closedir(fds);
	return found;
}

unsigned proc_kill_holders(const char *path)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	unsigned killed = 0;
	struct stat file;

	if (!processes)
		return 0;
	while (stat(path, &file) == 0 && (entry = readdir(processes))) {
		uint64_t pid;

		if (!str_to_u64(str_of(entry->d_name), &pid) || (pid_t)pid == getpid())
			continue;
		if (has_open(entry->d_name, &file) && kill((pid_t)pid, SIGKILL) == 0)
			killed++;
	}
	closedir(processes);
	return killed;
}
