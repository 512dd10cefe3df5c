/* The log files as a whole: the position of a backup, and names of files in the records. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/bdb/bdb.h"

/* ---- position ---- */

static uint64_t lowest_log(char **logs)
{
	uint64_t lowest = 0, number;

	for (; *logs; logs++) {
		const char *slash = strrchr(*logs, '/');

		if (store_log_number(slash ? slash + 1 : *logs, &number) &&
			(lowest == 0 || number < lowest))
			lowest = number;
	}
	return lowest;
}

/* The record, which recovery ignores, makes sure that the current log is not an empty file. */
static int read_position(struct bdb *bdb, struct store_position *position)
{
	DB_LOG_STAT *stat = NULL;
	char **logs = NULL;
	int rc = bdb->env->log_printf(bdb->env, NULL, "backup");

	if (rc == 0)
		rc = bdb->env->log_stat(bdb->env, &stat, 0);
	if (rc == 0)
		rc = bdb->env->log_flush(bdb->env, NULL);
	if (rc == 0)
		rc = bdb->env->log_archive(bdb->env, &logs, DB_ARCH_LOG);
	if (rc == 0)
		*position = (struct store_position){ logs ? lowest_log(logs) : stat->st_cur_file,
			stat->st_cur_file, stat->st_cur_offset };
	free(stat);
	free(logs);
	return rc;
}

enum engine_status bdb_position(struct engine *engine, struct store_position *position)
{
	struct bdb *bdb = bdb_of(engine);

	if (!bdb->ephemeral)
		return bdb_status(bdb, read_position(bdb, position), "log position");
	snprintf(
		bdb->engine.message, sizeof(bdb->engine.message), "a store in memory has no files");
	return ENGINE_FAILED;
}

/* ---- the next log file ---- */

static int current_log(DB_ENV *env, uint32_t *number)
{
	DB_LOG_STAT *stat;
	int rc = env->log_stat(env, &stat, 0);

	if (rc == 0) {
		*number = stat->st_cur_file;
		free(stat);
	}
	return rc;
}

/* libdb has no call for this: the current log is filled with records that recovery ignores. */
int bdb_start_next_log(DB_ENV *env)
{
	uint32_t first, now;
	int rc = current_log(env, &first);

	now = first;
	while (rc == 0 && now == first) {
		rc = env->log_printf(env, NULL, "%1000s", "");
		if (rc == 0)
			rc = current_log(env, &now);
	}
	return rc;
}

#define SMALL_LOG (1 << 20) /* bytes of new logs */

/* Without any other file of the home. *env is to be closed, also after an error; NULL: none. */
static int open_logs(DB_ENV **env, const char *home, uint32_t size)
{
	int rc = db_env_create(env, 0);

	if (rc != 0) {
		*env = NULL;
		return rc;
	}
	rc = (*env)->set_lg_dir(*env, BDB_LOG_FOLDER);
	if (rc == 0)
		rc = (*env)->set_lg_filemode(*env, 0600);
	if (rc == 0)
		rc = (*env)->set_lg_max(*env, size);
	return rc == 0 ? (*env)->open(*env, home, DB_CREATE | DB_PRIVATE | DB_INIT_LOG, 0600) : rc;
}

/* The logs between are filled, so they are made small. */
int bdb_begin_log(const char *home, uint32_t number)
{
	DB_ENV *env;
	uint32_t current = 0;
	int rc = open_logs(&env, home, SMALL_LOG);

	if (rc == 0)
		rc = current_log(env, &current);
	while (rc == 0 && current < number) {
		rc = bdb_start_next_log(env);
		if (rc == 0)
			rc = current_log(env, &current);
	}
	if (rc == 0)
		rc = env->log_flush(env, NULL);
	if (env)
		env->close(env, 0);
	return rc;
}

/* ---- absolute paths ---- */

/*
 * Records that create, remove, write and rename files by name (libdb's fop_auto.h). Behind the head
 * come fields with their length before them: first ids of files, then names of files and folders.
 */
static const struct file_record {
	uint32_t type;
	unsigned ids, names;
} file_records[] = {
	{ .type = 141, .ids = 2, .names = 1 }, /* file_remove: ids of two files, name */
	{ .type = 143, .names = 2 },	       /* create: name, folder */
	{ .type = 144, .names = 1 },	       /* remove: name */
	{ .type = 145, .names = 2 },	       /* write: name, folder */
	{ .type = 146, .names = 3 },	       /* rename: two names, folder */
	{ .type = 150, .names = 3 },	       /* rename_noundo: the same */
};

#define RECORD_HEAD 16 /* type, transaction, position of its record before */

static const struct file_record *find_file_record(const DBT *record)
{
	uint32_t type;

	if (record->size < RECORD_HEAD)
		return NULL;
	memcpy(&type, record->data, sizeof(type));
	for (size_t i = 0; i < sizeof(file_records) / sizeof(file_records[0]); i++) {
		if (file_records[i].type == type)
			return &file_records[i];
	}
	return NULL;
}

static bool has_absolute_path(const DBT *record)
{
	const struct file_record *fields = find_file_record(record);
	const unsigned char *bytes = record->data;
	size_t at = RECORD_HEAD;
	uint32_t len;

	for (unsigned i = 0; fields && i < fields->ids + fields->names; i++) {
		if (record->size - at < sizeof(len))
			return false;
		memcpy(&len, bytes + at, sizeof(len));
		at += sizeof(len);
		if (len > record->size - at)
			return false;
		if (i >= fields->ids && len > 0 && bytes[at] == '/')
			return true;
		at += len;
	}
	return false;
}

static int walk_logs(struct bdb *bdb, DB_LOGC *cursor)
{
	DBT record = { 0 };
	DB_LSN lsn;
	int rc;

	while ((rc = cursor->get(cursor, &lsn, &record, DB_NEXT)) == 0) {
		if (!has_absolute_path(&record))
			continue;
		snprintf(bdb->engine.message, sizeof(bdb->engine.message),
			"log %" PRIu32 " was written by an older build and names the files of"
			" another home: make a backup without it",
			lsn.file);
		return EINVAL;
	}
	return rc == DB_NOTFOUND ? 0 : rc;
}

int bdb_check_logs(struct bdb *bdb, const char *home)
{
	DB_ENV *env;
	DB_LOGC *cursor = NULL;
	int rc = open_logs(&env, home, SMALL_LOG);

	if (rc == 0)
		rc = env->log_cursor(env, &cursor, 0);
	if (rc == 0)
		rc = walk_logs(bdb, cursor);
	if (cursor)
		cursor->close(cursor, 0);
	if (env)
		env->close(env, 0);
	return rc;
}
