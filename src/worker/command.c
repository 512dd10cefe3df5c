#include "worker/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/json.h"
#include "worker/fatal.h"
#include "worker/guard.h"
#include "worker/orphans.h"
#include "worker/program.h"
#include "worker/result.h"
#include "worker/worker.h"

#define CHUNK		   ((size_t)64 * 1024) /* read at once, so that jobs take turns */
#define DRAIN_MOST	   16		       /* chunks after the end */
#define ORPHAN_INTERVAL_MS 50
#define ORPHANS_MOST_MS	   30000 /* of another user, or in the kernel: they cannot be killed */
#define GUARD_SLACK_MS	   2000	 /* to end the last processes */

enum stream { STREAM_INPUT, STREAM_OUTPUT, STREAM_ERRORS, STREAM_PROGRESS, STREAMS };

struct command {
	struct job *job;
	struct guard guard;
	int streams[STREAMS]; /* -1: closed */
	struct buf input;     /* what is left to write */
	struct output output;
	struct buf progress; /* an incomplete line */
	bool progress_too_long, progress_reported;
	bool ended, not_started;
	bool clean;	       /* the guard has left nothing */
	int64_t guard_until;   /* then it is killed */
	int64_t orphans_until; /* then they are left */
	int status;	       /* of waitpid() */
};

/* ---- start ---- */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* theirs: the ends of the command. */
static bool open_streams(struct command *command, int theirs[STREAMS])
{
	for (int i = 0; i < STREAMS; i++) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC) != 0)
			return false;
		theirs[i] = ends[i == STREAM_INPUT ? 0 : 1];
		command->streams[i] = ends[i == STREAM_INPUT ? 1 : 0];
		fcntl(command->streams[i], F_SETFL, O_NONBLOCK);
	}
	return true;
}

static void free_command(void *data)
{
	struct command *command = data;

	close_fd(&command->guard.control);
	close_fd(&command->guard.events);
	for (int i = 0; i < STREAMS; i++)
		close_fd(&command->streams[i]);
	buf_free(&command->input);
	buf_free(&command->output.bytes);
	buf_free(&command->progress);
	free(command);
}

static bool start_guard(struct command *command, struct err *err)
{
	const struct worker_options *options = command->job->worker->options;
	struct guard_command how = { .program = command->job->worker->program,
		.argv = options->command,
		.streams = { -1, -1, -1, -1 },
		.grace_seconds = options->grace_seconds,
		.end_at = job_end_time(command->job),
		.kill_at = command->job->lease_until };
	size_t own;
	char **list = program_environment(command->job, &own);
	bool ok;

	how.environment = list;
	ok = open_streams(command, how.streams);
	if (!ok)
		err_set(err, ERR_INTERNAL, NULL, "cannot open a pipe: %s", strerror(errno));
	ok = ok && guard_start(&command->guard, &how, err);
	for (int i = 0; i < STREAMS; i++)
		close_fd(&how.streams[i]);
	for (size_t i = 0; i < own; i++)
		free(list[i]);
	free(list);
	return ok;
}

static void *start(struct job *job, struct err *err)
{
	struct command *command = need(calloc(1, sizeof(*command)));

	command->job = job;
	command->guard.control = command->guard.events = -1;
	command->guard_until = INT64_MAX;
	for (int i = 0; i < STREAMS; i++)
		command->streams[i] = -1;
	command->output.most = job->worker->options->report ? REPORT_MAX
							    : RESULT_MAX + 1; /* with a line feed */
	json_put(&command->input, job->task);
	buf_putc(&command->input, '\n');
	need_buf(&command->input);
	if (start_guard(command, err)) {
		job->guard = command->guard.pid;
		return command;
	}
	free_command(command);
	return NULL;
}

static int64_t grace_ms(const struct command *command)
{
	return INT64_C(1000) * command->job->worker->options->grace_seconds;
}

/* The guard has SIGKILL for its descendants at this time. */
static void expect_end(struct command *command, int64_t kill_at)
{
	if (kill_at + GUARD_SLACK_MS < command->guard_until)
		command->guard_until = kill_at + GUARD_SLACK_MS;
}

static void stop(void *data, int64_t kill_at)
{
	struct command *command = data;
	struct guard_order order = { .stop = true, .kill_at = kill_at };

	guard_send(&command->guard, &order);
	expect_end(command, kill_at);
}

static void set_lease(void *data, int64_t end_at, int64_t kill_at)
{
	struct command *command = data;
	struct guard_order order = { .end_at = end_at, .kill_at = kill_at };

	guard_send(&command->guard, &order);
	/* If it was stopped, it would not see the end of the command. */
	if (command->job->guard > 0)
		kill(command->job->guard, SIGCONT);
}

/* ---- streams ---- */

static void fill_fds(void *data, struct pollfd fds[RUN_FDS])
{
	const struct command *command = data;

	for (int i = 0; i < STREAMS; i++)
		fds[i] = (struct pollfd){ .fd = command->streams[i],
			.events = i == STREAM_INPUT ? POLLOUT : POLLIN };
	fds[STREAMS] = (struct pollfd){ .fd = command->guard.events, .events = POLLIN };
}

/* A command that does not read its input, or closes it, loses nothing but the task. */
static void write_input(struct command *command)
{
	int *fd = &command->streams[STREAM_INPUT];
	ssize_t len = 0;

	if (*fd < 0)
		return;
	if (command->input.len > 0)
		len = write(*fd, command->input.data, command->input.len);
	if (len > 0)
		buf_consume(&command->input, (size_t)len);
	if (command->input.len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR)) {
		close_fd(fd);
		buf_free(&command->input);
	}
}

/* The line is complete. */
static void set_progress(struct command *command)
{
	struct str line = buf_str(&command->progress);
	json_t *progress = NULL;
	bool valid = !command->progress_too_long && result_parse(&progress, line);

	if (!command->progress_too_long && str_trim(line).len == 0)
		return;
	if (valid && result_size(progress) <= PROGRESS_MAX) {
		job_set_progress(command->job, progress);
		return;
	}
	json_decref(progress);
	if (!command->progress_reported) {
		command->progress_reported = true;
		log_lines_end(&command->job->log);
		log_lines_add(&command->job->log,
			STR("[a line of progress is not JSON of at most 4096 bytes]\n"));
	}
}

static void take_progress(struct command *command, struct str bytes)
{
	struct str part;

	while (bytes.ptr) {
		part = str_split_next(&bytes, '\n');
		command->progress_too_long |= command->progress.len + part.len > PROGRESS_MAX;
		if (!command->progress_too_long)
			buf_put_str(&command->progress, part);
		need_buf(&command->progress);
		if (!bytes.ptr)
			return;
		set_progress(command);
		buf_reset(&command->progress);
		command->progress_too_long = false;
	}
}

static void take_output(struct command *command, enum stream stream, struct str bytes)
{
	switch (stream) {
	case STREAM_OUTPUT:
		output_add(&command->output, bytes);
		return;
	case STREAM_ERRORS:
		log_lines_add(&command->job->log, bytes);
		if (command->job->worker->options->verbose)
			say_bytes(bytes);
		return;
	case STREAM_PROGRESS:
		take_progress(command, bytes);
		return;
	case STREAM_INPUT:
	case STREAMS:
		return;
	}
}

/* Reads one chunk; false: there is nothing at the moment. */
static bool read_stream(struct command *command, enum stream stream)
{
	static char chunk[CHUNK];
	int *fd = &command->streams[stream];
	ssize_t len = *fd < 0 ? 0 : read(*fd, chunk, sizeof(chunk));

	if (len > 0)
		take_output(command, stream, (struct str){ chunk, (size_t)len });
	else if (len == 0)
		close_fd(fd);
	return len > 0;
}

static void read_streams(struct command *command)
{
	for (enum stream stream = STREAM_OUTPUT; stream < STREAMS; stream++)
		read_stream(command, stream);
}

/* Reads the rest of the pipes after all writers have ended. */
static void drain_streams(struct command *command)
{
	for (enum stream stream = STREAM_OUTPUT; stream < STREAMS; stream++) {
		for (int i = 0; i < DRAIN_MOST && read_stream(command, stream); i++)
			;
	}
	log_lines_end(&command->job->log);
}

/* ---- the end ---- */

static void take_events(struct command *command)
{
	struct guard_message message;
	ssize_t len;

	while ((len = read(command->guard.events, &message, sizeof(message))) ==
		(ssize_t)sizeof(message)) {
		switch (message.event) {
		case GUARD_NOT_STARTED:
			command->not_started = true;
			say("cannot execute %s: %s", command->job->worker->program,
				strerror(message.value));
			break;
		case GUARD_ENDED:
			command->ended = true;
			command->job->finished = true;
			command->status = message.value;
			expect_end(command, clock_boot_ms() + grace_ms(command));
			break;
		case GUARD_LEASE_OVER:
			job_end(command->job, END_LEASE_OVER);
			break;
		case GUARD_LEFT:
			break;
		}
	}
	if (len == 0)
		close_fd(&command->guard.events);
}

/* A guard that is stopped does not end by itself. */
static void end_guard(struct command *command, int64_t now)
{
	if (now < command->guard_until)
		return;
	kill(command->guard.pid, SIGKILL);
	command->guard_until = INT64_MAX;
}

/* The guard has gone. Returns true when nothing of the command is left, or cannot be ended. */
static bool end_rest(struct command *command, int64_t now)
{
	struct job *job = command->job;
	int status;

	if (job->guard > 0) {
		command->clean = waitpid(job->guard, &status, 0) == job->guard &&
				 WIFEXITED(status) && WEXITSTATUS(status) == 0;
		job->guard = 0;
		command->orphans_until = now + ORPHANS_MOST_MS;
	}
	if (command->clean || orphans_end(job->worker))
		return true;
	if (now < command->orphans_until)
		return false;
	say("task %s: processes of its command cannot be ended", job->id);
	return true;
}

static void set_outcome(struct command *command, struct outcome *outcome)
{
	if (command->not_started) {
		worker_give_up(command->job->worker);
		outcome->kind = OUTCOME_RELEASE;
	} else if (!command->ended) {
		outcome_fail(outcome, true, "The command was ended because its guard was killed.");
	} else {
		result_set(outcome, command->status, &command->output,
			command->job->worker->options->report, &command->job->log);
	}
}

static bool step(void *data, int64_t now, struct outcome *outcome)
{
	struct command *command = data;

	write_input(command);
	read_streams(command);
	if (command->guard.events >= 0)
		take_events(command);
	if (command->guard.events >= 0) {
		end_guard(command, now);
		return false;
	}
	if (!end_rest(command, now))
		return false;
	drain_streams(command);
	set_outcome(command, outcome);
	return true;
}

static int64_t wake_time(void *data)
{
	const struct command *command = data;

	return command->guard.events < 0 ? clock_boot_ms() + ORPHAN_INTERVAL_MS
					 : command->guard_until;
}

const struct run_type command_run = {
	.start = start,
	.stop = stop,
	.set_lease = set_lease,
	.fill_fds = fill_fds,
	.step = step,
	.wake_time = wake_time,
	.free = free_command,
};
