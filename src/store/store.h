#pragma once
/*
 * Where tasks live. This header is the contract; bdb*.c are the only files that include <db.h>, and
 * no DB_ code, DBT or file name leaves them. One implementation, chosen when linking.
 *
 * The promise: once store_flush has returned true, what store_apply committed before is on disk,
 * once. A commit is visible to every process at once and on disk only after the next flush: nobody
 * may be told of it, or shown it, before (store_is_flushed).
 *
 * One store a process, opened after fork; it never crosses fork. Not for threads. Calls may wait
 * for other processes for microseconds; deadlocks are retried inside, a bounded number of times,
 * and end as ERR_BUSY. ERR_PANIC from any call means: the environment is lost for this process;
 * leave at once with STORE_EXIT_PANIC, somebody else recovers.
 */
#include <stdatomic.h>

#include "base/err.h"
#include "task/index.h"
#include "task/op.h"

/* The exit status of a process that met ERR_PANIC. */
#define STORE_EXIT_PANIC 75

/* A task's record may have at most this many bytes. */
#define STORE_RECORD_MAX ((size_t)1024 * 1024)

/* For so long an Idempotency-Key is remembered; and no longer. */
#define STORE_IDEMPOTENCY_HOURS 24

struct store;

/*
 * Shared by all processes of one environment (in memory made before fork), zeroed before recovery.
 * A commit counts in `started` before it and in `done` after it; a flush carries `flushed` up to
 * the `done` it saw before it began. While started > flushed somebody's commit may not be on disk.
 */
struct store_shared {
	_Atomic uint64_t commits_started, commits_done, commits_flushed;
	_Atomic bool read_only; /* set by the keeper while the disk is nearly full */
};

/* What a process does in the store right now; a death with anything but OUTSIDE needs recovery. */
enum store_activity { STORE_IDLE = 0, STORE_IN_CALL = 1, STORE_FLUSHING = 2 };

enum store_mode {
	STORE_ATTACH,	 /* a child of a running service: the environment exists */
	STORE_RECOVER,	 /* alone: run recovery, make what is missing, then usable like JOIN */
	STORE_EPHEMERAL, /* tests: private, in memory, nothing on disk */
};

struct store_options {
	enum store_mode mode;
	const char *home;    /* data files and logs; made (0700) by STORE_RECOVER */
	const char *regions; /* shared regions; made (0700), emptied by STORE_RECOVER */
	uint64_t expected_tasks;
	uint64_t cache_mb;
	const struct index_table *indexes;
	struct store_shared *shared; /* NULL: private counters */
	_Atomic int *activity; /* enum store_activity, set round every call; NULL: nobody looks */
	bool sync_commits;     /* each commit flushes by itself: the benchmark's yardstick */
};

bool store_open(struct store **store, const struct store_options *options, struct err *err)
	__attribute__((warn_unused_result));
/* NULL is allowed. Closes without a flush or a checkpoint. */
void store_close(struct store *store);

/* ---- tasks ---- */

/*
 * Carries out one operation in one transaction and fills in the result, which the caller frees in
 * any case. Not on disk until the next flush. Errors: ERR_NOT_FOUND, ERR_CONFLICT (an id that
 * exists), ERR_PRECONDITION, ERR_KEY_REUSED, ERR_TOO_BROAD, ERR_TOO_LARGE, ERR_QUOTA (with
 * retry_after), ERR_BUSY, ERR_DISK_FULL, ERR_NO_MEMORY, ERR_PANIC, and whatever op.before_write gives.
 */
bool store_apply(struct store *store, const struct op *op, struct result *result, struct err *err);
void store_result_free(struct result *result);

/*
 * Walks the result's open listing: true with *end false and a row that borrows from the listing
 * until the next call, or true with *end true. Rows are fetched in batches; no lock is held between
 * calls, so a slow reader holds up nobody, and a task that changes meanwhile is shown as it was in
 * its batch or, once it does not belong to the list any more, left out. With count or offset the
 * total and which rows stand in the first batch (64 at most) are of one moment, unless writers left
 * no such moment in 20 ms: then of moments shortly after each other. So is every batch of a list
 * over several values, places or dialects, and a task that moves among them is in it. Where rows
 * are looked through (struct list_query) they are so one after the other, and the total is of what
 * was seen. Counts result.rows_returned; at the end sets result.next_cursor. The listing must end before its store
 * is closed.
 */
bool store_list_next(struct result *result, struct task *row, bool *end, struct err *err);

/* Makes everything committed so far durable. A failure is ERR_UNKNOWN_OUTCOME (no room) or
 * ERR_PANIC. */
bool store_flush(struct store *store, struct err *err);
/* Whether everything that anybody had committed by now is on disk. */
bool store_is_flushed(const struct store *store);

/* ---- small records of the service itself: tokens, keys, users ---- */

enum store_table { STORE_USERS, STORE_TOKENS, STORE_SIGNING_KEYS, STORE_TABLES };

/* Replaces what was there. On disk when it returns. */
bool store_auth_put(struct store *store, enum store_table table, struct str key, struct str value,
	struct err *err);
/* Appends the value to out; ERR_NOT_FOUND when there is none. */
bool store_auth_get(struct store *store, enum store_table table, struct str key, struct buf *out,
	struct err *err);
/*
 * What is to become of one entry. make gets what is there (ptr NULL: nothing) and appends what is
 * to be there; nothing appended removes it. It may be called again, after a deadlock: it is pure,
 * and its data are as they were. When it is false all edits are undone, and its error is the
 * call's.
 */
struct store_auth_edit {
	enum store_table table;
	struct str key;
	bool (*update)(struct str old, struct buf *value, void *data, struct err *err);
	void *data;
};
/*
 * Carries the edits out in one transaction, in their order; on disk when it returns. While the disk
 * is nearly full that must begin with an entry that is there: what an operator takes back is taken
 * back then, too, and the reserve has room for it, but nothing new is made.
 */
bool store_auth_update(
	struct store *store, const struct store_auth_edit *edits, size_t count, struct err *err);
/*
 * Calls back for every entry of one moment, in no order, until it returns false. No lock is held
 * meanwhile: the callback may use the store.
 */
bool store_auth_each(struct store *store, enum store_table table,
	bool (*take)(struct str key, struct str value, void *data), void *data, struct err *err);

/* ---- the keeper's and the operator's calls ---- */

/* Writes a checkpoint if at least this much log or time has come since the last; 0, 0: in any case.
 */
bool store_checkpoint(
	struct store *store, uint64_t min_kbytes, uint64_t min_minutes, struct err *err);
/*
 * Removes logs that recovery does not need, after copying them to the folder archive (fsynced)
 * unless it is "". Only for the process that writes the checkpoints: one in between would free more
 * logs.
 */
bool store_trim_logs(struct store *store, const char *archive, unsigned *removed, struct err *err);
/* Forgets Idempotency-Keys whose time is over, within another STORE_IDEMPOTENCY_HOURS. Time in ms. */
bool store_expire_idempotency(
	struct store *store, int64_t now, uint64_t *forgotten, struct err *err);
/* One run of the deadlock detector, which also looks at timeouts. */
bool store_detect_deadlocks(struct store *store, struct err *err);

struct store_report {
	uint64_t tasks;		     /* records in the primary */
	uint64_t index_entries;	     /* entries in the index */
	uint64_t missing_entries;    /* entries that should be there and are not */
	uint64_t stray_entries;	     /* entries that no record asks for */
	uint64_t unreadable_records; /* records that cannot be decoded */
};
/* Walks primary against index. The counts are exact only when nobody writes meanwhile. */
bool store_verify(struct store *store, struct store_report *report, struct err *err);
/* Throws the index away and builds it anew. Alone: after STORE_RECOVER, nobody joined. */
bool store_reindex(struct store *store, struct err *err);
/*
 * Calls back for every task, in no order, until it returns false. The task borrows from the walk.
 * The callback must not use the store.
 */
bool store_each_task(struct store *store, bool (*take)(const struct task *task, void *data),
	void *data, struct err *err);
/*
 * Puts up to count tasks as they are, ids, times and revisions included, in one transaction; an
 * existing id is replaced. For import; not on disk until the next flush.
 */
bool store_put_tasks(struct store *store, const struct task *tasks, size_t count, struct err *err);
