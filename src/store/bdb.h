#pragma once
/*
 * What the bdb*.c files share. Private to them: nobody else includes this or <db.h>.
 *
 *     bdb_env.c     the environment and its folders, open, close
 *     bdb_db.c      the databases in it, the index's callback
 *     bdb_run.c     one piece of work: transaction, retries, what codes mean, the shared counters
 *     bdb_apply.c   operations on one task
 *     bdb_task.c    its record, its number, its changes
 *     bdb_once.c    what was done with an Idempotency-Key
 *     bdb_connected.c  tasks that go with another
 *     bdb_quota.c   how many may be created
 *     bdb_list.h    lists, counts, pages: the files that find them
 *     bdb_import.c  tasks put as they are
 *     bdb_entry.c   the small tables
 *     bdb_walk.c    what goes over all tasks: verify, export
 *     bdb_reindex.c the index built anew, and keys of old
 *     bdb_keep.c    checkpoint, logs, deadlock sweep
 *     bdb_log.c     the last log, before a recovery
 */
#include <db.h>

#include "store/index_key.h"
#include "store/record.h"
#include "store/store.h"

/* What a step gives besides libdb's codes: the error is filled in; or: not now, do it again. */
#define BDB_REFUSED (-1)
#define BDB_AGAIN   (-2)

/* Tables that nobody else sees: what the store notes for itself, and what was done with a key. */
enum { BDB_META = STORE_TABLES, BDB_ONCE, BDB_TABLES };

struct store {
	DB_ENV *env;
	DB *tasks;		/* tenant and id -> record, hash */
	DB *index;		/* associated with tasks: it makes the entries, nobody reads it */
	DB *ranks;		/* the same file, not associated: walking and record numbers */
	DB *tables[BDB_TABLES]; /* hash, but BDB_ONCE */
	const struct index_table *indexes;
	uint8_t sum[INDEX_SCHEMA_HASH_SIZE];
	struct store_shared *shared, own_shared;
	_Atomic int *place, own_place;
	unsigned depth; /* of nested calls */
	uint64_t expected_tasks;
	uint64_t random;
	struct buf before; /* a record that is being changed */
	bool ephemeral, sync_commits;
	bool index_is_new; /* made by this open: nothing in it yet */
	bool lost;	   /* ERR_PANIC was given: said once in the log */
};

/* ---- bdb_run.c ---- */

/* Round every public call; they nest. */
void bdb_enter(struct store *store);
void bdb_leave(struct store *store);

/*
 * Does one step of work: in a transaction that is committed when it gives 0 (BDB_WRITE), in one
 * that is given up, so that all it reads is of one moment (BDB_VIEW), or without one (BDB_READ). It
 * is called again after a deadlock or BDB_AGAIN, so it starts from the beginning each time. A step
 * closes its cursors before it returns and holds no lock in one while it asks for another outside
 * the transaction: libdb cannot see a process that waits for itself.
 */
enum bdb_access { BDB_READ, BDB_VIEW, BDB_WRITE };
typedef int bdb_step(struct store *store, DB_TXN *txn, void *data, struct err *err);
bool bdb_run(
	struct store *store, enum bdb_access access, bdb_step *step, void *data, struct err *err);
/* Commits, not to disk, and counts (struct store_shared). The transaction is gone in any case. */
int bdb_commit(struct store *store, DB_TXN *txn);
/* A libdb code as an error; returns false. What is not expected means that the environment is lost.
 */
bool bdb_fail(struct store *store, int code, const char *what, struct err *err);
/* Whether writes are allowed; false with ERR_DISK_FULL. */
bool bdb_may_write(const struct store *store, struct err *err);

/* ---- bdb_db.c ---- */

/* Opens what is there; with create makes what is missing. */
int bdb_open_all(struct store *store, bool create);
void bdb_close_all(struct store *store);
/* A second handle of the tasks, with no index that follows it. */
int bdb_open_tasks(struct store *store, DB **db);
/* The index's two handles, ranks first. */
int bdb_open_index(struct store *store, bool create);
void bdb_close_index(struct store *store);
int bdb_drop_index(struct store *store);

/* Appends a value to out. flags as DB->get: 0 or DB_RMW. */
int bdb_get(DB *db, DB_TXN *txn, struct str key, struct buf *out, uint32_t flags);
int bdb_put(DB *db, DB_TXN *txn, struct str key, struct str value, uint32_t flags);

static inline struct str bdb_key(const struct index_key *key)
{
	return (struct str){ (const char *)key->bytes, key->len };
}

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

/* A DBT for values that are not wanted. */
static inline DBT bdb_nothing(void)
{
	DBT dbt = { 0 };

	dbt.flags = DB_DBT_USERMEM | DB_DBT_PARTIAL;
	return dbt;
}

/* ---- bdb_task.c ---- */

/* Appends the record of a task to out. flags as bdb_get. */
int bdb_get_task(struct store *store, DB_TXN *txn, struct str tenant, const struct id *id,
	struct buf *out, uint32_t flags);
int bdb_put_task(struct store *store, DB_TXN *txn, const struct task *task, struct str record,
	uint32_t flags);
int bdb_remove_task(struct store *store, DB_TXN *txn, struct str tenant, const struct id *id);
/* A record that cannot be decoded: says so in the log; returns false. The key ends in the id. */
bool bdb_unreadable(const struct index_key *key, struct err *err);
bool bdb_decode_task(struct task *task, const struct buf *record, struct str tenant,
	const struct id *id, struct err *err);
/* Replaces what is in record. ERR_TOO_LARGE past STORE_RECORD_MAX. */
bool bdb_encode_task(const struct task *task, struct buf *record, struct err *err);
/* Sets what the op's change names, then lets op->before_write look at it; before is NULL for a new one. */
bool bdb_change_task(
	const struct op *op, const struct task *before, struct task *task, struct err *err);
/* OP_UPSERT's change: a task that still runs keeps its state, one that has ended begins anew. */
bool bdb_renew_task(const struct op *op, struct task *task, struct err *err);
/* Whether a change has altered nothing. */
bool bdb_same_task(const struct task *a, const struct task *b);
/* The next number of a tenant and dialect. */
int bdb_next_number(struct store *store, DB_TXN *txn, const struct op *op, uint64_t *number);
/* Numbers up to this one are given, from now on. */
int bdb_note_number(struct store *store, DB_TXN *txn, const struct task *task);
/* The id of the task of that number; ERR_NOT_FOUND. Outside a transaction. */
bool bdb_find_number(struct store *store, const struct op *op, struct id *id, struct err *err);

/* ---- bdb_once.c ---- */

/*
 * Whether the op's key was used before: gives what was done then as the result, with *known true,
 * or BDB_REFUSED with ERR_KEY_REUSED. Locks the key until the end of the transaction.
 */
int bdb_recall(struct store *store, DB_TXN *txn, const struct op *op, struct result *result,
	bool *known, struct err *err);
int bdb_remember(
	struct store *store, DB_TXN *txn, const struct op *op, const struct result *result);

/* ---- bdb_connected.c ---- */

/* The tasks that are connected with the task, directly or over others, without itself. */
struct bdb_connected {
	struct id *ids; /* the caller frees */
	size_t count;
};
int bdb_find_connected(struct store *store, DB_TXN *txn, const struct op *op,
	struct bdb_connected *connected, struct err *err);

/* ---- bdb_quota.c ---- */

/* BDB_REFUSED with ERR_QUOTA when the op's is used up. Once the op's number is taken: see there. */
int bdb_check_quota(struct store *store, DB_TXN *txn, const struct op *op, struct err *err);

/* ---- bdb_list.c ---- */

bool bdb_list(struct store *store, const struct op *op, struct result *result, struct err *err);
void bdb_listing_free(struct listing *listing);
/* bdb_range.c: the record number of the first entry that is not less than the key; one more than
 * all when none. */
int bdb_rank(DB *ranks, const struct index_key *key, uint64_t *rank);

/* ---- bdb_walk.c ---- */

/*
 * Calls take with every key and record until it returns false, which ends the walk: as a success
 * unless it filled in the error.
 */
typedef bool bdb_take_record(struct store *store, const struct index_key *key, struct str record,
	void *data, struct err *err);
bool bdb_walk_tasks(struct store *store, bdb_take_record *take, void *data, struct err *err);

/* ---- bdb_reindex.c ---- */

/* Fills the index, which is empty, from the tasks, and notes its sum. Alone. */
bool bdb_fill_index(struct store *store, struct err *err);

/* ---- bdb_log.c ---- */

/*
 * libdb makes a log file of its full size with nothing in it, and recovery writes zeros over all
 * that follows the last record: on a full disk it dies of the room that this takes, up to a whole
 * log file. So what was never written is cut off before. Best effort.
 */
void bdb_cut_log(const char *folder);
