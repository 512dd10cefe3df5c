#pragma once
/*
 * The engine on Berkeley DB 5.3. Only the files of this folder include <db.h>.
 *
 *     copy.c         copies of the data files, for a backup
 *     env.c          the environment and its settings; open and close
 *     errors.c       libdb's errors in the log
 *     folders.c      its folders
 *     log_end.h      how far the logs are whole, and how far they were synced
 *     logs.c         the log files as a whole, for a backup
 *     regions.c      the space of its shared memory
 *     table.c        the databases in it
 *     serial.c       the form of tables whose rows lie together by serial number
 *     txn.c          begin, commit, abort, flush; libdb's codes as enum engine_status
 *     access.c       get, put, del
 *     range.c        scan, count, nth, each
 *     buckets.c      all keys of a hash table, past damaged pages
 *     hash_page.c    fields of the pages of hash tables
 *     repair.h       replaces damaged pages
 *     compact.c      merges pages of the index
 *     maintenance.c  checkpoints, archive and removal of logs, deadlock detection
 *     figures.c      figures for store/health.h
 *     wal_trim.c     the last log file, before a recovery
 *
 * Tables are files of their own: ordered ones B-trees, counted ones B-trees with record numbers
 * (DB_RECNUM), the others hash tables. Functions of these files return libdb's codes; the ops
 * translate them with bdb_status.
 */
#include <db.h>

#include "store/bdb/page.h"
#include "store/engine.h"

struct data_files;

/* The pass over the index (compact.c). */
struct bdb_compaction {
	bool running;
	uint64_t next;	  /* record number of the next slice */
	uint64_t commits; /* of the environment, when the pass began */
	uint64_t freed;	  /* pages */
};

/* The last result of the hash function of a table with serial numbers. */
struct last_serial {
	bool known;
	uint32_t scrambled, serial;
};

struct bdb {
	struct engine engine;
	struct last_serial last_serial;
	struct data_files *files; /* NULL: ephemeral */
	DB_ENV *env;
	DB *tables[ENGINE_TABLES];
	DB_TXN *txn; /* NULL: none, or ENGINE_READ */
	uint64_t expected_tasks;
	bool ephemeral, sync_commits, migrate;
	const struct id_secret *new_secret; /* engine_options.secret */
	struct store_health *health;

	/* maintenance.c */
	int home;   /* descriptor; its lock is the turn to write checkpoints. -1: ephemeral */
	int synced; /* descriptor (log_end.h); -1: none */
	const char *archive;
	const struct store_hold *hold;
	uint64_t checkpoint_kb;
	int64_t checkpoint_ms, last_checkpoint; /* interval; monotonic ms */

	struct bdb_compaction compaction;

	/* figures.c */
	uint32_t oldest_txn;	  /* id; 0: none was open */
	int64_t oldest_txn_since; /* wall clock, ms */
	int64_t next_cache_note;  /* monotonic, ms */
};

static inline struct bdb *bdb_of(struct engine *engine)
{
	return (struct bdb *)engine;
}

/* ---- home.c ---- */

/*
 * Before a recovery: EINVAL with engine.message if a file that holds data, or all logs, were
 * removed, or if the logs are damaged or cut off before the end of what was synced. Sets an empty
 * index aside. With give_up, gives up the changes behind such a damage instead, and sets
 * engine.log_cut.
 */
int bdb_check_home(struct bdb *bdb, const char *path, bool give_up);

/* ---- folders.c ---- */

#define BDB_DATA_FOLDER "data"
#define BDB_LOG_FOLDER	"log"

/* ENGINE_RECOVER creates what is missing and removes old regions. May leave engine.message. */
int bdb_set_folders(struct bdb *bdb, const struct engine_options *options);
/*
 * Makes the names of the files durable. libdb renames a new file to its name and never syncs the
 * folder, and a recovery repeats the renaming only until the next checkpoint.
 */
int bdb_sync_folders(const struct engine_options *options);

/* ---- copy.c ---- */

bool bdb_copy_data(int from, int to, const struct file_pace *pace, struct err *err);

/* ---- logs.c ---- */

enum engine_status bdb_position(struct engine *engine, struct store_position *position);
int bdb_start_next_log(DB_ENV *env);
/* Alone, without an environment: the logs go on in a log with this number or a higher one. */
int bdb_begin_log(const char *home, uint32_t number);
/*
 * Alone, before catastrophic recovery: EINVAL with engine.message if a record names a file by an
 * absolute path, as older builds wrote it. Recovery would change the files there.
 */
int bdb_check_logs(struct bdb *bdb, const char *home);

/* ---- regions.c ---- */

static inline uint64_t bdb_cache_mb(const struct engine_options *options)
{
	return options->cache_mb ? options->cache_mb : 32;
}

/*
 * Before libdb writes size bytes at the current offset of a file: allocates the space of a region
 * that grows. Returns 0 or an errno.
 */
int bdb_allocate_region(int fd, size_t size);
/* ENOBUFS with engine.message if the file system of the regions is too small. */
int bdb_check_regions(struct bdb *bdb, const struct engine_options *options);
/* For struct engine_ops: is_region. */
bool bdb_is_region(const char *name);
/* Reserves space in new regions; fails in the same way. */
int bdb_reserve_regions(struct bdb *bdb, const struct engine_options *options);

/* ---- txn.c ---- */

enum engine_status bdb_begin(struct engine *engine, enum engine_access access);
enum engine_status bdb_commit(struct engine *engine);
enum engine_status bdb_abort(struct engine *engine);
enum engine_status bdb_flush(struct engine *engine);
/* After a flush: writes the position that libdb has synced. */
void bdb_note_synced(struct bdb *bdb);
/*
 * EBADMSG is a damaged page (file_hooks.h). A code that no call expects means that the environment
 * is lost, for every process.
 */
enum engine_status bdb_status(struct bdb *bdb, int code, const char *what);

/* ---- errors.c ---- */

/* Writes the errors of this environment to the log. */
void bdb_report_errors(DB_ENV *env);
/*
 * Opens the environment with recovery. libdb takes any error of reading the log for its end: it
 * would cut off the records behind it. So after an error of the system nothing is changed any more,
 * and the recovery fails.
 */
int bdb_recover(DB_ENV *env, const char *home, uint32_t flags);
/*
 * Sets engine.message to the cause of a failed open, unless it has one: this prefix, and libdb's
 * own words for the error.
 */
void bdb_describe(struct bdb *bdb, const char *what, int rc);
/* Sets engine.message, which must have a remedy too, and ENGINE_FAULT_REFUSED; returns EINVAL. */
int bdb_refuse(struct bdb *bdb, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- table.c ---- */

/* Opens the tables; with create, creates the missing ones. */
int bdb_open_tables(struct bdb *bdb, bool create);
void bdb_close_tables(struct bdb *bdb);
bool bdb_is_old(const char *home, char message[ENGINE_MESSAGE_SIZE]);
enum engine_status bdb_clear(struct engine *engine, enum engine_table table);

/* ---- serial.c ---- */

/* Before the open: the hash function and the size of a new file. */
int bdb_serial_set_form(struct bdb *bdb, DB *db);
/* Chooses the secret, unless it is given, and writes it to a new table. */
int bdb_serial_write_layout(struct bdb *bdb, DB *db, DB_TXN *txn);
/* Reads the secret. EINVAL with engine.message if the table cannot be used by this build. */
int bdb_serial_read_layout(struct bdb *bdb, DB *db, DB_TXN *txn);
/* Whether the key belongs to a row of the layout, not of the user. */
bool bdb_serial_is_layout_key(struct str key);
/*
 * Adds the rows of the layout that cannot be read for a damaged page to the new one, which is empty
 * and will replace it.
 */
void bdb_serial_add_layout(struct bdb *bdb, DB *db, uint32_t page, void *made);
/* A key that falls into the bucket, whatever the secret. */
#define BDB_BUCKET_KEY_SIZE 5
void bdb_serial_bucket_key(uint32_t bucket, uint8_t key[BDB_BUCKET_KEY_SIZE]);
enum engine_status bdb_room(
	struct engine *engine, enum engine_table table, uint32_t serial, struct engine_room *room);

/* ---- access.c ---- */

enum engine_status bdb_get(struct engine *engine, enum engine_table table, struct str key,
	bool for_update, struct buf *out);
enum engine_status bdb_put(struct engine *engine, enum engine_table table, struct str key,
	struct str value, enum engine_put how);
enum engine_status bdb_del(struct engine *engine, enum engine_table table, struct str key);

/* A DBT that libdb only reads, though its type cannot say so. */
static inline DBT bdb_in(struct str bytes)
{
	DBT dbt = { 0 };

	dbt.data = (void *)(uintptr_t)bytes.ptr;
	dbt.size = (uint32_t)bytes.len;
	return dbt;
}

/* A DBT that libdb fills in, with len bytes of input in it. */
static inline DBT bdb_out(void *bytes, size_t size, size_t len)
{
	DBT dbt = { 0 };

	dbt.data = bytes;
	dbt.ulen = (uint32_t)size;
	dbt.size = (uint32_t)len;
	dbt.flags = DB_DBT_USERMEM;
	return dbt;
}

/* A DBT for a key or value that is not wanted. */
static inline DBT bdb_nothing(void)
{
	DBT dbt = { 0 };

	dbt.flags = DB_DBT_USERMEM | DB_DBT_PARTIAL;
	return dbt;
}

/* ---- range.c ---- */

enum engine_status bdb_scan(struct engine *engine, enum engine_table table,
	const struct engine_range *range, bool reverse, size_t limit, struct engine_batch *batch);
enum engine_status bdb_count(struct engine *engine, enum engine_table table,
	struct engine_range *range, uint64_t *count);
enum engine_status bdb_count_parts(struct engine *engine, enum engine_table table,
	struct engine_range *range, const struct str *ends, size_t parts, uint64_t *counts);
enum engine_status bdb_nth(struct engine *engine, enum engine_table table,
	const struct engine_range *range, uint64_t n, struct engine_batch *batch);
enum engine_status bdb_each(struct engine *engine, enum engine_table table, bool keys_only,
	engine_take *take, void *data);

/* ---- buckets.c ---- */

enum engine_status bdb_each_key(struct engine *engine, enum engine_table table,
	struct engine_place *place, engine_take_key *take, void *data);

/* ---- compact.c ---- */

enum engine_status bdb_compact_chore(struct engine *engine, bool low_space, bool *more);

/* ---- maintenance.c ---- */

extern const struct engine_chore bdb_chores[];
enum engine_status bdb_checkpoint(struct engine *engine, bool trim, unsigned *removed);

/* ---- figures.c ---- */

/* The LSN of the last checkpoint; zero if it is not known. */
DB_LSN bdb_last_checkpoint(struct bdb *bdb);
/* Notes a checkpoint that began at this monotonic time, unless the last one is still `before`. */
void bdb_note_checkpoint(struct bdb *bdb, const DB_LSN *before, int64_t began_ms);
/* Notes the result of copying these logs (NULL: none were finished) to the archive. */
void bdb_note_archive(struct bdb *bdb, char *const *logs, int error);
enum engine_status bdb_figures_chore(struct engine *engine, bool low_space, bool *more);

/* ---- scrub.c ---- */

enum engine_status bdb_scrub(
	struct engine *engine, struct engine_scrub *at, unsigned pages, bool *end);

/* ---- repair.c ---- */

enum engine_status bdb_repair(struct engine *engine, enum engine_table table, uint32_t page,
	bool dry, enum engine_repair *done);

/* ---- wal_trim.c ---- */

/*
 * Cuts off the part of the last log file that was never written. libdb makes a log file at its full
 * size, and recovery writes zeros over everything behind the last record: on a full disk it fails
 * for want of that space, up to a whole log file. Best effort.
 */
void bdb_trim_wal(const char *folder);
