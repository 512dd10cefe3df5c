#include "sys/output.h"

#include <poll.h>

bool output_reader_has_gone(FILE *out)
{
	struct pollfd fd = { .fd = fileno(out) };

	return ferror(out) && poll(&fd, 1, 0) > 0 && (fd.revents & (POLLERR | POLLHUP));
}
