#include "ctl/session_alone.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admin/exit_status.h"
#include "ctl/ctl_admin.h"

enum stream { STREAM_OUTPUT, STREAM_ERRORS, STREAMS };

/* ---- messages ---- */

bool session_take_message(struct str *line)
{
	struct str prefix = STR("polytaskctl: ");

	if (!str_starts(*line, prefix))
		return false;
	*line = str_skip(*line, prefix.len);
	return true;
}

bool session_fail(int status, struct err *err)
{
	return status == 0 ||
	       err_set(err, exit_status_error(status), NULL, "the command could not use the store");
}

/* The last message of a call that has failed is the cause. */
static bool take_errors(int status, struct str errors, struct err *err)
{
	struct str rest = errors, cause = STR_NULL;

	while (status != 0 && rest.len > 0) {
		struct str line = str_split_next(&rest, '\n');

		if (session_take_message(&line))
			cause = line;
	}
	while (errors.len > 0) {
		struct str line = str_split_next(&errors, '\n'), text = line;

		if (!session_take_message(&text) || text.ptr != cause.ptr)
			fprintf(stderr, "%.*s\n", STR_ARGS(line));
	}
	if (!cause.ptr)
		return session_fail(status, err);
	return err_set(err, exit_status_error(status), NULL, "%.*s", STR_ARGS(cause));
}

/* ---- the child ---- */

static _Noreturn void run_child(
	const struct session *session, const struct admin_call *call, const int streams[STREAMS])
{
	const struct ctl_streams own = { .out = stdout, .errors = stderr };
	struct err err = { 0 };
	int status = 1;

	instance_register_child(&session->locks);
	if (dup2(streams[STREAM_ERRORS], STDERR_FILENO) < 0 ||
		dup2(streams[STREAM_OUTPUT], STDOUT_FILENO) < 0 ||
		!ctl_admin_run_alone(session->conf, call, &session->owner, &own, &status, &err)) {
		fprintf(stderr, "polytaskctl: %s\n", err_text(&err));
		status = exit_status_of(err.code);
	}
	if (fflush(stdout) != 0)
		status = EXIT_FAILED;
	_exit(status);
}

/* ---- the parent ---- */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void read_stream(int *fd, struct buf *to)
{
	char bytes[4096];
	ssize_t got = read(*fd, bytes, sizeof(bytes));

	if (got > 0)
		buf_put(to, bytes, (size_t)got);
	else if (got == 0 || errno != EINTR)
		close_fd(fd);
}

/* Until the child has closed both. */
static void read_streams(int fds[STREAMS], struct buf *const to[STREAMS])
{
	while (fds[STREAM_OUTPUT] >= 0 || fds[STREAM_ERRORS] >= 0) {
		struct pollfd polled[STREAMS];

		for (int i = 0; i < STREAMS; i++)
			polled[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
		poll(polled, STREAMS, -1);
		for (int i = 0; i < STREAMS; i++) {
			if (fds[i] >= 0 && polled[i].revents)
				read_stream(&fds[i], to[i]);
		}
	}
}

static bool open_pipes(int ours[STREAMS], int theirs[STREAMS], struct err *err)
{
	for (int i = 0; i < STREAMS; i++) {
		int ends[2];

		if (pipe(ends) != 0)
			return err_set(err, ERR_INTERNAL, NULL, "cannot create a pipe: %s",
				strerror(errno));
		ours[i] = ends[0];
		theirs[i] = ends[1];
	}
	return true;
}

bool session_call_alone(
	struct session *session, const struct admin_call *call, struct buf *out, struct err *err)
{
	int ours[STREAMS] = { -1, -1 }, theirs[STREAMS] = { -1, -1 }, state = 0;
	struct buf errors = BUF_INIT;
	bool ok = false;
	pid_t pid;

	if (!open_pipes(ours, theirs, err))
		goto out;
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		run_child(session, call, theirs);
	if (pid < 0) {
		err_set(err, ERR_INTERNAL, NULL, "cannot create a process: %s", strerror(errno));
		goto out;
	}
	for (int i = 0; i < STREAMS; i++)
		close_fd(&theirs[i]);
	read_streams(ours, (struct buf *const[]){ out, &errors });
	while (waitpid(pid, &state, 0) < 0 && errno == EINTR)
		;
	ok = take_errors(
		WIFEXITED(state) ? WEXITSTATUS(state) : EXIT_FAILED, buf_str(&errors), err);
out:
	for (int i = 0; i < STREAMS; i++) {
		close_fd(&ours[i]);
		close_fd(&theirs[i]);
	}
	buf_free(&errors);
	return ok;
}
