#pragma once
/*
 * Shared by the files of the store, private to them.
 *
 *     bdb/env.c          the environment and its folders, open, close
 *     bdb/table.c        the databases in it, the callback of the index
 *     bdb/maintenance.c  checkpoints, log archive and removal, deadlock detection
 *     bdb/wal_trim.c     the last log file, before a recovery
 *     step.c             one transaction: retries, error mapping, the shared counters
 *     operation.c        operations on one task
 *     row.c              the record of a task, its number, its changes
 *     idempotency.c      Idempotency-Keys
 *     dependents.c       tasks that refer to another one
 *     quota.c            how many tasks may be created
 *     list.h             lists, counts, pages
 *     transfer.c         import
 *     auth_table.c       the small tables
 *     walk.c             verify, export
 *     reindex.c          rebuilding the index
 */
#include <db.h>

#include "store/index_key.h"
#include "store/record.h"
#include "store/store.h"

/* What a step gives besides libdb's codes: the error is filled in; or: not now, do it again. */
#define STEP_FAILED (-1)
#define STEP_RETRY  (-2)

/* Tables that nobody else sees: what the store notes for itself, and what was done with a key. */
enum { TABLE_META = STORE_TABLES, TABLE_IDEMPOTENCY, TABLE_COUNT };

struct store {
	DB_ENV *env;
	DB *tasks;		 /* tenant and id -> record, hash */
	DB *index;		 /* associated with tasks: it makes the entries, nobody reads it */
	DB *ranks;		 /* the same file, not associated: walking and record numbers */
	DB *tables[TABLE_COUNT]; /* hash, but TABLE_IDEMPOTENCY */
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

/* ---- step_run.c ---- */

/* Round every public call; they nest. */
void store_enter(struct store *store);
void store_leave(struct store *store);

/*
 * Does one step of work: in a transaction that is committed when it gives 0 (STEP_WRITE), in one
 * that is given up, so that all it reads is of one moment (STEP_VIEW), or without one (STEP_READ). It
 * is called again after a deadlock or STEP_RETRY, so it starts from the beginning each time. A step
 * closes its cursors before it returns and holds no lock in one while it asks for another outside
 * the transaction: libdb cannot see a process that waits for itself.
 */
enum access { STEP_READ, STEP_VIEW, STEP_WRITE };
typedef int store_step(struct store *store, DB_TXN *txn, void *data, struct err *err);
bool step_run(
	struct store *store, enum access access, store_step *step, void *data, struct err *err);
/* Commits, not to disk, and counts (struct store_shared). The transaction is gone in any case. */
int store_commit(struct store *store, DB_TXN *txn);
/* A libdb code as an error; returns false. What is not expected means that the environment is lost.
 */
bool step_fail(struct store *store, int code, const char *what, struct err *err);
/* Whether writes are allowed; false with ERR_DISK_FULL. */
bool store_may_write(const struct store *store, struct err *err);

/* ---- bdb/table.c ---- */

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

static inline struct str key_str(const struct index_key *key)
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

/* ---- row.c ---- */

/* Appends the record of a task to out. flags as bdb_get. */
int row_get(struct store *store, DB_TXN *txn, struct str tenant, const struct id *id,
	struct buf *out, uint32_t flags);
int row_put(struct store *store, DB_TXN *txn, const struct task *task, struct str record,
	uint32_t flags);
int row_delete(struct store *store, DB_TXN *txn, struct str tenant, const struct id *id);
/* A record that cannot be decoded: says so in the log; returns false. The key ends in the id. */
bool row_unreadable(const struct index_key *key, struct err *err);
bool row_decode(struct task *task, const struct buf *record, struct str tenant, const struct id *id,
	struct err *err);
/* Replaces what is in record. ERR_TOO_LARGE past STORE_RECORD_MAX. */
bool row_encode(const struct task *task, struct buf *record, struct err *err);
/* Sets what the op's change names, then lets op->before_write look at it; before is NULL for a new one. */
bool change_apply(
	const struct op *op, const struct task *before, struct task *task, struct err *err);
/* OP_UPSERT's change: a task that still runs keeps its state, one that has ended begins anew. */
bool upsert_apply(const struct op *op, struct task *task, struct err *err);
/* The next number of a tenant and dialect. */
int number_next(struct store *store, DB_TXN *txn, const struct op *op, uint64_t *number);
/* Numbers up to this one are given, from now on. */
int number_reserve(struct store *store, DB_TXN *txn, const struct task *task);
/* The id of the task of that number; ERR_NOT_FOUND. Outside a transaction. */
bool number_find(struct store *store, const struct op *op, struct id *id, struct err *err);

/* ---- idempotency.c ---- */

/*
 * Whether the op's key was used before: gives what was done then as the result, with *known true,
 * or STEP_FAILED with ERR_KEY_REUSED. Locks the key until the end of the transaction.
 */
int idempotency_lookup(struct store *store, DB_TXN *txn, const struct op *op, struct result *result,
	bool *known, struct err *err);
int idempotency_store(
	struct store *store, DB_TXN *txn, const struct op *op, const struct result *result);

/* ---- dependents.c ---- */

/* The tasks that are connected with the task, directly or over others, without itself. */
struct dependents {
	struct id *ids; /* the caller frees */
	size_t count;
};
int dependents_find(struct store *store, DB_TXN *txn, const struct op *op,
	struct dependents *connected, struct err *err);

/* ---- quota.c ---- */

/* STEP_FAILED with ERR_QUOTA when the op's is used up. Once the op's number is taken: see there. */
int quota_check(struct store *store, DB_TXN *txn, const struct op *op, struct err *err);

/* ---- listing.c ---- */

bool list_open(struct store *store, const struct op *op, struct result *result, struct err *err);
void listing_free(struct listing *listing);
/* key_range.c: the record number of the first entry that is not less than the key; one more than
 * all when none. */
int index_rank(DB *ranks, const struct index_key *key, uint64_t *rank);

/* ---- walk.c ---- */

/*
 * Calls take with every key and record until it returns false, which ends the walk: as a success
 * unless it filled in the error.
 */
typedef bool walk_function(struct store *store, const struct index_key *key, struct str record,
	void *data, struct err *err);
bool walk_tasks(struct store *store, walk_function *take, void *data, struct err *err);

/* ---- reindex.c ---- */

/* Fills the index, which is empty, from the tasks, and notes its sum. Alone. */
bool index_fill(struct store *store, struct err *err);

/* ---- bdb/wal_trim.c ---- */

/*
 * libdb makes a log file of its full size with nothing in it, and recovery writes zeros over all
 * that follows the last record: on a full disk it dies of the room that this takes, up to a whole
 * log file. So what was never written is cut off before. Best effort.
 */
void wal_trim(const char *folder);
