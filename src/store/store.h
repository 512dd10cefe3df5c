#pragma once
/*
 * The store: tasks and their lists; auth_table.h has the service's own records. These headers are
 * the contract for everything above; engine.h is the seam below.
 *
 * Durability: every commit that precedes a successful store_flush() is on disk, exactly once.
 * Commits become visible to all processes immediately but durable only at the next flush, so
 * callers must not send a response that depends on unflushed data (store_is_flushed()).
 *
 * One store per process, opened after fork; it never crosses a fork and is not for threads. Calls
 * may wait microseconds for other processes. Conflicts are retried inside, a limited number of
 * times, and end as ERR_BUSY. ERR_PANIC from any call means that the environment is lost for this
 * process: exit immediately with STORE_EXIT_PANIC, the supervisor starts a recovery.
 */
#include <stdatomic.h>

#include "base/err.h"
#include "store/damage.h"
#include "store/health.h"
#include "store/metrics.h"
#include "store/progress.h"
#include "store/tasks/next_number.h"
#include "store/transfer/backup.h"
#include "store/transfer/copy.h"
#include "store/transfer/export.h"
#include "store/transfer/row_check.h"
#include "store/usage/limits.h"
#include "store/verify.h"
#include "store/workers/contacts.h"
#include "task/index.h"
#include "task/op.h"
#include "task/policy.h"
#include "task/retention.h"

/* Exit status of a process that met ERR_PANIC. */
#define STORE_EXIT_PANIC 75

/* Lifetime of an Idempotency-Key, in hours. */
#define STORE_IDEMPOTENCY_HOURS 24
#define STORE_BUILD_MS		300

struct store;
struct engine_ops;

/* Whether processes of other hosts use the same tables (engine.h). */
bool store_is_shared(const struct store *store);

/*
 * Shared by all processes of one environment, in memory mapped before fork; zeroed before recovery.
 * A commit counts in `started` before it and in `done` after it; a flush raises `flushed` to the
 * `done` that it loaded before it began. While started > flushed, a commit may not be durable.
 */
struct store_commits {
	_Atomic uint64_t started, done, flushed;
};

#define STORE_COMMIT_STRIPES 64
#define STORE_TASK_STRIPES   4096
/* Counters that requests wait for: of ready tasks, of changed ones, then of feeds. */
#define STORE_WAKE_COUNTERS (2 * STORE_COMMIT_STRIPES + STORE_TASK_STRIPES)
#define STORE_PROCESSES	    160 /* that have the store open at the same time */
#define STORE_LIST_STRIPES  1024

struct store_shared {
	struct store_commits commits; /* all */
	/* Commits that changed tasks, by a hash of the tenant; and all other commits. */
	struct store_commits tenant_commits[STORE_COMMIT_STRIPES], other_commits;
	/*
	 * Only grow. Commits that made a task ready to be claimed, by the same hash; commits that
	 * changed a task, by a hash of tenant and id; and what ended in feeds, by the first hash.
	 */
	_Atomic uint64_t wake_counters[STORE_WAKE_COUNTERS];
	/*
	 * Commits that changed records, by a hash of tenant and dialect; only grow, and mean nothing
	 * under another list_epoch (store/lists.h).
	 */
	_Atomic uint64_t list_changes[STORE_LIST_STRIPES], list_epoch;
	/* Changes of the workers that get no tasks, by the same hash, and of webhooks; only grow. */
	_Atomic uint64_t drains[STORE_COMMIT_STRIPES], all_drains, webhook_changes;
	struct contacts contacts;
	_Atomic uint64_t newest_key_period; /* of Idempotency-Keys, in STORE_IDEMPOTENCY_HOURS */
	_Atomic bool remake_usage;	    /* by the next recovery */
	_Atomic bool empty_journal, empty_outbox; /* the same */
	_Atomic uint64_t journal_next;		  /* number of the next entry; 0: not known yet */
	_Atomic uint64_t journal_open[STORE_PROCESSES];	     /* journal/order.c */
	_Atomic uint64_t journal_committed, journal_flushed; /* highest numbers */
	_Atomic uint64_t journal_epoch;			     /* struct feed_place; 0: none yet */
	_Atomic uint64_t journal_line;			     /* journal/epoch.c */
	_Atomic uint64_t journal_trimmed; /* entries up to this number may have been removed */
	_Atomic uint64_t journal_needed;  /* from this one on they are kept longer; 0: none */
	_Atomic uint64_t journal_floor;	  /* numbers are given above it (journal/journal.h) */
	_Atomic uint64_t host;		  /* of a shared engine: number of this host (hosts.h) */
	_Atomic bool read_only;		  /* set by the keeper while the disk is nearly full */
	_Atomic uint64_t snapshot;	  /* moment of the export that runs, in ms; 0: none */
	_Atomic uint64_t snapshot_owner;  /* its pid << 32 | the lower half of its moment */
	_Atomic uint64_t snapshot_reads;
	struct store_health health;
	struct store_metrics metrics; /* not zeroed before a recovery */
	struct damage_table damages;
	struct store_hold hold;
};

/*
 * Whether a file of this name in the folder of the regions is memory that the processes of a
 * service share, and so must not be removed while it runs.
 */
bool store_is_region(const char *name);

/* State of a process; a death in any state but IDLE needs recovery. */
enum store_activity { STORE_IDLE = 0, STORE_IN_CALL = 1, STORE_FLUSHING = 2 };

enum store_mode {
	STORE_ATTACH,  /* child of a running service: the environment exists */
	STORE_RECOVER, /* alone: recover, create what is missing, then as STORE_ATTACH */
	/*
	 * Alone: catastrophic recovery of copies of data and logs (backup.h), with private regions,
	 * up to restore_until.
	 */
	STORE_RESTORE,
	STORE_EPHEMERAL, /* tests: private, in memory, nothing on disk */
};

/* Idempotency-Keys of a tenant and their bytes, with the records that they keep; 0: no limit. */
struct store_key_limit {
	uint64_t keys, bytes;
};

struct store_options {
	enum store_mode mode;
	const char *home;    /* data files and logs; created (0700) by STORE_RECOVER */
	const char *regions; /* shared regions; created (0700) and emptied by STORE_RECOVER */
	const char *archive; /* folder for finished logs, NULL or "": they are removed */
	uint64_t expected_tasks;
	uint64_t cache_mb;
	uint64_t checkpoint_mb, checkpoint_seconds; /* of new log, of time; between checkpoints */
	uint64_t scrub_days;		     /* of a pass of the keeper over all pages; 0: off */
	uint64_t journal_entries;	     /* of all tenants, at most; 0: no journal is kept */
	int64_t journal_ms;		     /* age at which entries are removed */
	uint64_t tenant_tasks, tenant_bytes; /* quota of a tenant without its own; 0: none */
	struct store_key_limit key_limit;
	const struct index_table *indexes;
	const struct retention *retention; /* NULL: no task is removed by its age; copied */
	struct policies policies;
	struct store_shared *shared; /* NULL: private counters */
	unsigned process; /* its number among those with these counters, below STORE_PROCESSES */
	_Atomic int *activity; /* enum store_activity, set by every call; NULL: not shown */
	bool migrate;	       /* open a store of an older build, for store_migrate() */
	/*
	 * STORE_RECOVER goes on if it needs a damaged page: changes to its rows since the last
	 * checkpoint are not made. For store_repair(), which empties the page.
	 */
	bool give_up_pages;
	int64_t restore_until; /* STORE_RESTORE: seconds since the epoch; 0: the end of the logs */
	/*
	 * How long STORE_RECOVER builds a missing index itself before it leaves the rest to
	 * store_run_chore; 0: STORE_BUILD_MS, negative: not at all.
	 */
	int64_t build_ms;
	bool sync_commits; /* each commit is flushed by itself: the benchmark's yardstick */
	const char *url;   /* of the server of a shared engine; NULL or "": it is in home */
	bool rounds;	   /* a shared engine makes commits visible and durable at each flush */
	const struct engine_ops *engine; /* NULL: by the url; tests use another one */
	enum store_copy_use copy;	 /* of the target of a copy (copy.h) */
	const struct id_secret *secret;	 /* of the source, for a target that is empty */
};

/*
 * Values of err->field if store_open() fails and the remedy depends on the cause. The text of
 * the last four has it.
 */
#define STORE_FAULT_INDEX      "index"	    /* the file of the index cannot be used */
#define STORE_FAULT_DERIVED    "derived"    /* the file usage.db or snapshot.db */
#define STORE_FAULT_PAGE       "page"	    /* a damaged page that store_repair() can empty */
#define STORE_FAULT_ACCESS     "access"	    /* a file that this user cannot use */
#define STORE_FAULT_REGIONS    "regions"    /* too little room for shared memory */
#define STORE_FAULT_REFUSED    "refused"    /* files are missing, cut off or of another store */
#define STORE_FAULT_VERSION    "version"    /* a store of an older build */
#define STORE_FAULT_UNFINISHED "unfinished" /* the restore of a backup, or a copy, did not end */
#define STORE_FAULT_SERVER     "server"	    /* ERR_BUSY: that of a shared store does not answer */

bool store_open(struct store **store, const struct store_options *options, struct err *err)
	__attribute__((warn_unused_result));
/* NULL is allowed. Closes without a flush or a checkpoint. */
void store_close(struct store *store);

/* ---- tasks ---- */

/*
 * A hint that store_apply() will be called for this READ, with op.is_prefetched: the store may then
 * read the tasks of several such operations together. Returns whether to set is_prefetched.
 */
bool store_prefetch(struct store *store, const struct op *op);
/*
 * Carries out one operation and fills in the result: one transaction, except for lists, counts,
 * many retries, batches, and removals with many dependents (store_go_on). The caller must always
 * free the result. Not durable until the next flush. Errors: ERR_NOT_FOUND, ERR_CONFLICT (the id
 * exists), ERR_PRECONDITION, ERR_KEY_REUSED, ERR_TOO_BROAD, ERR_TOO_DEEP, ERR_TOO_LARGE, ERR_QUOTA
 * and ERR_TOO_MANY_REQUESTS (with retry_after), ERR_BUSY, ERR_DISK_FULL, ERR_NO_MEMORY,
 * ERR_DAMAGED, ERR_REBUILDING (with retry_after), ERR_PANIC, and those of op.before_write.
 */
bool store_apply(struct store *store, const struct op *op, struct result *result, struct err *err);
void store_result_free(struct result *result);
/*
 * Bytes of memory of the result: records, the rows of a list that are found or read ahead, the path
 * of a removal with dependents.
 */
size_t store_result_memory(const struct result *result);

/*
 * Creates the id of a task that will be created next: tasks made one after the other lie together.
 * now: wall-clock ms. False if the system provides no random bytes.
 */
bool store_new_id(struct store *store, int64_t now, struct id *id);

/*
 * Continues an operation of op.slice_steps for one more slice, or with slice_steps 0 to the end: a
 * list or a count; OP_RETRY and OP_BATCH, of which each task is one transaction; or a removal or
 * archiving with dependents, of which each slice is one. Call it while result.unfinished; until
 * then only result.steps may be read. No lock, cursor or transaction is held between slices; the
 * op's texts must stay valid. After an error, free the result.
 *
 * Tasks may change between slices. A task that changes meanwhile is in the list once or, if it
 * moves among the rows that are scanned, may be left out; no slice adds it a second time.
 *
 * A removal that fails or is not continued has removed some dependents, each before the task that
 * it refers to. The errors of each slice are those of store_apply().
 */
bool store_go_on(struct result *result, unsigned slice_steps, struct err *err);
/*
 * Reads the next row of the result's open listing: *end false and a row that borrows from the
 * listing until the next call, or *end true. Counts result.rows_returned; at the end sets
 * result.next_cursor. The listing must be freed before its store is closed.
 *
 * Rows are fetched in batches, and no lock is held between calls, so a slow reader delays no
 * writer. A task that changes meanwhile is shown as it was in its batch or, when it no longer
 * belongs to the list, left out.
 *
 * With want_total or an offset, the total and the rows of the first batch (at most 64) are of one
 * moment, unless writers of the tenant left no such moment within 20 ms: result.consistent. So is
 * every batch of a list over several values, scopes or dialects, and a task that moves among these
 * is in it; later batches of a list in slices wait 2 ms for it. A list that is scanned (struct
 * list_query) reads its rows one after the other; its total is of the rows read.
 */
bool store_list_next(struct result *result, struct task *row, bool *end, struct err *err);

/*
 * For a list in slices: whether store_list_next() returns without reading. If not,
 * store_list_read() reads one batch, which takes about 1 ms. After until_us (monotonic) it does not
 * repeat a try to read one moment, but returns without a row: call it again.
 */
bool store_list_is_ready(const struct result *result);
bool store_list_read(struct result *result, int64_t until_us, struct err *err);

/* Frees the rows that were read ahead. store_list_next() reads them again. */
void store_list_release(struct result *result);

/*
 * Reads the next item of a batch that has ended: *end, or what became of it, which borrows from the
 * result until the next call. Counts result.rows_returned.
 */
bool store_batch_next(struct result *result, struct batch_item *item, bool *end, struct err *err);

/*
 * Makes all previous commits durable. Fails with ERR_UNKNOWN_OUTCOME (no space) or ERR_PANIC. With
 * rounds of a shared engine: those since the last call; ERR_BUSY if none of them was made, so that
 * their operations may be carried out again, ERR_UNKNOWN_OUTCOME if that is not known.
 */
bool store_flush(struct store *store, struct err *err);
/* Whether every commit of any process up to now is durable. */
bool store_is_flushed(const struct store *store);
/*
 * The same for the commits that show in what was read for this tenant; those of other tenants do
 * not count. An empty tenant: for users and credentials.
 */
bool store_is_flushed_for(const struct store *store, struct str tenant);
/*
 * With rounds of a shared engine: whether the server has a transaction of this process. Flush it
 * soon, whether a response waits for it or not: all other hosts wait for the tenants it has locked.
 */
bool store_has_unflushed(const struct store *store);
/*
 * After ERR_BUSY: the operation needs a tenant that another process has locked, and this round has
 * locked others. Nothing was done: run it in the next round.
 */
bool store_is_deferred(const struct store *store);
/* Without other processes: before a recovery. */
void store_reset_commits(struct store_shared *shared);

/* ERR_DISK_FULL while the disk is nearly full: nothing new is created. */
bool store_may_write(const struct store *store, struct err *err);

/* ---- maintenance: the keeper and the operator ---- */

/*
 * Longest slice of a chore, in ms. A chore with more work than that ends after it, says that more
 * waits, and is run again after a pause.
 */
#define STORE_SLICE_MS 20

struct store_chore {
	const char *name; /* for messages */
	int64_t interval_ms;
	unsigned duty_percent; /* of the keeper's time while more work waits; 0: its default */
};
/* Chore `number`, from 0; false past the last. */
bool store_chore(const struct store *store, size_t number, struct store_chore *chore);
/*
 * Runs a chore once, for one slice. low_space: the disk is nearly full. *more: work is left, run it
 * again soon. Only the keeper runs chores.
 */
bool store_run_chore(
	struct store *store, size_t number, bool low_space, bool *more, struct err *err);

/*
 * Writes a checkpoint, so that the next recovery is short, and with trim archives and removes the
 * logs that it does not need: *removed (or NULL) files. Waits for another process that does this.
 * ERR_INTERNAL if the logs cannot be archived: they are kept, and the next call tries again.
 */
bool store_checkpoint(struct store *store, bool trim, unsigned *removed, struct err *err);
/*
 * Removes Idempotency-Keys STORE_IDEMPOTENCY_HOURS after they expired at the latest, for one slice;
 * *more: some are left. now: ms.
 */
bool store_expire_idempotency(
	struct store *store, int64_t now, uint64_t *expired, bool *more, struct err *err);

/*
 * Whether tasks, keys and credentials may be removed by their age: false for a day after the clock
 * was set forward, so that a wrong clock can be corrected before anything is lost. A clock that was
 * wrong at the start of the process is not detected. Each call notes the clock and logs if it was
 * set forward.
 */
bool store_clock_is_steady(struct store *store);
/*
 * Removes finished tasks by store_options.retention, current and archived ones, for one slice.
 * *more: the pass over all tasks has not ended. A task that others refer to (index_field.refers_to)
 * is kept until these are removed too. now: ms.
 */
bool store_remove_finished(struct store *store, int64_t now, bool *more, struct err *err);

/* Takes what a repair did, or in a dry run would do; a function that returns false ends it. */
struct store_repair_sink {
	bool (*page)(const char *table, uint32_t page, const char *text, void *data);
	bool (*lost)(const char *tenant, const char *id, void *data); /* a task */
	void *data;
};

struct store_repair_report {
	unsigned pages;	    /* damaged ones, without those of the index */
	unsigned failed;    /* of these, that cannot be repaired */
	uint64_t tasks;	    /* lost and named; dry: that cannot be read */
	bool names_unknown; /* of some tasks: the index, which has them, is not complete */
	bool index_damaged; /* or incomplete: store_reindex() replaces it */
	bool unfinished;    /* an earlier repair was interrupted and was or must be completed */
	bool log_cut;	    /* by the open: changes behind the damage of a log are lost */
	/* Not dry: pages were replaced; a backup of before can be restored only until then. */
	bool replaced;
	/*
	 * Tenants whose usage was wrong; those whose tasks changed meanwhile, which were not
	 * compared.
	 */
	uint64_t wrong_counts, changed_counts;
	unsigned tables; /* that have lost rows: bits 1 << number, store_repair_table() */
};

/*
 * Verifies all pages and makes the damaged ones of hash tables usable again: from a copy if the
 * engine has one, else without the rows that they had. Removes what the index and other tables say
 * about lost tasks, and names each. Others may use the store meanwhile. Interrupted, it goes on
 * when it is called again. dry: changes nothing.
 */
bool store_repair(struct store *store, bool dry, const struct store_repair_sink *sink,
	struct store_repair_report *report, struct err *err);
/* The name of table `number`, from 0; NULL past the last. */
const char *store_repair_table(unsigned number);
/*
 * The index is derived from the tasks. It is built again when it is missing, damaged, incomplete or
 * made by other tables: by STORE_RECOVER, or in slices by a chore, also after a restart, while
 * tasks are read by id and written. Until it is complete and verified, operations that need it fail
 * with ERR_REBUILDING and retry_after: lists, look-ups of a number, operations that concern
 * dependents, and creations under a daily quota.
 */
bool store_index_is_complete(const struct store *store);
/*
 * Replaces the index by a new one. Alone (after STORE_RECOVER, with no other process attached) it
 * is built when the call returns; show, or NULL, gets the progress about once a second. Attached:
 * the keeper ends with ERR_PANIC soon, the recovery replaces the index, and the next keeper builds
 * it.
 */
bool store_reindex(struct store *store, void (*show)(unsigned percent, void *data), void *data,
	struct err *err);
/* ERR_CONFLICT with the command to run if the store in home was made by an older build. */
bool store_check_home(const char *home, struct err *err);
/*
 * Rewrites a store of an older build; opened alone with options.migrate. *tasks: how many were
 * rewritten, 0 if there was nothing to do. progress: or NULL. An interrupted migration is started
 * again by the next call; the old data are removed when all new data are on disk.
 */
bool store_migrate(struct store *store, const struct store_progress *progress, uint64_t *tasks,
	struct err *err);
