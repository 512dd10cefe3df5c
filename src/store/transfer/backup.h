#pragma once
/*
 * Parts of a backup of the store's files, put together by polytaskctl (src/ctl/backup.h).
 *
 * A backup copies files that the service is changing, so the copies of the data are of different
 * moments. The logs make them consistent: with all logs from a checkpoint before the first copied
 * page to a position after the last one, recovery (STORE_RESTORE) brings every page to that
 * position. Until they are copied the logs are held, that is, not removed.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sys/file_copy.h"

struct store;

/*
 * A home with a file of this name is an unfinished restore: STORE_RECOVER refuses it. Left from a
 * restore that was interrupted.
 */
#define STORE_UNFINISHED "unfinished"

/* In shared memory; a hold ends by itself, because its owner may die. Not reset by a recovery. */
struct store_hold {
	_Atomic uint64_t owner; /* random; 0: none */
	_Atomic int64_t until;	/* monotonic ms */
};

struct store_position {
	uint64_t first_log, last_log; /* numbers of the log files in the home */
	uint64_t last_bytes;	      /* of the last one; everything before that is on disk */
};

/* ---- on an open store ---- */

/* Keeps all logs for so long, or longer by another call; ERR_BUSY while another owner does. */
bool store_hold_logs(struct store *store, uint64_t owner, int64_t ms, struct err *err);
void store_release_logs(struct store *store, uint64_t owner);
/* Flushes all commits and sets the position behind them. */
bool store_position(struct store *store, struct store_position *position, struct err *err);
/* Notes a finished backup for the status; survives restarts. time: ms. */
bool store_note_backup(struct store *store, int64_t time, struct err *err);
/* Reads the note at a start. */
bool store_load_backup_note(struct store *store, struct err *err);

/* Calls back with the number of rows of each table. */
typedef bool store_take_count(const char *table, uint64_t rows, void *data);
bool store_count_rows(struct store *store, store_take_count *take, void *data, struct err *err);

/* ---- on files, without a store ---- */

/*
 * Copies the data files from one directory to another, where they are created with mode 0600 and
 * synced. A page whose checksum is wrong was read while it was written: it is read again, and
 * reported as ERR_DAMAGED if it stays so.
 */
bool store_copy_data(int from, int to, const struct file_pace *pace, struct err *err);

#define STORE_LOG_NAME_SIZE 32
static inline void store_log_name(uint64_t number, char name[STORE_LOG_NAME_SIZE])
{
	snprintf(name, STORE_LOG_NAME_SIZE, "log.%010" PRIu64, number);
}

/* False if the name is not that of a log. */
static inline bool store_log_number(const char *name, uint64_t *number)
{
	return strncmp(name, "log.", 4) == 0 && str_to_u64(str_cstr(name + 4), number);
}
