#include "ctl/client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ctl/progress.h"
#include "sys/listen.h"
#include "sys/process_info.h"
#include "sys/service_user.h"

static bool send_all(int fd, struct str bytes)
{
	while (bytes.len > 0) {
		ssize_t sent = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

		if (sent < 0)
			return false;
		bytes = str_skip(bytes, (size_t)sent);
	}
	return true;
}

/* Waits for the input or the response. Returns false if the response has begun. */
static bool wait_for_input(int fd, int input)
{
	struct pollfd fds[] = { { .fd = input, .events = POLLIN }, { .fd = fd, .events = POLLIN } };
	int ready;

	do
		ready = poll(fds, 2, -1);
	while (ready < 0 && errno == EINTR);
	return ready < 0 || !fds[1].revents;
}

/* Nothing was read from `in` before, so its buffer is empty. Memory has no descriptor. */
static size_t read_input(FILE *in, char *bytes, size_t size)
{
	ssize_t len;

	if (fileno(in) < 0)
		return fread(bytes, 1, size, in);
	do
		len = read(fileno(in), bytes, size);
	while (len < 0 && errno == EINTR);
	return len > 0 ? (size_t)len : 0;
}

/*
 * Not an error if the service stops reading: its response says why. A response that begins before
 * the end of the input means that the service reads no more.
 */
static void send_stream(int fd, FILE *in)
{
	char bytes[16384];
	size_t len;

	while ((fileno(in) < 0 || wait_for_input(fd, fileno(in))) &&
		(len = read_input(in, bytes, sizeof(bytes))) > 0) {
		if (!send_all(fd, (struct str){ bytes, len }))
			break;
	}
	explicit_bzero(bytes, sizeof(bytes));
}

static void write_line(FILE *to, const char *before, struct str text)
{
	fprintf(to, "%s%.*s\n", before, STR_ARGS(text));
}

/* "DONE TOTAL UNIT" */
static void handle_progress(struct str text)
{
	char unit[32];
	struct str done_text = str_split_next(&text, ' '), total_text = str_split_next(&text, ' ');
	uint64_t done, total;

	if (!str_to_u64(done_text, &done) || !str_to_u64(total_text, &total))
		return;
	snprintf(unit, sizeof(unit), "%.*s", STR_ARGS(text));
	progress_set(done, total, unit);
}

/* Writes one frame of the response. Returns true after the last one. */
static bool handle_frame(struct str line, FILE *out, FILE *errors, int *status)
{
	struct str text = str_skip(line, 2);
	uint64_t number;

	if (line.len < 2 || line.ptr[1] != ' ')
		return false;
	switch (line.ptr[0]) {
	case 'o':
		write_line(out, "", text);
		progress_add_line();
		return false;
	case 'e':
		write_line(errors, "polytaskctl: ", text);
		return false;
	case 'p':
		handle_progress(text);
		return false;
	case 'x':
		if (!str_to_u64(text, &number) || number > 255)
			return false;
		*status = (int)number;
		return true;
	default:
		return false;
	}
}

void client_set_timeout(int fd, int seconds)
{
	struct timeval timeout = { .tv_sec = seconds };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
}

/* The peer of the socket is the process that listens on it, the supervisor. */
static bool fail_silent(int fd, struct err *err)
{
	struct process_info info = { .state = '?' };
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
		!process_info_read(peer.pid, &info))
		return err_set(err, ERR_BUSY, NULL, "the service does not answer");
	return err_set(err, ERR_BUSY, NULL,
		"the service does not answer: its supervisor, process %d, %s", (int)peer.pid,
		info.state == 'T' || info.state == 't' ? "is stopped (kill -CONT continues it)"
		: info.state == 'D'		       ? "waits for a disk"
						       : "is busy or hangs");
}

bool client_exchange(
	int fd, struct str request, FILE *in, FILE *out, FILE *errors, int *status, struct err *err)
{
	FILE *response = fdopen(dup(fd), "r");
	bool last = false, silent;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	if (!response)
		return err_no_memory(err);
	if (send_all(fd, request) && in)
		send_stream(fd, in);
	shutdown(fd, SHUT_WR);
	errno = 0;
	while (!last && !ferror(out) && (len = getline(&line, &size, response)) > 0) {
		if (line[len - 1] == '\n')
			last = handle_frame(
				(struct str){ line, (size_t)len - 1 }, out, errors, status);
	}
	silent = !last && errno == EAGAIN;
	free(line);
	fclose(response);
	if (fflush(out) != 0 || ferror(out))
		return err_set(err, ERR_INTERNAL, NULL, "cannot write the output");
	if (silent)
		return fail_silent(fd, err);
	return last || err_set(err, ERR_UNKNOWN_OUTCOME, NULL,
			       "the service closed the connection; the outcome is unknown");
}

bool client_call(const char *path, struct str request, int seconds, FILE *in, FILE *out,
	FILE *errors, bool *answered, int *status, struct err *err)
{
	bool ok;
	int fd;

	*answered = listen_connect(&fd, path);
	if (!*answered)
		return true;
	client_set_timeout(fd, seconds);
	ok = client_exchange(fd, request, in, out, errors, status, err);
	close(fd);
	return ok;
}

bool client_cannot_connect(const char *path, int error, struct err *err)
{
	const char *hint = service_user_hint(error);

	if (error == ENOENT || error == ECONNREFUSED)
		hint = " (is the service running?)";
	else if (error == EAGAIN)
		hint = " (the service accepts no connection: is it stopped?)";
	return err_set(err, service_user_error(error), NULL, "cannot connect to %s: %s%s", path,
		strerror(error), hint);
}
