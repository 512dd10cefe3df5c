#include "worker/fatal.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker/terminal.h"

#define MESSAGE_MAX 1024

enum way { WAY_UNKNOWN, WAY_FILE, WAY_SOCKET, WAY_OWN, WAY_SHARED };

/*
 * O_NONBLOCK belongs to the open file description, which other processes may share: a pipe and a
 * terminal are opened once more. If that is not allowed, poll() has to tell whether there is room.
 */
static enum way find_way(int *fd)
{
	struct stat about;

	*fd = STDERR_FILENO;
	if (fstat(STDERR_FILENO, &about) != 0 || S_ISREG(about.st_mode))
		return WAY_FILE;
	if (S_ISSOCK(about.st_mode))
		return WAY_SOCKET;
	*fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (*fd >= 0)
		return WAY_OWN;
	*fd = STDERR_FILENO;
	return WAY_SHARED;
}

static ssize_t write_part(enum way way, int fd, struct str part)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };

	if (way == WAY_SOCKET)
		return send(fd, part.ptr, part.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (way == WAY_SHARED && poll(&room, 1, 0) != 1)
		return -1;
	return write(fd, part.ptr, part.len);
}

void say_bytes(struct str bytes)
{
	static enum way way;
	static int fd;
	ssize_t len = 1;

	if (way == WAY_UNKNOWN)
		way = find_way(&fd);
	/* A pipe takes PIPE_BUF bytes as a whole or not at all. */
	while (bytes.len > 0 && len > 0) {
		len = write_part(way, fd,
			(struct str){ bytes.ptr, bytes.len < PIPE_BUF ? bytes.len : PIPE_BUF });
		if (len > 0)
			bytes = str_skip(bytes, (size_t)len);
	}
}

void say(const char *format, ...)
{
	struct buf line = BUF_INIT;
	char text[MESSAGE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	buf_puts(&line, "polytaskctl: ");
	terminal_put(&line, str_cstr(text));
	buf_putc(&line, '\n');
	need_buf(&line);
	say_bytes(buf_str(&line));
	buf_free(&line);
}

void fatal_no_memory(void)
{
	say_bytes(STR("polytaskctl: memory is exhausted\n"));
	exit(1);
}
