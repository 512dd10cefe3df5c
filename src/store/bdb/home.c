/*
 * A home from which files were removed. libdb makes a missing file again, empty, and a new log
 * beside tables that need the old one; both would hide the loss, so a start is refused first,
 * before anything is written, and the operator can put the files back.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "store/bdb/bdb.h"
#include "store/bdb/data_files.h"
#include "store/bdb/log_cut.h"
#include "store/bdb/page.h"
#include "store/bdb/page_map.h"
#include "store/bdb/page_ring.h"

static int refuse(struct bdb *bdb, const char *name, const char *what)
{
	return bdb_refuse(bdb, "%s %s: restore the home from a backup", name, what);
}

/* ---- files ---- */

static bool is_data_file(const char *name)
{
	size_t len = strlen(name);

	return strcmp(name, "doublewrite") == 0 ||
	       (len > 3 && strcmp(name + len - 3, ".db") == 0) ||
	       (len > 4 && strcmp(name + len - 4, ".map") == 0);
}

static bool is_log(const char *name)
{
	uint64_t number;

	return store_log_number(name, &number);
}

static int check_file(struct bdb *bdb, int folder, const char *label, const char *name, int flags)
{
	struct stat info;

	if (fstatat(folder, name, &info, flags) == 0 && !S_ISREG(info.st_mode))
		return bdb_refuse(bdb,
			"%s/%.40s is not a regular file: put the file back in its place, or"
			" restore the home from a backup",
			label, name);
	if (faccessat(folder, name, R_OK | W_OK, 0) == 0 || errno == ENOENT)
		return 0;
	snprintf(bdb->engine.message, sizeof(bdb->engine.message),
		"%s/%.40s cannot be read and written: %s", label, name, strerror(errno));
	bdb->engine.fault = ENGINE_FAULT_ACCESS;
	return EINVAL;
}

/* libdb's errors do not name the file. */
static int check_files(
	struct bdb *bdb, int home, const char *label, bool (*is_ours)(const char *name), int flags)
{
	int fd = openat(home, label, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!folder)
		return errno;
	while (rc == 0 && (entry = readdir(folder))) {
		if (is_ours(entry->d_name))
			rc = check_file(bdb, fd, label, entry->d_name, flags);
	}
	closedir(folder);
	return rc;
}

/* ---- tables ---- */

/* libdb ignores the log records of a missing file. */
static int set_aside(int folder, const char *name)
{
	char aside[RING_NAME + sizeof(".damaged")];

	snprintf(aside, sizeof(aside), "%s.damaged", name);
	if (renameat(folder, name, folder, aside) != 0)
		return errno;
	page_map_remove(folder, name);
	return 0;
}

/*
 * A table whose pages were on disk has a file that is not empty. A file that can be made again must
 * have a whole first page: a shorter one is set aside.
 */
static int check_table(struct bdb *bdb, int folder, enum engine_table table)
{
	char name[RING_NAME];
	struct stat info;
	bool missing, again = data_files_can_be_made_again(table);

	snprintf(name, sizeof(name), "%s.db", engine_tables[table].name);
	if (!page_map_exists(folder, name))
		return 0;
	missing = fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0;
	if (!missing && info.st_size >= (again ? BDB_PAGE_SIZE : 1))
		return 0;
	if (again && !missing)
		return set_aside(folder, name);
	if (again) {
		page_map_remove(folder, name);
		return 0;
	}
	return refuse(bdb, name, missing ? "is missing" : "is empty");
}

static int check_tables(struct bdb *bdb, int folder)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < ENGINE_TABLES; i++)
		rc = check_table(bdb, folder, (enum engine_table)i);
	return rc;
}

/* ---- logs ---- */

/* Of the last change of the first page; 0 if that page cannot be read. */
static uint64_t table_lsn(int folder, enum engine_table table)
{
	unsigned char page[BDB_PAGE_SIZE];
	char name[RING_NAME];
	uint64_t lsn = 0;
	int fd;

	snprintf(name, sizeof(name), "%s.db", engine_tables[table].name);
	fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && pread(fd, page, sizeof(page), 0) == (ssize_t)sizeof(page) &&
		page_check(page, 0) == PAGE_GOOD)
		lsn = page_lsn(page);
	if (fd >= 0)
		close(fd);
	return lsn;
}

/*
 * A page is written after its log records are on disk. libdb finds this out too late: its recovery
 * has then written to the log, and a missing log could not be put back.
 */
static int check_tables_end(struct bdb *bdb, int folder, struct log_position end)
{
	for (int i = 0; i < ENGINE_TABLES; i++) {
		uint64_t lsn = table_lsn(folder, (enum engine_table)i);
		struct log_position changed = { (uint32_t)(lsn >> 32), (uint32_t)lsn };

		if (log_position_is_before(changed, end))
			continue;
		return bdb_refuse(bdb,
			"the tables have changes up to byte %" PRIu32 " of log.%010" PRIu32
			", but the logs end before: put back the log that is missing or was"
			" cut off, or restore the home from a backup",
			changed.offset, changed.number);
	}
	return 0;
}

static int check_synced(
	struct bdb *bdb, const struct log_position *synced, const struct log_position *end)
{
	if (!log_position_is_before(*end, *synced))
		return 0;
	return bdb_refuse(bdb,
		"the logs were on disk up to byte %" PRIu32 " of log.%010" PRIu32
		", but are whole up to byte %" PRIu32 " of log.%010" PRIu32
		" only: put the log back, or restore the home from a backup",
		synced->offset, synced->number, end->offset, end->number);
}

/* The tables of tasks have maps as soon as their first pages are on disk. */
static bool has_tables(int folder)
{
	return page_map_exists(folder, "tasks2.db") || page_map_exists(folder, "named.db");
}

static bool is_old(int folder)
{
	return faccessat(folder, "tasks.db", F_OK, 0) == 0;
}

/* A start makes all tables, with less than this in the logs, before it answers. */
#define FIRST_START_LOG (512 * 1024)

static bool has_any_table(int folder)
{
	char name[RING_NAME];
	bool found = false;

	for (int i = 0; !found && i < ENGINE_TABLES; i++) {
		snprintf(name, sizeof(name), "%s.db", engine_tables[i].name);
		found = faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	}
	return found;
}

/* Tables were made before the first flush wrote its position. */
static bool had_tables(const struct log_position *synced, const struct log_position *end)
{
	return synced->number > 0 || end->number > 1 || end->offset > FIRST_START_LOG;
}

static int read_positions(int logs, struct log_position *synced, struct log_position *end)
{
	int fd = log_synced_open(logs, false);

	*synced = log_synced_read(fd);
	if (fd >= 0)
		close(fd);
	return log_end_find(logs, end);
}

/* The highest number of a log in any position that is on disk. */
static int find_highest(int logs, int folder, uint32_t synced, uint32_t *highest)
{
	int rc = log_find_newest(logs, highest);

	if (synced > *highest)
		*highest = synced;
	for (int i = 0; i < ENGINE_TABLES; i++) {
		uint32_t number = (uint32_t)(table_lsn(folder, (enum engine_table)i) >> 32);

		if (number > *highest)
			*highest = number;
	}
	return rc;
}

/* The tables that a start makes again may be of another moment than the others. */
static int set_aside_derived(int folder)
{
	int rc = set_aside(folder, "index.db");

	if (rc == 0 || rc == ENOENT)
		rc = set_aside(folder, "usage.db");
	return rc == ENOENT ? 0 : rc;
}

#define LOGS_MISSING_MAX 100

/*
 * Pages on disk may have positions behind the damage. libdb would write new records at the same
 * positions, and take the pages for newer than they are: so the logs go on with a higher number
 * than any page has.
 */
static int give_up_changes(struct bdb *bdb, const char *path, int logs, int folder, uint32_t synced,
	struct log_position end)
{
	uint32_t highest;
	int rc = find_highest(logs, folder, synced, &highest);

	/* No log has a whole record, or too many logs are missing. */
	if (rc == 0 && (end.offset == 0 || highest - end.number > LOGS_MISSING_MAX))
		return EINVAL;
	if (rc == 0)
		rc = set_aside_derived(folder);
	if (rc == 0)
		rc = log_cut(logs, end);
	if (rc == 0)
		rc = bdb_begin_log(path, highest + 1);
	if (rc != 0)
		return rc;
	log_warn("changes-given-up",
		"log.%010" PRIu32 " was cut off at byte %" PRIu32
		", where it is damaged: the changes behind it are lost",
		end.number, end.offset);
	*bdb->engine.message = '\0';
	bdb->engine.fault = ENGINE_FAULT_OTHER;
	bdb->engine.log_cut = true;
	return 0;
}

/* A migration that was interrupted has removed tables, to make them again. */
static int check(struct bdb *bdb, const char *path, int logs, int folder, bool give_up)
{
	struct log_position synced = { 0 }, end = { 0 };
	int rc = is_old(folder) ? 0 : check_tables(bdb, folder);

	if (rc == 0)
		rc = read_positions(logs, &synced, &end);
	if (rc != 0)
		return rc;
	if (end.number == 0)
		return has_tables(folder) ? refuse(bdb, "the folder " BDB_LOG_FOLDER,
						    "has no logs, which the tables need")
					  : 0;
	if (!has_any_table(folder) && had_tables(&synced, &end))
		return refuse(
			bdb, "the folder " BDB_DATA_FOLDER, "has no tables, though there are logs");
	rc = check_synced(bdb, &synced, &end);
	if (rc == 0)
		rc = check_tables_end(bdb, folder, end);
	return rc != 0 && give_up ? give_up_changes(bdb, path, logs, folder, synced.number, end)
				  : rc;
}

int bdb_check_home(struct bdb *bdb, const char *path, bool give_up)
{
	int home = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), folder, logs, rc;

	if (home < 0)
		return errno;
	folder = openat(home, BDB_DATA_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	logs = openat(home, BDB_LOG_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = folder < 0 || logs < 0 ? errno : 0;
	if (rc == 0)
		rc = check_files(bdb, home, BDB_DATA_FOLDER, is_data_file, AT_SYMLINK_NOFOLLOW);
	if (rc == 0)
		rc = check_files(bdb, home, BDB_LOG_FOLDER, is_log, 0);
	if (rc == 0)
		rc = check(bdb, path, logs, folder, give_up);
	if (folder >= 0)
		close(folder);
	if (logs >= 0)
		close(logs);
	close(home);
	return rc;
}
