#include "import/progress.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

#define INTERVAL_MS 1000

struct progress progress_from(const char *fd_text)
{
	uint64_t fd;

	if (!str_to_u64(str_cstr(fd_text), &fd) || fd > INT_MAX || fcntl((int)fd, F_GETFD) < 0)
		return (struct progress){ .fd = -1 };
	return (struct progress){ .fd = (int)fd };
}

static int format(char *line, size_t size, uint64_t bytes, uint64_t total)
{
	uint64_t percent;

	if (total == PROGRESS_TOTAL_UNKNOWN)
		return snprintf(line, size,
			"{\"bytes\":%" PRIu64 ",\"of\":null,\"percent\":null}\n", bytes);
	percent = total == 0 ? 100 : (uint64_t)((double)bytes * 100.0 / (double)total);
	return snprintf(line, size,
		"{\"bytes\":%" PRIu64 ",\"of\":%" PRIu64 ",\"percent\":%" PRIu64 "}\n", bytes,
		total, percent < 100 ? percent : 100);
}

void progress_report(struct progress *progress, uint64_t bytes, uint64_t total)
{
	struct pollfd room = { .fd = progress->fd, .events = POLLOUT };
	int64_t now;
	char line[128];
	int len;

	if (progress->fd < 0)
		return;
	now = clock_mono_ms();
	if (now < progress->next_ms)
		return;
	progress->next_ms = now + INTERVAL_MS;
	/* A pipe is writable if a line of PIPE_BUF bytes fits: then the write does not block. */
	if (poll(&room, 1, 0) != 1 || !(room.revents & POLLOUT))
		return;
	len = format(line, sizeof(line), bytes, total);
	if (write(progress->fd, line, (size_t)len) != len)
		progress->fd = -1;
}
