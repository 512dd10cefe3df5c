#include "ctl/copy_command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/store_options.h"
#include "ctl/backup_copy.h"
#include "ctl/progress.h"
#include "ctl/regions.h"
#include "dialect/check.h"
#include "sys/instance.h"
#include "sys/store_url.h"

struct command {
	const char *from, *to;
	bool to_server;
	struct conf files; /* of the side that has files */
	struct store_options from_options, to_options;
	struct instance_locks locks;
};

/* ---- the sides ---- */

static bool is_path(const char *text)
{
	return (text[0] == '/' || text[0] == '.') && strlen(text) < CONF_TEXT_MAX;
}

/* A text that may have a password is not repeated. */
static bool check_sides(const struct command *command, struct err *err)
{
	const char *files = command->to_server ? command->from : command->to;
	const char *server = command->to_server ? command->to : command->from;
	struct store_url url;

	if (!is_path(files) || !store_url_parse(&url, server))
		return err_set(err, ERR_INVALID, NULL,
			"one of --from and --to is a home, a path that begins with / or ., and the "
			"other one the URL of a PostgreSQL server, without a password");
	return true;
}

static bool is_same_folder(const char *a, const char *b)
{
	struct stat one, other;

	return strcmp(a, b) == 0 ||
	       (stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
		       one.st_ino == other.st_ino);
}

/* The folders of the configuration belong to its home. */
static void set_files(struct command *command, const struct conf *conf, const char *home)
{
	command->files = *conf;
	command->files.store[0] = '\0';
	if (is_same_folder(home, conf->home))
		return;
	snprintf(command->files.home, sizeof(command->files.home), "%s", home);
	snprintf(command->files.regions, sizeof(command->files.regions), "%s", home);
	command->files.archive[0] = '\0';
}

static void set_options(struct command *command)
{
	struct store_options *files = command->to_server ? &command->from_options
							 : &command->to_options;
	struct store_options *server = command->to_server ? &command->to_options
							  : &command->from_options;

	store_options_from_conf(files, &command->files, STORE_RECOVER);
	store_options_from_conf(server, &command->files, STORE_ATTACH);
	server->url = command->to_server ? command->to : command->from;
	files->build_ms = COPY_BUILD_MS;
}

static bool check_source(const struct command *command, struct err *err)
{
	char path[CONF_TEXT_MAX + 8];

	snprintf(path, sizeof(path), "%s/data", command->files.home);
	return !command->to_server || access(path, F_OK) == 0 || errno != ENOENT ||
	       err_set(err, ERR_NOT_FOUND, NULL, "no store found in %s", command->files.home);
}

static bool lock(struct command *command, struct err *err)
{
	struct service_user owner;

	return check_source(command, err) && service_user_find(&owner, &command->files, err) &&
	       service_user_make_directories(&command->files, &owner, err) &&
	       instance_lock(&command->locks, &command->files, &owner, err) &&
	       service_user_become(&owner, err);
}

/* ---- the copy ---- */

static bool begun;

static void show_rows(uint64_t done, uint64_t total, void *data)
{
	(void)data;
	progress_set(done, total, "rows");
}

/* Something may have been changed from now on. */
static void begin_phase(const char *name)
{
	begun = true;
	progress_phase(name);
}

/* Of the task that is verified next: the check gets no data. */
static uint64_t verified;

static bool check_address(const struct task *task, struct err *why)
{
	progress_set(++verified, 0, "tasks");
	return dialect_check_address(task, why);
}

/* Tasks without an address are no error: the copy is as good as the store. */
static bool verify(struct store *store, struct manifest *counted, struct err *err)
{
	static const struct store_verify_sink sink = { .check = check_address };
	struct store_report report;

	progress_phase("verifying");
	if (!store_verify(store, &sink, &report, err) || !copy_check_report(&report, err))
		return false;
	counted->tasks = report.tasks;
	counted->unreachable = report.unreachable;
	counted->doubled = report.doubled;
	return true;
}

/*
 * The rows of both stores are compared, so it is enough to verify one of them: the one in files. A
 * server would be asked for each entry of the index. That of the source is verified before a copy
 * is made of it.
 */
static bool verify_source(struct store *from, struct manifest *counted, struct err *err)
{
	if (verify(from, counted, err))
		return true;
	return err->code == ERR_DAMAGED
		       ? err_set(err, ERR_DAMAGED, NULL,
				 "the store is damaged: polytaskctl verify says what is wrong")
		       : false;
}

static bool copy(const struct command *command, struct store_copy_report *report,
	struct manifest *counted, struct err *err)
{
	static const struct store_progress progress = { show_rows, NULL };
	struct store *from = NULL, *to = NULL;
	bool ok = store_open(&from, &command->from_options, err) &&
		  store_copy_open(&to, &command->to_options, from, err) &&
		  (!command->to_server || verify_source(from, counted, err)) &&
		  store_copy(from, to, begin_phase, &progress, report, err);

	store_close(to);
	store_close(from);
	return ok;
}

static bool finish(const struct command *command, struct manifest *counted, struct err *err)
{
	struct store_options options = command->to_options;
	struct store *store;
	bool ok;

	options.copy = STORE_COPY_CHECK;
	if (!store_open(&store, &options, err))
		return false;
	ok = (command->to_server || verify(store, counted, err)) && store_copy_finish(store, err);
	store_close(store);
	return ok;
}

static void print_report(const struct command *command, const struct store_copy_report *report,
	const struct manifest *counted)
{
	printf("%" PRIu64 " row%s copied", report->rows, str_plural(report->rows));
	if (report->before > 0)
		printf(", %" PRIu64 " of them by earlier runs", report->before);
	printf("\n%" PRIu64 " task%s in %s\n", counted->tasks, str_plural(counted->tasks),
		command->to);
	copy_print_unreached(counted);
}

static bool run(struct command *command, struct err *err)
{
	struct store_copy_report report = { 0 };
	struct manifest counted = { 0 };
	bool ok;

	progress_begin("copy");
	regions_guard(command->files.regions);
	ok = copy(command, &report, &counted, err) && finish(command, &counted, err);
	regions_remove();
	progress_end();
	if (ok)
		print_report(command, &report, &counted);
	return ok;
}

static int fail(const struct err *err)
{
	struct err plain = { .code = ERR_BUSY };
	int status;

	if (!begun)
		return ctl_fail_call(err);
	if (err->code == ERR_BUSY && strcmp(err_text(err), err_text(&plain)) == 0)
		return ctl_fail("the server does not answer: run the command again, it goes on");
	ctl_fail(admin_error_text(err, true));
	status = (int)exit_status_of(err->code);
	return status == EXIT_BUSY || status == EXIT_REFUSED ? EXIT_FAILED : status;
}

int ctl_copy(struct ctl *ctl)
{
	static struct command command;
	struct err err = { 0 };
	bool ok;

	command = (struct command){
		.from = ctl->call.options[ADMIN_FROM],
		.to = ctl->call.options[ADMIN_TO],
		.locks = INSTANCE_LOCKS_NONE,
	};
	command.to_server = is_path(command.from);
	if (!check_sides(&command, &err)) {
		ctl_fail(err_text(&err));
		return EXIT_USAGE;
	}
	set_files(&command, &ctl->conf, command.to_server ? command.from : command.to);
	set_options(&command);
	ok = lock(&command, &err) && run(&command, &err);
	instance_unlock(&command.locks);
	return ok ? EXIT_DONE : fail(&err);
}
