/*
 * A home from which files were removed. libdb makes a missing file again, empty, and a new log
 * beside tables that need the old one; both would hide the loss, so a start is refused first.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/bdb/bdb.h"
#include "store/bdb/data_files.h"
#include "store/bdb/page_map.h"
#include "store/bdb/page_ring.h"

static int refuse(struct bdb *bdb, const char *name, const char *what)
{
	snprintf(bdb->engine.message, sizeof(bdb->engine.message),
		"%s %s: restore the home from a backup", name, what);
	return EINVAL;
}

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

/* A table whose pages were on disk has a file that is not empty. */
static int check_table(struct bdb *bdb, int folder, enum engine_table table)
{
	char name[RING_NAME];
	struct stat info;
	bool missing;

	snprintf(name, sizeof(name), "%s.db", engine_tables[table].name);
	if (!page_map_exists(folder, name))
		return 0;
	missing = fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0;
	if (!missing && info.st_size > 0)
		return 0;
	if (data_files_can_be_made_again(table) && !missing)
		return set_aside(folder, name);
	if (data_files_can_be_made_again(table)) {
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

/* *any: whether there is a log. */
static int find_log(int home, bool *any)
{
	int fd = openat(home, BDB_LOG_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	uint64_t number;

	*any = false;
	if (!folder)
		return errno;
	while (!*any && (entry = readdir(folder)))
		*any = store_log_number(entry->d_name, &number);
	closedir(folder);
	return 0;
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

/* A migration that was interrupted has removed tables, to make them again. */
static int check(struct bdb *bdb, int home, int folder)
{
	bool any_log;
	int rc = is_old(folder) ? 0 : check_tables(bdb, folder);

	if (rc == 0)
		rc = find_log(home, &any_log);
	if (rc != 0 || any_log || !has_tables(folder))
		return rc;
	return refuse(bdb, "the folder " BDB_LOG_FOLDER, "has no logs, which the tables need");
}

int bdb_check_home(struct bdb *bdb, const char *path)
{
	int home = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), folder, rc;

	if (home < 0)
		return errno;
	folder = openat(home, BDB_DATA_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = folder < 0 ? errno : check(bdb, home, folder);
	if (folder >= 0)
		close(folder);
	close(home);
	return rc;
}
