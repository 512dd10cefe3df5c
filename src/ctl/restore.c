#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/date.h"
#include "ctl/backup.h"
#include "ctl/backup_copy.h"
#include "ctl/progress.h"
#include "sys/service_user.h"

#define UNFINISHED_TEXT "This home is not a store yet: a restore was interrupted.\n"

struct restore {
	const struct conf *conf;
	const char *path, *home;
	struct copy_tree from, to;
	struct manifest manifest, counted;
	int archive;	    /* -1: none */
	uint64_t copied;    /* bytes */
	uint64_t more_logs; /* copied from the archive */
	int64_t until;	    /* seconds, 0: no limit */
};

static bool read_until(struct restore *restore, const char *text, struct err *err)
{
	struct buf earliest = BUF_INIT;
	int64_t ms;
	bool ok = true;

	if (!text)
		return true;
	if (!date_parse(&ms, str_cstr(text)))
		return err_set(err, ERR_INVALID, "until",
			"--until must be a time like 2026-01-31T12:00:00Z");
	/* A time to come is no limit; libdb keeps times in 32 bits. */
	if (ms >= clock_wall_ms())
		return true;
	restore->until = ms / 1000;
	/* The copied pages may be as new as that. */
	if (restore->until * 1000 < restore->manifest.earliest) {
		date_put(restore->manifest.earliest, &earliest);
		ok = err_set(err, ERR_INVALID, "until",
			"--until must be later than the end of the first copy, %.*s",
			STR_ARGS(buf_str(&earliest)));
	}
	buf_free(&earliest);
	return ok;
}

/* ---- logs of the archive ---- */

/* The archive's log has the last one of the backup as its beginning, and is used instead. */
static bool copy_more_logs(struct restore *restore, struct err *err)
{
	uint64_t number = restore->manifest.position.last_log;
	char entry[LOG_ENTRY_MAX], name[STORE_LOG_NAME_SIZE];

	copy_log_entry(number, entry);
	for (;; number++) {
		store_log_name(number, name);
		if (faccessat(restore->archive, name, F_OK, 0) != 0)
			return errno == ENOENT ||
			       err_set(err, ERR_INTERNAL, NULL, "%s cannot be read: %s", name,
				       strerror(errno));
		if (number == restore->manifest.position.last_log &&
			!manifest_check_file(
				&restore->manifest, entry, restore->archive, name, err))
			return err_set(err, ERR_CONFLICT, "logs",
				"%s in the archive is not the log of this backup", name);
		if (!file_copy(restore->archive, restore->to.log, name, FILE_WHOLE, NULL, err))
			return false;
		restore->more_logs++;
	}
}

/* ---- owner ---- */

static bool give(int folder, const struct service_user *owner, struct err *err)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	bool ok = entries && fchown(folder, owner->uid, owner->gid) == 0;

	while (ok && (entry = readdir(entries))) {
		if (strcmp(entry->d_name, "..") != 0)
			ok = fchownat(folder, entry->d_name, owner->uid, owner->gid,
				     AT_SYMLINK_NOFOLLOW) == 0;
	}
	if (!ok)
		err_set(err, ERR_INTERNAL, "user", "the owner cannot be set to %s: %s", owner->name,
			strerror(errno));
	if (entries)
		closedir(entries);
	else if (fd >= 0)
		close(fd);
	return ok;
}

static bool give_to_service(const struct restore *restore, struct err *err)
{
	struct service_user owner;

	if (!service_user_find(&owner, restore->conf, err))
		return false;
	return !owner.switch_user ||
	       (give(restore->to.data, &owner, err) && give(restore->to.log, &owner, err) &&
		       give(restore->to.folder, &owner, err));
}

/* ---- the command ---- */

static bool check_place(const struct restore *restore, struct err *err)
{
	return copy_check_outside(restore->home, restore->path, "the backup", err) &&
	       copy_check_outside(restore->home, restore->conf->home, "the configured home", err);
}

static bool open_backup(struct restore *restore, const char *logs, struct err *err)
{
	int folder;

	if (!copy_open_folder(restore->path, false, &folder, err))
		return false;
	restore->from.folder = folder;
	if (!manifest_read(&restore->manifest, folder, err))
		return err->code == ERR_NOT_FOUND
			       ? err_set(err, ERR_NOT_FOUND, NULL,
					 "%s is not a complete backup: it has no " MANIFEST_NAME,
					 restore->path)
			       : false;
	return copy_tree_open(&restore->from, folder, false, err) &&
	       (!logs || copy_open_folder(logs, false, &restore->archive, err)) &&
	       manifest_check_files(&restore->manifest, folder, err);
}

static bool count_bytes(size_t bytes, void *data, struct err *err)
{
	struct restore *restore = data;

	(void)err;
	restore->copied += bytes;
	progress_set(restore->copied, manifest_bytes(&restore->manifest), NULL);
	return true;
}

static bool copy_files(struct restore *restore, struct err *err)
{
	const struct file_pace pace = { count_bytes, restore };
	int folder;

	if (!copy_open_folder(restore->home, true, &folder, err))
		return false;
	restore->to.folder = folder;
	return file_write(folder, STORE_UNFINISHED, STR(UNFINISHED_TEXT), err) &&
	       copy_tree_open(&restore->to, folder, true, err) &&
	       copy_entries(&restore->manifest, &restore->from, &restore->to, &pace, err) &&
	       (restore->archive < 0 || copy_more_logs(restore, err));
}

/* With the same logs, the restored store must be that of the backup. */
static bool check_counts(const struct restore *restore, struct err *err)
{
	return restore->more_logs > 0 || restore->until > 0 ||
	       json_equal(restore->manifest.rows, restore->counted.rows) ||
	       err_set(err, ERR_DAMAGED, NULL,
		       "the restored store has other numbers of rows than the backup");
}

static bool finish(struct restore *restore, struct err *err)
{
	return check_counts(restore, err) && give_to_service(restore, err) &&
	       copy_tree_sync(&restore->to, err) &&
	       file_remove(restore->to.folder, STORE_UNFINISHED, err) &&
	       file_sync(restore->to.folder, restore->home, err);
}

static bool begin_phase(const char *phase)
{
	progress_phase(phase);
	return true;
}

int ctl_restore(struct ctl *ctl)
{
	struct restore restore = { .conf = &ctl->conf,
		.path = ctl->words[1],
		.home = ctl->call.options[ADMIN_HOME],
		.from = { -1, -1, -1 },
		.to = { -1, -1, -1 },
		.archive = -1 };
	struct err err = { 0 };
	bool ok;

	progress_begin("restore");
	progress_phase("comparing the backup with its manifest");
	ok = check_place(&restore, &err) &&
	     open_backup(&restore, ctl->call.options[ADMIN_LOGS], &err) &&
	     read_until(&restore, ctl->call.options[ADMIN_UNTIL], &err) &&
	     manifest_open(&restore.counted, &err) && begin_phase("copying") &&
	     copy_files(&restore, &err) && begin_phase("recovering") &&
	     copy_recover(&ctl->conf, restore.home, restore.until, &restore.counted, &err) &&
	     finish(&restore, &err);
	progress_end();
	if (ok && restore.archive >= 0)
		printf("%" PRIu64 " log%s of the archive read\n", (uint64_t)restore.more_logs,
			str_plural(restore.more_logs));
	if (ok) {
		printf("%" PRIu64 " task%s in %s\n", restore.counted.tasks,
			str_plural(restore.counted.tasks), restore.home);
		copy_print_unreached(&restore.counted);
	}
	copy_tree_close(&restore.from);
	copy_tree_close(&restore.to);
	if (restore.archive >= 0)
		close(restore.archive);
	manifest_close(&restore.manifest);
	manifest_close(&restore.counted);
	return ok ? 0 : ctl_fail_call(&err);
}
