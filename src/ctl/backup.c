#include "ctl/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/backup_commands.h"
#include "admin/command.h"
#include "base/clock.h"
#include "base/date.h"
#include "ctl/backup_copy.h"
#include "ctl/progress.h"
#include "ctl/session.h"
#include "http/json.h"

#define INCOMPLETE_TEXT "This backup is not finished: it cannot be restored.\n"
#define VERIFY		"verify"
#define RENEW_MS	(BACKUP_HOLD_MS / 4)
#define RATE_DEFAULT	100
#define RATE_MAX	100000
#define NICENESS	10

struct backup {
	const struct conf *conf;
	const char *path;
	struct session session;
	char owner[24];
	struct copy_tree home, to;
	int archive; /* -1: none */
	struct manifest manifest;
	bool holding;
	int64_t next_renewal;
	struct file_pace pace;
	uint64_t rate; /* bytes per ms */
	uint64_t copied;
	uint64_t in_phase, phase_total; /* bytes, for the progress; total 0: unknown */
	int64_t began;			/* monotonic ms */
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

/* ---- the store ---- */

struct answer {
	int64_t time;
	struct store_position position;
};

static bool read_answer(struct str text, struct answer *answer, struct err *err)
{
	json_int_t time, first, last, bytes;
	json_t *json = NULL;
	bool ok = json_parse_trusted(&json, text, err) &&
		  json_unpack(json, "{s:I,s:I,s:I,s:I}", "time", &time, "first_log", &first,
			  "last_log", &last, "last_bytes", &bytes) == 0;

	if (ok)
		*answer = (struct answer){ time,
			{ (uint64_t)first, (uint64_t)last, (uint64_t)bytes } };
	json_decref(json);
	return ok || err_set(err, ERR_INTERNAL, NULL, "cannot read the answer of the service");
}

/* A step of hold-logs. answer: NULL if it is not wanted. */
static bool step(struct backup *backup, const char *name, struct answer *answer, struct err *err)
{
	const char *words[] = { "hold-logs", name };
	struct admin_call call = { .options[ADMIN_ID] = backup->owner };
	struct buf text = BUF_INIT;
	struct answer ignored;
	bool ok = admin_parse_command(&call, words, 2, err) &&
		  session_call(&backup->session, &call, &text, err) &&
		  read_answer(buf_str(&text), answer ? answer : &ignored, err);

	buf_free(&text);
	return ok;
}

/* Also after an error, which remains the one that is reported. */
static void end_hold(struct backup *backup)
{
	struct err ignored;

	if (backup->holding)
		step(backup, "end", NULL, &ignored);
	backup->holding = false;
}

/* ---- pace ---- */

static bool wait_for_turn(size_t bytes, void *data, struct err *err)
{
	struct backup *backup = data;
	int64_t now = clock_mono_ms(), due;

	if (interrupted)
		return err_set(err, ERR_INTERNAL, NULL, "interrupted");
	if (backup->holding && now >= backup->next_renewal) {
		backup->next_renewal = now + RENEW_MS;
		if (!step(backup, "continue", NULL, err))
			return false;
	}
	backup->copied += bytes;
	backup->in_phase += bytes;
	progress_set(backup->in_phase, backup->phase_total, NULL);
	due = backup->began + (int64_t)(backup->copied / backup->rate);
	if (due > now)
		poll(NULL, 0, (int)(due - now));
	return true;
}

static bool read_rate(struct backup *backup, const char *text, struct err *err)
{
	uint64_t rate = RATE_DEFAULT;

	if (text && (!str_to_u64(str_cstr(text), &rate) || rate < 1 || rate > RATE_MAX))
		return err_set(err, ERR_INVALID, "rate",
			"--rate must be from 1 to %d MB per second", RATE_MAX);
	backup->rate = rate * 1000;
	return true;
}

/* total: bytes that will be copied; 0: unknown. */
static void begin_phase(struct backup *backup, const char *phase, uint64_t total)
{
	backup->in_phase = 0;
	backup->phase_total = total;
	progress_phase(phase);
}

/* ---- logs ---- */

/* The home's log, or else that of the archive. */
static bool copy_log(struct backup *backup, uint64_t number, uint64_t size, struct err *err)
{
	char name[STORE_LOG_NAME_SIZE];

	store_log_name(number, name);
	if (file_copy(backup->home.log, backup->to.log, name, size, &backup->pace, err))
		return true;
	if (err->code != ERR_NOT_FOUND)
		return false;
	if (backup->archive >= 0 &&
		file_copy(backup->archive, backup->to.log, name, size, &backup->pace, err))
		return true;
	return err->code != ERR_NOT_FOUND ? false
					  : err_set(err, ERR_NOT_FOUND, NULL,
						    "%s is neither in the home nor in the archive: "
						    "make a new backup",
						    name);
}

static bool copy_logs(
	struct backup *backup, uint64_t first, const struct store_position *end, struct err *err)
{
	for (uint64_t number = first; number <= end->last_log; number++) {
		uint64_t size = number < end->last_log ? FILE_WHOLE : end->last_bytes;
		char entry[LOG_ENTRY_MAX];

		copy_log_entry(number, entry);
		if (!copy_log(backup, number, size, err) ||
			!manifest_add_file(&backup->manifest, backup->to.folder, entry, size, err))
			return false;
	}
	return file_sync(backup->to.log, LOG_FOLDER, err);
}

/* The log that was the last one of the backup must go on in the same way. */
static bool check_history(struct backup *backup, struct err *err)
{
	char entry[LOG_ENTRY_MAX], name[STORE_LOG_NAME_SIZE];
	uint64_t last = backup->manifest.position.last_log;
	int folder;

	copy_log_entry(last, entry);
	store_log_name(last, name);
	folder = faccessat(backup->home.log, name, F_OK, 0) == 0 ? backup->home.log
								 : backup->archive;
	if (folder < 0 || faccessat(folder, name, F_OK, 0) != 0)
		return err_set(err, ERR_NOT_FOUND, NULL,
			"%s is neither in the home nor in the archive: make a new backup", name);
	return manifest_check_file(&backup->manifest, entry, folder, name, err) ||
	       err_set(err, ERR_CONFLICT, NULL,
		       "%s is not the log of this backup: the home has another history", name);
}

/* ---- verification ---- */

static bool begin_recovery(struct backup *backup)
{
	begin_phase(backup, "verifying", 0);
	return true;
}

/* In a copy, because a recovery changes the files. */
static bool verify(struct backup *backup, struct err *err)
{
	struct copy_tree copy = { -1, -1, -1 };
	char path[CONF_TEXT_MAX + sizeof("/" VERIFY)];
	int folder;
	bool ok;

	snprintf(path, sizeof(path), "%s/" VERIFY, backup->path);
	folder = file_open_folder(backup->to.folder, VERIFY, true, err);
	begin_phase(backup, "copying again", manifest_bytes(&backup->manifest));
	ok = folder >= 0 && copy_tree_open(&copy, folder, true, err) &&
	     copy_entries(&backup->manifest, &backup->to, &copy, &backup->pace, err) &&
	     begin_recovery(backup) && copy_recover(backup->conf, path, 0, &backup->manifest, err);
	copy_tree_close(&copy);
	return ok && file_remove(backup->to.folder, VERIFY, err);
}

static bool add_data_sums(struct backup *backup, struct err *err)
{
	DIR *entries;
	const struct dirent *entry;
	int fd = openat(backup->to.data, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = true;

	entries = fd >= 0 ? fdopendir(fd) : NULL;
	if (!entries)
		return err_set(err, ERR_INTERNAL, NULL, "the copies cannot be listed: %s",
			strerror(errno));
	while (ok && (entry = readdir(entries))) {
		char name[sizeof(entry->d_name) + sizeof(DATA_FOLDER "/")];

		snprintf(name, sizeof(name), DATA_FOLDER "/%s", entry->d_name);
		if (entry->d_name[0] != '.')
			ok = manifest_add_file(
				&backup->manifest, backup->to.folder, name, FILE_WHOLE, err);
	}
	closedir(entries);
	return ok;
}

/* ---- the two kinds ---- */

static bool copy_all(struct backup *backup, struct err *err)
{
	struct answer begin, end;
	bool ok;

	if (!file_write(backup->to.folder, COPY_INCOMPLETE, STR(INCOMPLETE_TEXT), err) ||
		!step(backup, "begin", &begin, err))
		return false;
	backup->holding = true;
	backup->next_renewal = clock_mono_ms() + RENEW_MS;
	begin_phase(backup, "copying", copy_folder_bytes(backup->home.data));
	ok = store_copy_data(backup->home.data, backup->to.data, &backup->pace, err) &&
	     step(backup, "continue", &end, err) &&
	     copy_logs(backup, begin.position.first_log, &end.position, err);
	if (!ok)
		return false;
	end_hold(backup);
	backup->manifest.begin = begin.time;
	backup->manifest.earliest = backup->manifest.end = end.time;
	backup->manifest.position = end.position;
	backup->manifest.position.first_log = begin.position.first_log;
	return add_data_sums(backup, err);
}

static bool add_logs(struct backup *backup, struct err *err)
{
	struct answer end;

	if (!manifest_read(&backup->manifest, backup->to.folder, err))
		return err->code == ERR_NOT_FOUND
			       ? err_set(err, ERR_NOT_FOUND, NULL,
					 "%s is not a backup: it has no " MANIFEST_NAME,
					 backup->path)
			       : false;
	if (!check_history(backup, err) || !step(backup, "continue", &end, err))
		return false;
	backup->holding = true;
	backup->next_renewal = clock_mono_ms() + RENEW_MS;
	if (!copy_logs(backup, backup->manifest.position.last_log, &end.position, err))
		return false;
	end_hold(backup);
	backup->manifest.end = end.time;
	backup->manifest.position.last_log = end.position.last_log;
	backup->manifest.position.last_bytes = end.position.last_bytes;
	return true;
}

static bool finish(struct backup *backup, struct err *err)
{
	return copy_tree_sync(&backup->to, err) && verify(backup, err) &&
	       manifest_write(&backup->manifest, backup->to.folder, err) &&
	       file_remove(backup->to.folder, COPY_INCOMPLETE, err) &&
	       file_sync(backup->to.folder, backup->path, err) && step(backup, "note", NULL, err);
}

/* ---- the command ---- */

static bool open_home(struct backup *backup, struct err *err)
{
	int folder;

	if (!copy_open_folder(backup->conf->home, false, &folder, err) ||
		!copy_tree_open(&backup->home, folder, false, err))
		return false;
	/* A missing archive has no logs yet. */
	if (backup->conf->archive[0])
		backup->archive = open(backup->conf->archive, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return true;
}

static bool open_all(struct backup *backup, bool add, struct err *err)
{
	uint64_t owner;
	int folder;

	if (getrandom(&owner, sizeof(owner), 0) != (ssize_t)sizeof(owner))
		return err_set(err, ERR_INTERNAL, NULL, "no random numbers: %s", strerror(errno));
	snprintf(backup->owner, sizeof(backup->owner), "%" PRIu64, owner >> 1 | 1);
	return (add || copy_check_outside(backup->path, backup->conf->home, "the home", err)) &&
	       open_home(backup, err) && copy_open_folder(backup->path, !add, &folder, err) &&
	       copy_tree_open(&backup->to, folder, !add, err) &&
	       (add || manifest_open(&backup->manifest, err));
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static void print_summary(const struct backup *backup)
{
	struct buf text = BUF_INIT;

	date_put(backup->manifest.end, &text);
	printf("%" PRIu64 " task%s of %.*s in %s\n", backup->manifest.tasks,
		str_plural(backup->manifest.tasks), STR_ARGS(buf_str(&text)), backup->path);
	buf_free(&text);
	copy_print_unreached(&backup->manifest);
}

int ctl_backup(struct ctl *ctl)
{
	struct backup backup = { .conf = &ctl->conf,
		.path = ctl->words[1],
		.home = { -1, -1, -1 },
		.to = { -1, -1, -1 },
		.archive = -1,
		.began = clock_mono_ms() };
	bool add = ctl->call.options[ADMIN_ADD] != NULL, ok;
	struct err err = { 0 };

	/* The requests of the service come first. */
	setpriority(PRIO_PROCESS, 0, NICENESS);
	backup.pace = (struct file_pace){ wait_for_turn, &backup };
	session_open(&backup.session, &ctl->conf);
	progress_begin("backup");
	catch_signals();
	ok = read_rate(&backup, ctl->call.options[ADMIN_RATE], &err) &&
	     open_all(&backup, add, &err) &&
	     (add ? add_logs(&backup, &err) : copy_all(&backup, &err)) && finish(&backup, &err);
	end_hold(&backup);
	progress_end();
	if (ok)
		print_summary(&backup);
	session_close(&backup.session);
	copy_tree_close(&backup.home);
	copy_tree_close(&backup.to);
	if (backup.archive >= 0)
		close(backup.archive);
	manifest_close(&backup.manifest);
	if (ok)
		return EXIT_DONE;
	return interrupted ? (ctl_fail("interrupted"), EXIT_INTERRUPTED) : ctl_fail_call(&err);
}
