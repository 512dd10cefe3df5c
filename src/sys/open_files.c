#include "sys/open_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define SLICE	    512
#define INTERVAL_MS 200
/* Where the line with the size of the table is, near the beginning. */
#define STATUS_SIZE 1024

void open_files_reset(struct open_files *files)
{
	atomic_store(&files->open, 0);
	atomic_store(&files->limit, 0);
	files->next = files->found = files->end = 0;
	files->next_ms = 0;
}

static uint32_t read_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT32_MAX)
		return INT32_MAX;
	return (uint32_t)limit.rlim_cur;
}

/* All open descriptors have lower numbers. Without /proc: the limit, so that a count takes long. */
static uint32_t table_size(uint32_t limit)
{
	static const char name[] = "\nFDSize:";
	char text[STATUS_SIZE + 1] = "";
	const char *line = NULL;
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (read(fd, text, STATUS_SIZE) > 0)
			line = strstr(text, name);
		close(fd);
	}
	return line ? (uint32_t)strtoul(line + sizeof(name) - 1, NULL, 10) : limit;
}

void open_files_count(struct open_files *files, int64_t now_ms)
{
	if (now_ms < files->next_ms)
		return;
	files->next_ms = now_ms + INTERVAL_MS;
	if (files->next == 0) {
		files->found = 0;
		atomic_store(&files->limit, read_limit());
		files->end = table_size(atomic_load(&files->limit));
	}
	for (int i = 0; i < SLICE && files->next < files->end; i++)
		files->found += fcntl((int)files->next++, F_GETFD) >= 0;
	if (files->next < files->end)
		return;
	atomic_store(&files->open, files->found);
	files->next = 0;
}
