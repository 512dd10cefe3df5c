#include "process/operator_io.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"

/* A client that transfers fewer bytes than this during a wait still counts as waiting. */
#define PROGRESS_BYTES 65536
/* Half of what the kernel allows by default, so the cause has room behind unread output. */
#define SEND_BUFFER 65536

#define NO_INPUT  "the command ended because no input arrived for 10 minutes"
#define NO_READER "the command ended because its output was not read for 60 seconds"
#define DISPLACED \
	"the command ended because it waited for its client, and newer commands need its place"
#define STOPPING "the command ended because the service stops"

/* ---- waiting ---- */

static const char *cause_of_exit(const struct child_context *child)
{
	return child->slot->displaced ? DISPLACED : STOPPING;
}

/* Returns true when the client is ready, false with io->ended set if this process must exit. */
static bool wait_for_client(struct operator_io *io, short event, int seconds, const char *late)
{
	struct pollfd client = { .fd = io->child->client.fd, .events = event };
	int64_t began = clock_mono_ms();
	bool goes_on = child_poll(io->child, &client, 0);

	if (goes_on && !client.revents && io->child->slot->waiting_since == 0) {
		io->progress = 0;
		io->child->slot->waiting_since = began;
	}
	while (goes_on && !client.revents && clock_mono_ms() - began < seconds * 1000)
		goes_on = child_poll(io->child, &client, CHILD_WAIT_MS);
	if (!goes_on)
		io->ended = cause_of_exit(io->child);
	else if (!client.revents)
		io->ended = late;
	return !io->ended;
}

static void note_progress(struct operator_io *io, size_t bytes)
{
	io->progress += bytes;
	if (io->progress >= PROGRESS_BYTES)
		io->child->slot->waiting_since = 0;
}

bool operator_io_pause(void *io, int64_t ms)
{
	const struct child_context *child = ((struct operator_io *)io)->child;
	/* The client has sent all and waits: without events, only its end is reported. */
	struct pollfd client = { .fd = child->client.fd };

	if (child->slot->waiting_since == 0)
		child->slot->waiting_since = clock_mono_ms();
	return child_poll(child, &client, ms) && !client.revents;
}

/* ---- streams ---- */

static ssize_t read_input(void *cookie, char *bytes, size_t size)
{
	struct operator_io *io = cookie;
	size_t len = io->rest.len < size ? io->rest.len : size;
	ssize_t received;

	if (len > 0) {
		memcpy(bytes, io->rest.ptr, len);
		io->rest = str_skip(io->rest, len);
		return (ssize_t)len;
	}
	if (io->ended || !wait_for_client(io, POLLIN, OPERATOR_INPUT_SECONDS, NO_INPUT)) {
		errno = EINTR;
		return -1;
	}
	received = recv(io->child->client.fd, bytes, size, MSG_DONTWAIT);
	if (received == 0)
		io->child->slot->waiting_since = 0;
	else if (received > 0)
		note_progress(io, (size_t)received);
	return received;
}

/* Sends without a wait what there is room for, so a result is not lost while the service stops. */
static ssize_t write_output(void *cookie, const char *bytes, size_t size)
{
	struct operator_io *io = cookie;
	struct str rest = { bytes, size };

	while (rest.len > 0) {
		ssize_t sent = send(
			io->child->client.fd, rest.ptr, rest.len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent >= 0) {
			rest = str_skip(rest, (size_t)sent);
			note_progress(io, (size_t)sent);
		} else if (errno != EAGAIN || io->ended ||
			   !wait_for_client(io, POLLOUT, OPERATOR_OUTPUT_SECONDS, NO_READER)) {
			break;
		}
	}
	return (ssize_t)(size - rest.len);
}

bool operator_io_open(struct operator_io *io, FILE **in, FILE **out)
{
	const int size = SEND_BUFFER;

	setsockopt(io->child->client.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	*in = fopencookie(io, "r", (cookie_io_functions_t){ .read = read_input });
	*out = *in ? fopencookie(io, "w", (cookie_io_functions_t){ .write = write_output }) : NULL;
	if (*out)
		return true;
	if (*in)
		fclose(*in);
	return false;
}

/* A line of output may be cut: the cause begins a new one. */
static void send_cause(const struct operator_io *io)
{
	const int size = 2 * SEND_BUFFER;
	char text[200];
	int len = snprintf(text, sizeof(text), "\ne %s\nx 1\n", io->ended);

	setsockopt(io->child->client.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	send(io->child->client.fd, text, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void operator_io_finish(struct operator_io *io, FILE *out, int status)
{
	if (!io->ended)
		fprintf(out, "x %d\n", status);
	fflush(out);
	if (io->ended)
		send_cause(io);
}
