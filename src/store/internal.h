#pragma once
/*
 * Shared by the files of the store, private to them.
 *
 *     engine.h      the seam: tables of keys and values, with transactions; bdb/ is an engine
 *     engine_calls.h  the engine's calls on rows, as the store makes them; a part of this header
 *     commits.h     what becomes of a transaction's end: counters, wake-ups; the same
 *     store.c       open, close, checkpoints
 *     chores.c      periodic maintenance, for the keeper
 *     emptying.h    tables that are emptied if they are damaged
 *     call.c        begin and end of a public call, errors
 *     flush.c       the counters of commits and flushes
 *     wake.c        the counters that parked requests wait for
 *     lists.c       the counters that entity tags of lists are made of
 *     metrics.h     what the store has done, for monitoring
 *     packed.h      numbers and texts within records
 *     step.c        runs a step in a transaction, with retries
 *     health_report.c  figures for the administrator of a tenant
 *     auth_table.c  the tables of users, tokens and keys
 *     scrub.h       verifies the checksums of all pages
 *     verify.c      tasks against index
 *     repair.h      damaged pages are made usable again
 *     tasks/        one task: its row, its operations, what depends on it, its end
 *     journal/      what happened to each task
 *     list/         lists, counts, pages
 *     index/        keys of the index, whether it may be read, its rebuild
 *     stats/        counts of tasks by dialect and kind, or by time
 *     usage/        tasks and bytes of each tenant, and their quotas
 *     workers/      who has which tasks, was heard of, and gets none
 *     webhooks/     webhooks and the deliveries of their events
 *     bulk/         bulks: their creation, their slices, their end
 *     transfer/     snapshots, export and import, parts of a backup, stores of older builds
 *
 *     tasks/operation.c    operations: read, create, upsert
 *     tasks/create.h       new tasks; create_many.h creates those of a batch
 *     tasks/modify.c       operations: update, archive, remove
 *     tasks/change.c       what both need: load, change and save a task
 *     tasks/follow.c       the change of another record that a change of a task causes
 *     tasks/row.c          a task's record together with its index entries
 *     tasks/number.c       numbers of tasks, first revisions; number_find.c finds the task of one
 *     tasks/serial.c       ids of new tasks
 *     tasks/idempotency.c  Idempotency-Keys; idempotency_expiry.c removes them
 *     tasks/path.h         from a task to one that depends on it
 *     tasks/dependents.h   tasks that refer to another one
 *     tasks/cascade.h      removes or archives them with it, in pieces
 *     tasks/claim.h        ready tasks are given to workers; ready.h finds them
 *     tasks/due.c          tasks that the service has to change by itself
 *     tasks/retention.h    removal of finished tasks by their age
 *     tasks/walk.h         goes through all tasks without holding a lock
 */
#include <stdio.h>

#include "store/announcements.h"
#include "store/engine.h"
#include "store/index/key.h"
#include "store/scrub.h"
#include "store/store.h"
#include "store/tasks/record.h"
#include "store/tasks/retention.h"
#include "store/webhooks/needed.h"

/* A row of the usage table: its numbers, big-endian, in this order. */
struct usage_value {
	uint64_t tasks, bytes;
	uint64_t changes;	       /* transactions that changed the row */
	uint64_t max_tasks, max_bytes; /* quota; 0: none, STORE_QUOTA_DEFAULT: store_options */
};

/* A tenant's tasks and their bytes, or a change of them. */
struct usage_row {
	size_t tenant_len;
	char tenant[INDEX_TENANT_MAX];
	int64_t tasks, bytes;
	struct usage_value value; /* as stored, in a list made of the table */
};

/* Rows in the order of their tenants. */
struct usage_list {
	struct usage_row *rows;
	size_t count, capacity;
};

/* The serial numbers of this process (serial.c). */
#define SERIALS_MADE 64

struct serials {
	uint32_t current, next;
	unsigned left_in_block; /* from next on */
	size_t room;		/* bytes for rows of the current one */
	size_t row;		/* bytes of a row, estimated from the last ones; 0: none yet */
	size_t unwritten;	/* ids of the current one whose rows are not written yet */
	unsigned pause;		/* pages to add before the next search for room */
	/* Without such places: the newest ids that were made and have no row yet, a ring. */
	struct id made[SERIALS_MADE];
	unsigned made_at;
};

struct snapshot_progress {
	uint64_t moment, reads;
	unsigned idle_minutes;
};

struct store {
	struct engine *engine;
	struct serials serials;
	const struct index_table *indexes;
	uint8_t schema_hash[INDEX_SCHEMA_HASH_SIZE];
	struct store_shared *shared, own_shared;
	_Atomic int *activity, own_activity;
	unsigned depth;				   /* of nested calls */
	uint64_t random;			   /* store_random() */
	bool makes_ready;			   /* the current transaction makes a task ready */
	bool changes_tasks;			   /* it changes tasks: */
	uint64_t changed[STORE_TASK_STRIPES / 64]; /* bits of their counters (wake.c) */
	uint64_t changed_lists[STORE_LIST_STRIPES / 64]; /* the same (lists.c) */
	uint64_t writes;	   /* rows put or removed, since the store was opened */
	struct buf old_record;	   /* of the task that is being changed */
	struct engine_batch batch; /* the keys of the scan that is being read */
	struct usage_list usage;   /* changes of the current transaction */
	struct buf usage_value;	   /* the row of the usage table that is being changed */
	bool enforce_quota;	   /* the current transaction may be refused */
	uint64_t tenant_tasks, tenant_bytes;
	int64_t next_quota_log; /* monotonic ms */
	struct store_key_limit key_limit;
	struct rebuild *rebuild; /* of the index, by this process; NULL: none */
	bool alone;		 /* no other process has the store open */
	bool uncounted;		 /* commits are not counted (store_commit) */
	bool of_no_tenant;	 /* they are counted, but not as those of a tenant or of all */
	uint64_t noting;	 /* the snapshot that the current transaction notes rows for */
	struct buf notes;	 /* struct note, key, record; one behind the other */
	struct snapshot_progress snapshot_seen; /* of the keeper */
	/*
	 * The counters of commits: those of all processes of this machine, or with a shared engine,
	 * which shows no process what another one has not flushed, its own.
	 */
	struct store_shared *counted;
	struct announcements unannounced; /* what commits of the round have changed (wake.c) */
	bool sync_commits;
	uint8_t record_version;	  /* of the records that are written */
	bool is_deferred;	  /* the last step was not run: see store_is_deferred() */
	bool damaged_index;	  /* the step has met a damaged page of the index, not of a task */
	bool lost;		  /* ERR_PANIC was returned and logged */
	struct buf journal_entry; /* that is being written */
	struct buf noted_events;  /* of the transaction (metrics.c) */
	struct buf round_events;  /* the same of the transactions of a round */
	uint64_t round_commits;
	unsigned process;	       /* store_options.process */
	uint64_t journal_last;	       /* number that the transaction has taken last; 0: none */
	unsigned journal_stripe;       /* of the feeds that it adds to */
	struct drained_cache *drained; /* workers/drain.c; NULL: nothing was read yet */
	uint8_t heard_len;	       /* the worker that the operation is from */
	char heard[TASK_WORKER_MAX];
	uint64_t journal_entries;
	int64_t journal_ms;
	struct retention_pass retention;
	struct policies policies;
	struct store_clock clock;
	struct webhook_needed needed;
	struct store_scrub scrub;
	int64_t scrub_ms; /* of a pass; 0: off */
};

/* ---- call.c ---- */

/* Mark the beginning and the end of a public call (store_options.activity); they nest. */
void store_enter(struct store *store);
void store_leave(struct store *store);
/*
 * Sets the error of a step's or the engine's status, not of STEP_FAILED. Returns false. Logs
 * ENGINE_LOST once.
 */
bool store_fail(struct store *store, int status, struct err *err);

#include "store/commits.h"

/* ---- step.c ---- */

/*
 * Results of a step besides enum engine_status: the error is filled in; or the step has to run
 * again because a concurrent commit came between its reads.
 */
#define STEP_FAILED (-1)
#define STEP_RETRY  (-2)

/* A number for back-offs and tokens: not secret. */
uint64_t store_random(struct store *store);

/*
 * Runs a step in a transaction of the engine. After ENGINE_RETRY and STEP_RETRY the step runs
 * again, a limited number of times, so it starts from the beginning each time.
 */
typedef int store_step(struct store *store, void *data, struct err *err);
/* One that only reads. */
bool step_run(struct store *store, enum engine_access access, store_step *step, void *data,
	struct err *err);
/*
 * One that writes: it is committed when the step returns 0, else undone. It has locked the scope
 * (engine.h): the tenant whose rows it reads and changes, or STR("") for rows of no tenant.
 */
bool step_run_write(
	struct store *store, struct str scope, store_step *step, void *data, struct err *err);
/* The same between store_enter and store_leave. */
bool step_call(struct store *store, enum engine_access access, store_step *step, void *data,
	struct err *err);
bool step_call_write(
	struct store *store, struct str scope, store_step *step, void *data, struct err *err);

#include "store/engine_calls.h"

/* ---- tasks/serial.c ---- */

/*
 * Whether this process has made the id lately and no row was written under it; only once. Without
 * rows that lie together, because other engines look at the key anyway.
 */
bool serial_take_new(struct store *store, const struct id *id);
/* A new row of that many bytes was written under the id. */
void serial_note_row(struct store *store, const struct id *id, size_t size);
/* A public call has ended: ids given before it are not used any more. */
void serial_note_end(struct store *store);

/* ---- tasks/row.c ---- */

/* The table of the task with that id; of a primary key, which ends in the id. */
enum engine_table row_table(const struct store *store, const struct id *id);
enum engine_table row_table_of_key(const struct store *store, const struct index_key *key);
/* See engine_ops.expect. */
void row_expect(struct store *store, struct str tenant, const struct id *id);
/* See engine_ops.prefetch and get_prefetched. */
void row_prefetch(struct store *store, struct str tenant, const struct id *id);
int row_get_prefetched(
	struct store *store, struct str tenant, const struct id *id, struct buf *out);
/* Appends the record of a task to out. */
int row_get(struct store *store, struct str tenant, const struct id *id, bool for_update,
	struct buf *out);
/* Writes a new task with its index entries; ENGINE_EXISTS when the id is taken. */
int row_insert(struct store *store, const struct task *task, struct str record);
/*
 * Replaces a task; `old` is the one that is stored, NULL when it cannot be read, and old_record its
 * record.
 */
int row_update(struct store *store, const struct task *old, struct str old_record,
	const struct task *task, struct str record);
/* By the op, of which the user, the request and the time count. */
int row_remove(
	struct store *store, const struct op *op, const struct task *task, struct str record);
/* Logs that the record of the key cannot be decoded; returns false. The key ends in the id. */
bool row_unreadable(struct str key, struct err *err);
bool row_decode(struct task *task, const struct buf *record, struct str tenant, const struct id *id,
	struct err *err);
/* Replaces the content of record. ERR_TOO_LARGE past TASK_RECORD_MAX. */
bool row_encode(
	const struct store *store, const struct task *task, struct buf *record, struct err *err);

#include "store/tasks/number.h"

/* ---- tasks/idempotency.c ---- */

/* The rows that a creation with the op's key will read. */
void idempotency_expect(struct store *store, const struct op *op);
/*
 * Finds what was done with the op's key: fills the result's records and sets *known, or
 * STEP_FAILED with ERR_KEY_REUSED. Locks the key until the end of the transaction.
 */
int idempotency_lookup(struct store *store, const struct op *op, struct result *result, bool *known,
	struct err *err);
/* STEP_FAILED with ERR_TOO_MANY_REQUESTS if the tenant has too many keys. */
int idempotency_store(
	struct store *store, const struct op *op, const struct result *result, struct err *err);
/*
 * Writes a row of an export. Rows of counts are passed over: each key that is new here is counted.
 * STEP_FAILED if the row is malformed.
 */
int idempotency_import(struct store *store, struct str key, struct str value);
/* Sets store_shared.newest_key_period from the table. */
bool idempotency_init(struct store *store, struct err *err);
/* Removes keys of periods that have not begun, as store_expire_idempotency does. */
bool idempotency_expire_future(struct store *store, int64_t now, bool *more, struct err *err);

/* ---- usage/quota.c ---- */

/* STEP_FAILED with ERR_QUOTA when the op's quota is used up. Call it after number_next. */
int quota_check(struct store *store, const struct op *op, struct err *err);

/* ---- usage/count.c ---- */

/* OP_USAGE. */
bool usage_read(struct store *store, const struct op *op, struct result *result, struct err *err);

/* ---- health_report.c ---- */

/* OP_HEALTH: allocates result->health, which store_result_free() frees. ERR_NO_MEMORY. */
bool health_report(
	struct store *store, const struct op *op, struct result *result, struct err *err);

/* ---- usage/usage.c ---- */

/* Adds to the row of the tenant; a new row begins at 0. ENGINE_NO_MEMORY. */
int usage_add(struct usage_list *list, struct str tenant, int64_t tasks, int64_t bytes);
void usage_free(struct usage_list *list);
/* Forgets the changes noted for a transaction. */
void usage_reset(struct store *store);
/*
 * Adds the changes of this transaction to the rows of their tenants. With enforce_quota:
 * STEP_FAILED with ERR_STORAGE_QUOTA if a quota would be exceeded by growth. The last step before
 * the commit, so that no lock is waited for while the row is held.
 */
int usage_settle(struct store *store, struct err *err);
/*
 * Without other processes: makes the table again if it is damaged or lost, or the home is of an
 * older build.
 */
bool usage_init(struct store *store, struct err *err);
/* Copies the quotas from the table to the meta table, from which it is made again. */
bool usage_keep_limits(struct store *store, struct err *err);
/* Durably: the next usage_init makes it again. */
bool usage_mark_for_remake(struct store *store, struct err *err);
/* Chore: counts the tenants that have nearly used up a quota, and logs them once an hour. */
bool usage_watch(struct store *store, bool low_space, bool *more, struct err *err);

/* ---- transfer/snapshot_note.c, transfer/snapshot.c ---- */

enum snapshot_kind { SNAPSHOT_TASK = 1, SNAPSHOT_IDEMPOTENCY };

/* Forgets the rows noted for a transaction; notes new ones if there is a snapshot. */
void snapshot_reset(struct store *store);
/* Notes that a row is changed; old: its record, NULL: it does not exist. */
int snapshot_note(
	struct store *store, enum snapshot_kind kind, struct str key, const struct str *old);
/* Writes the notes. Called with the row of a tenant in the usage table locked. */
int snapshot_settle(struct store *store);
/* Chore, once a minute: ends a snapshot that makes no progress. */
bool snapshot_watch(struct store *store, bool low_space, bool *more, struct err *err);

/* ---- tasks/change.c ---- */

/* Whether an existing task meets the preconditions of the op. */
bool change_meets_conditions(const struct op *op, const struct task *task);
/*
 * For operations on many tasks: whether an error concerns the task only, so that the others go on.
 * Quotas are not among these errors.
 */
bool change_error_is_of_task(const struct err *err);
/* ERR_PRECONDITION; returns STEP_FAILED. */
int change_fail_precondition(struct err *err);
/* A task of another tenant or dialect is reported as not found. */
bool change_is_foreign(const struct task *task, const struct op *op);
/* Reads the task of that id for a change; its texts are in store->old_record. */
int change_load(struct store *store, const struct op *op, const struct id *id, struct task *task,
	struct err *err);
/* Applies the op's change, then its before_write; old is NULL for a new task. */
bool change_apply(const struct op *op, const struct task *old, struct task *task, struct err *err);
/*
 * Applies work_settle(), unless the op is one that decides about the lease itself, and
 * work_finish().
 */
void change_settle(
	const struct store *store, const struct op *op, const struct task *old, struct task *task);
/* Writes the changed task with the next revision; its record is left in `record`. */
int change_save(struct store *store, const struct op *op, const struct task *old, struct task *task,
	struct buf *record, struct err *err);

/* ---- tasks/policy.c ---- */

/* The policy that counts for the task now: its own over those of the configuration. */
struct policy policy_of(const struct store *store, const struct task *task);

/* ---- tasks/follow.c ---- */

/* Carries out what op->follow asks for; overwrites store->old_record. */
int follow_run(struct store *store, const struct op *op, const struct task *before,
	const struct task *after, struct err *err);

/* ---- tasks/modify.c ---- */

/* A write in progress. */
struct write {
	const struct op *op;
	const struct index_key *ready; /* CLAIM: an entry that was found before */
	struct result *result;
	bool replayed;	 /* the Idempotency-Key was used before: the result is the one of then */
	bool unchanged;	 /* nothing was written */
	bool blocked;	 /* by dependents */
	bool unfinished; /* some dependents are done; the next piece follows */
	unsigned steps;	 /* of this piece */
};

typedef int write_step(struct store *store, struct write *write, struct err *err);
write_step write_modify; /* UPDATE, ARCHIVE, REMOVE */

/* ---- list/listing.c ---- */

bool list_open(struct store *store, const struct op *op, struct result *result, struct err *err);
bool list_go_on(struct result *result, unsigned slice_steps, struct err *err);
void listing_free(struct listing *listing);
/* Bytes of memory; 0 without one. */
size_t listing_memory(const struct listing *listing);
