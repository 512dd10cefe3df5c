#include "sys/process_info.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Reads a file of the process as a text. */
static bool read_file(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, text, size - 1);
	close(fd);
	if (len <= 0)
		return false;
	text[len] = '\0';
	return true;
}

bool process_memory_read(pid_t pid, struct process_memory *memory)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	unsigned long long resident, shared;
	char text[256];

	if (!read_file(pid, "statm", text, sizeof(text)) ||
		sscanf(text, "%*s %llu %llu", &resident, &shared) != 2)
		return false;
	memory->resident = resident * page;
	memory->anonymous = resident > shared ? (resident - shared) * page : 0;
	return true;
}

bool process_info_read(pid_t pid, struct process_info *info)
{
	unsigned long long start, user, system;
	const char *name, *name_end;
	char text[1024], state;
	int parent, group;

	if (!read_file(pid, "stat", text, sizeof(text)))
		return false;
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
