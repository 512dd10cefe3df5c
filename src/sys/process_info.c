#include "sys/process_info.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool process_info_read(pid_t pid, struct process_info *info)
{
	char path[64], text[1024];
	unsigned long long start, user, system;
	const char *name, *name_end;
	ssize_t len;
	int fd, parent, group;
	char state;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return false;
	text[len] = '\0';
	/* The name, in parentheses, may contain spaces and parentheses. */
	name = strchr(text, '(');
	name_end = strrchr(text, ')');
	if (!name || !name_end || name_end < name ||
		sscanf(name_end + 1,
			" %c %d %d %*s %*s %*s %*s %*s %*s %*s %*s %llu %llu %*s %*s %*s %*s %*s %*s %llu",
			&state, &parent, &group, &user, &system, &start) != 6)
		return false;
	snprintf(info->name, sizeof(info->name), "%.*s", (int)(name_end - name - 1), name + 1);
	info->state = state;
	info->parent = parent;
	info->group = group;
	info->start = start;
	info->cpu = user + system;
	return true;
}
