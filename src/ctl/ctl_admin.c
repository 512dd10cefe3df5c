#include "ctl/ctl_admin.h"

#include <bsd/readpassphrase.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/request.h"
#include "admin/store_options.h"
#include "base/clock.h"
#include "ctl/client.h"
#include "ctl/fail.h"
#include "ctl/progress.h"
#include "ctl/regions.h"
#include "ctl/table.h"
#include "sys/instance.h"

#define SECRET_SIZE 1024
/* A service that starts or stops holds the locks and accepts no connections: retry meanwhile. */
#define RETRY_TIMEOUT_MS 5000
#define POLL_INTERVAL_MS 50

/* Requires the locks of the instance: no other process may use the store, unless it is shared. */
static bool run_with_store(const struct conf *conf, const struct admin_call *call,
	const struct ctl_streams *streams, int *status, struct err *err)
{
	struct admin admin = { .conf = conf,
		.in = streams->in,
		.out = streams->out,
		.err = streams->errors,
		.progress = call->wants_progress ? progress_set : NULL };
	bool shared = conf_is_shared(conf), panic, ok;
	struct store_options options;

	store_options_from_conf(&options, conf, shared ? STORE_ATTACH : STORE_RECOVER);
	options.migrate = call->command->migrates_store;
	options.give_up_pages = call->command->gives_up_pages && call->options[ADMIN_YES];
	if (!shared)
		regions_guard(conf->regions);
	ok = store_open(&admin.store, &options, err);
	if (ok) {
		*status = admin_run(&admin, call, &panic);
		ok = panic || store_checkpoint(admin.store, false, NULL, err);
		store_close(admin.store);
	}
	regions_remove();
	return ok;
}

/* A mistyped home must not be created and then look like an empty store. */
static bool check_store_exists(
	const struct conf *conf, const struct admin_call *call, struct err *err)
{
	char path[CONF_TEXT_MAX + 8];

	snprintf(path, sizeof(path), "%s/data", conf->home);
	return call->command->creates_store || access(path, F_OK) == 0 || errno != ENOENT ||
	       err_set(err, ERR_NOT_FOUND, "home", "no store found in %s", conf->home);
}

bool ctl_admin_lock(const struct conf *conf, const struct admin_call *call,
	struct service_user *owner, struct instance_locks *locks, struct err *err)
{
	*locks = INSTANCE_LOCKS_NONE;
	if (conf_is_shared(conf))
		return service_user_find(owner, conf, err);
	return check_store_exists(conf, call, err) && service_user_find(owner, conf, err) &&
	       service_user_make_directories(conf, owner, err) &&
	       instance_lock(locks, conf, owner, err);
}

bool ctl_admin_run_alone(const struct conf *conf, const struct admin_call *call,
	const struct service_user *owner, const struct ctl_streams *streams, int *status,
	struct err *err)
{
	return service_user_become(owner, err) && run_with_store(conf, call, streams, status, err);
}

static bool run_offline(const struct conf *conf, const struct admin_call *call,
	const struct ctl_streams *streams, int *status, struct err *err)
{
	struct instance_locks locks;
	struct service_user owner;
	bool ok;

	if (!ctl_admin_lock(conf, call, &owner, &locks, err))
		return false;
	ok = ctl_admin_run_alone(conf, call, &owner, streams, status, err);
	instance_unlock(&locks);
	return ok;
}

/* Returns true if the service or this process ran the call. */
static bool try_run(const struct conf *conf, const struct admin_call *call, struct str request,
	const struct ctl_streams *streams, int *status, struct err *err)
{
	bool answered;

	if (!client_call(conf->control, request, 0, admin_reads_input(call) ? streams->in : NULL,
		    streams->out, streams->errors, &answered, status, err))
		return false;
	/* The service may be running, and its store is not readable either. */
	if (!answered && errno == EACCES)
		return client_cannot_connect(conf->control, errno, err);
	return answered || run_offline(conf, call, streams, status, err);
}

/* Prompts twice, because a mistyped password would lock the user out. */
static bool prompt_secret(const char *prompt, char line[SECRET_SIZE], struct err *err)
{
	char again[SECRET_SIZE];
	bool same = readpassphrase(prompt, line, SECRET_SIZE - 1, RPP_REQUIRE_TTY) &&
		    readpassphrase("Again: ", again, SECRET_SIZE - 1, RPP_REQUIRE_TTY) &&
		    strcmp(line, again) == 0;

	explicit_bzero(again, sizeof(again));
	return same || err_set(err, ERR_INVALID, NULL, "the two inputs differ");
}

/* Reading a directory, or a descriptor for writing, would look like an empty file. */
static bool check_input(const struct admin_call *call, struct err *err)
{
	struct stat status;
	int flags = fcntl(STDIN_FILENO, F_GETFL);

	if (!admin_reads_input(call))
		return true;
	if (flags < 0 || (flags & O_ACCMODE) == O_WRONLY)
		return err_set(err, ERR_INVALID, NULL, "standard input is not open for reading");
	return fstat(STDIN_FILENO, &status) != 0 || !S_ISDIR(status.st_mode) ||
	       err_set(err, ERR_INVALID, NULL, "standard input is a directory");
}

/* The input of the command: standard input, or a secret typed at the terminal. NULL: an error. */
static FILE *open_input(const struct admin_call *call, char line[SECRET_SIZE], struct err *err)
{
	FILE *in;

	if (!admin_reads_secret(call) || !isatty(STDIN_FILENO))
		return check_input(call, err) ? stdin : NULL;
	if (!prompt_secret(call->command->reads_secret ? "Password: " : "Secret: ", line, err))
		return NULL;
	in = fmemopen(line, strlen(line) ? strlen(line) : 1, "r");
	if (!in)
		err_no_memory(err);
	return in;
}

/* Retries while the service starts or stops. Returns the exit status. */
static int run(
	const struct conf *conf, const struct admin_call *call, const struct ctl_streams *streams)
{
	int64_t until = clock_mono_ms() + RETRY_TIMEOUT_MS;
	struct buf request = BUF_INIT;
	struct err err = { 0 };
	int status = EXIT_FAILED;
	bool done = false;

	if (!admin_request_write(call, &request))
		err_no_memory(&err);
	while (err.code == ERR_NONE) {
		done = try_run(conf, call, buf_str(&request), streams, &status, &err);
		if (done || err.code != ERR_BUSY || clock_mono_ms() > until)
			break;
		err.code = ERR_NONE;
		poll(NULL, 0, POLL_INTERVAL_MS);
	}
	progress_end();
	if (!done)
		status = ctl_fail_call(&err);
	buf_free(&request);
	return status;
}

/*
 * A command that fails has printed some rows before: they are shown, too. Its messages follow the
 * table, where they are seen.
 */
static int run_aligned(const struct conf *conf, const struct admin_call *call, FILE *in)
{
	char *text = NULL, *messages = NULL;
	size_t size = 0, messages_size = 0;
	struct ctl_streams streams = {
		.in = in,
		.out = open_memstream(&text, &size),
		.errors = open_memstream(&messages, &messages_size),
	};
	int status = EXIT_FAILED;
	bool ok = streams.out && streams.errors;

	if (ok)
		status = run(conf, call, &streams);
	ok = streams.out && fclose(streams.out) == 0 && ok;
	ok = streams.errors && fclose(streams.errors) == 0 && ok;
	if (!ok)
		status = ctl_fail("memory is exhausted");
	else if (size > 0 &&
		 !table_print((struct str){ text, size }, !call->options[ADMIN_NOHEADINGS], stdout))
		status = ctl_fail_output();
	fflush(stdout);
	if (ok)
		fputs(messages, stderr);
	free(text);
	free(messages);
	return status;
}

static int run_plainly(const struct conf *conf, const struct admin_call *call, FILE *in)
{
	const struct ctl_streams streams = {
		.in = in,
		.out = progress_stream(stdout),
		.errors = progress_stream(stderr),
	};
	int status = run(conf, call, &streams);

	progress_close_stream(streams.errors, stderr);
	return progress_close_stream(streams.out, stdout) ? status : ctl_fail_output();
}

/* Not while a line is typed, which the progress would overwrite. */
static void begin_progress(struct admin_call *call)
{
	if (admin_reads_input(call) && isatty(STDIN_FILENO))
		return;
	progress_begin(call->command->words);
	call->wants_progress = progress_runs();
	if (admin_reads_input(call))
		progress_follow_input();
}

int ctl_admin_run(const struct conf *conf, const struct admin_call *given)
{
	struct admin_call call = *given;
	bool aligned = call.command->columns && !call.options[ADMIN_JSON] && isatty(STDOUT_FILENO);
	char line[SECRET_SIZE] = "";
	struct err err = { 0 };
	FILE *in = open_input(&call, line, &err);
	int status;

	if (!in)
		return ctl_fail_call(&err);
	begin_progress(&call);
	status = aligned ? run_aligned(conf, &call, in) : run_plainly(conf, &call, in);
	if (in != stdin)
		fclose(in);
	explicit_bzero(line, sizeof(line));
	return status;
}
