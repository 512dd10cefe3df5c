#pragma once
/*
 * Operations and their results, common to all dialects. A dialect's decoder fills a struct op from
 * a request, store_apply executes it in one transaction (OP_ACCESS: auth_apply), and the dialect's
 * encoder writes the response from the struct result. An op borrows from its request and must not
 * outlive it.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/tz.h"
#include "task/access.h"
#include "task/batch.h"
#include "task/bulk.h"
#include "task/feed.h"
#include "task/health.h"
#include "task/list_query.h"
#include "task/right.h"
#include "task/stats.h"
#include "task/usage.h"
#include "task/webhook.h"
#include "task/work.h"
#include "task/workers.h"

enum op_kind {
	OP_NONE = 0, /* nothing to do in the store: the response follows from the request */
	OP_READ,     /* one task */
	OP_LIST,     /* the tasks that match op.list */
	OP_CREATE,   /* ERR_CONFLICT if the id exists */
	OP_BATCH,    /* many OP_CREATEs: op.batch */
	OP_UPSERT,   /* create, change or reopen: see below */
	OP_UPDATE,   /* sets what op.change names */
	OP_REMOVE,   /* deletes the record permanently */
	OP_ARCHIVE,  /* removes the task from current lists; it remains readable by id */
	OP_CLAIM,    /* gives ready tasks to a worker: op.claim */
	OP_HISTORY,  /* the task's entries in the journal: op.history */
	OP_STATS,    /* counts of tasks by dialect and kind: op.stats */
	OP_SERIES,   /* counts of created and ended tasks, by time: op.series */
	OP_WORKERS,  /* the workers of the tenant: op.workers */
	OP_DRAIN,    /* a worker gets no more tasks, or gets tasks again: op.drain */
	OP_RETRY,    /* failed tasks begin again: op.retry */
	OP_BULK,     /* one action on many tasks: op.bulk, op.list, op.change */
	OP_FEED,     /* the events of the tenant: op.feed */
	OP_USAGE,    /* what the tenant uses of its quota */
	OP_HEALTH,   /* what an operator should look at */
	OP_WEBHOOK,  /* webhooks of the tenant and their deliveries: op.webhook */
	OP_ACCESS,   /* users of the tenant and their credentials: op.access */
	OP_KINDS
};

/*
 * OP_UPSERT creates the task op.new_id from op.change if it does not exist. A succeeded task stays
 * as it is. A failed, cancelled or archived one is reopened: it becomes current again, gets the
 * change and loses its error and progress. Any other task gets the change without its state.
 * Nothing is written if the task stays the same.
 */

/* Members of struct change to set, besides state, status and fields. */
enum change_member {
	CHANGE_PRIORITY = 1,
	CHANGE_NOT_BEFORE = 2,
	CHANGE_MAX_ATTEMPTS = 4,
	CHANGE_ARCHIVED = 8,
	CHANGE_ERROR = 16,
	CHANGE_PROGRESS = 32,
	CHANGE_KIND = 64,
	CHANGE_RESULT = 128,
	CHANGE_POLICY = 256,
};

/*
 * Members that CREATE, UPSERT and UPDATE set. A zero state, status or count leaves them unchanged.
 */
struct change {
	enum task_state state;
	struct str status;
	struct field fields[TASK_FIELDS_MAX]; /* an empty json removes the member */
	size_t field_count;
	unsigned set; /* enum change_member */
	int32_t priority;
	struct optional_time not_before;
	uint32_t max_attempts;
	bool archived;
	struct str error, progress, result, policy; /* JSON text; empty: none */
	struct str kind;
};

/* ---- operations ---- */

#define OP_IF_MATCH_MAX	       32
#define OP_IDEMPOTENCY_KEY_MAX 255
#define OP_FINGERPRINT_SIZE    32
#define OP_HISTORY_MAX	       1000
#define OP_HISTORY_BYTES       ((size_t)1024 * 1024) /* a page ends with the entry that has them */

/* Most tasks of a listing of dependents: 16 bytes of memory each. */
#define OP_DEPENDENTS_LISTED_MAX 100000

/*
 * REMOVE, ARCHIVE: the tasks that depend on the task, directly or through others. A task depends on
 * another if its `field` has the value of the other's `key_member` (NULL: the id as a JSON string).
 * With cascade they are removed or archived before the task that they refer to, in several
 * transactions if they are many. Otherwise, if there are any, nothing is changed and result.listing
 * lists them. More than 100,000 levels of dependents are ERR_TOO_DEEP.
 */
struct op_dependents {
	uint8_t field;		/* index_field.code; 0: no dependents */
	const char *key_member; /* NULL: the id */
	struct str value;	/* key of the task itself, JSON text */
	bool cascade;
};

/*
 * Limit of tasks per tenant and dialect created from (inclusive) to (exclusive), in ms. Current and
 * archived tasks count, removed ones do not. Concurrent operations cannot exceed it, because they
 * assign numbers one after the other.
 */
struct op_quota {
	uint64_t max_tasks; /* 0: no quota */
	int64_t from, to;
};

#define OP_RETRY_MAX 1000
/*
 * RETRY: applies REPORT_RETRY to the current failed tasks that match, dialect by dialect in the
 * order of creation, each in a transaction of its own. A task that before_write or follow refuses
 * does not stop the others.
 */
struct op_retry {
	const uint8_t *dialects; /* codes */
	size_t dialect_count;	 /* 0: all */
	const struct str *kinds; /* an empty one: tasks without a kind */
	size_t kind_count;	 /* 0: all */
	unsigned failures;	 /* bits: 1 << enum task_failure; 0: all */
	struct list_time_range finished;
	struct str after; /* a result's next_cursor; empty: from the start */
	unsigned max;	  /* tasks that begin again or are refused, 1 to OP_RETRY_MAX */
};

struct op {
	enum op_kind kind;
	/* Code of a dialect or of a resource, 0: any dialect. Other tasks are not found. */
	uint8_t dialect;

	/* Set before the decoder is called, from the request and its principal. */
	struct arena *arena;
	struct str tenant, actor;
	struct str request;  /* id of the request, for the journal */
	struct trace trace;  /* of the task that it creates */
	int64_t now;	     /* ms */
	const struct tz *tz; /* of times that a dialect stores as text; NULL: UTC */
	struct id new_id;    /* of the task to create; a decoder may replace it */
	enum right right;    /* that the principal needs besides the route's; RIGHT_NONE: none */
	bool leave_end; /* UPDATE may change the state of a task that has ended: op_check_end() */

	struct id id; /* READ, UPDATE, REMOVE, ARCHIVE: the task */
	/*
	 * READ, UPDATE: whether the protocol has the task; one that it does not have is not found,
	 * whatever is wrong with the request. NULL: it has all. Pure.
	 */
	bool (*shows)(const struct task *task);
	uint64_t number; /* the same by its number; 0: by id */
	/* READ: the task may be as it was at any moment since store_prefetch(). */
	bool is_prefetched;
	bool assign_number;    /* CREATE: assign the next number of the tenant and dialect */
	struct op_quota quota; /* CREATE with assign_number: ERR_QUOTA if exceeded */
	/*
	 * CREATE, UPSERT: new_id is derived from a name that the client chose. A removed task may
	 * have had that name, so the first revision is the time in ms and not 1, or higher if a
	 * removed task had a higher one: no entity tag of the old task matches the new one.
	 */
	bool client_named;

	/*
	 * Preconditions (RFC 9110 §13): a task that exists but does not meet them, and with
	 * must_exist or if_match one that UPSERT does not find, is ERR_PRECONDITION.
	 */
	uint64_t if_match[OP_IF_MATCH_MAX]; /* revisions, one of which it must have */
	size_t if_match_count;
	uint64_t if_none_match[OP_IF_MATCH_MAX]; /* revisions that it must not have; not READ */
	size_t if_none_match_count;
	bool must_exist;		       /* If-Match: * */
	bool must_not_exist;		       /* If-None-Match: *; not READ */
	struct optional_time unmodified_since; /* compared by whole seconds */
	/*
	 * Idempotency-Key: returns the task that was created with the same key, or ERR_KEY_REUSED
	 * if the fingerprint of that request differs. Kept for STORE_IDEMPOTENCY_HOURS. BATCH: the
	 * same for each item; an item that was not created is tried again.
	 */
	struct str idempotency_key;
	uint8_t idempotency_fingerprint[OP_FINGERPRINT_SIZE];

	struct change change;
	/*
	 * UPDATE: why the request is invalid, for a dialect that looks the task up first: the error
	 * of the operation if the task exists and meets the preconditions. In arena; NULL: valid.
	 */
	const struct err *invalid;
	/*
	 * Called in the transaction with the changed task, before it is written. May complete the
	 * task, with texts of op->arena or constants, or refuse it. task->updated is the time of
	 * the change. before is NULL for a new task. Pure; may be called several times.
	 */
	bool (*before_write)(
		const struct op *op, const struct task *before, struct task *task, struct err *err);
	const void *hook_data; /* for before_write; in arena */
	/*
	 * CREATE, UPDATE, REMOVE: called in the transaction after the write; before is NULL for a
	 * new task, after for a removed one. May fill in next, an UPDATE or REMOVE of another
	 * record that is carried out as well if that record exists. The storage quota applies to
	 * the growth of both together. Texts in op->arena. Pure.
	 */
	bool (*follow)(const struct op *op, const struct task *before, const struct task *after,
		struct op *next, struct err *err);
	struct op_dependents dependents;
	struct list_query list;
	const struct op_batch *batch; /* BATCH */
	/* BATCH: quota.max_tasks of an item, by the code of its dialect; NULL: none. */
	const uint64_t *item_quotas;
	const struct op_bulk *bulk; /* BULK */
	struct op_retry retry;
	struct {
		uint64_t before; /* a result's history_next: the entries that follow; 0: all */
		unsigned limit;	 /* most entries, 1 to OP_HISTORY_MAX */
		/*
		 * Of each attempt, log of the newest entries, until it has more bytes than this;
		 * 0: log of all entries.
		 */
		size_t attempt_log;
	} history;
	const struct op_feed *feed;	  /* FEED */
	const struct op_stats *stats;	  /* STATS */
	const struct op_series *series;	  /* SERIES */
	const struct op_workers *workers; /* WORKERS */
	const struct op_drain *drain;	  /* DRAIN */
	const struct op_webhook *webhook; /* WEBHOOK */
	const struct op_access *access;	  /* ACCESS */
	/*
	 * LIST, STATS, SERIES, WORKERS, BULK, ACCESS: return after so many steps, or LIST_SLICE_US, with
	 * result.unfinished if more are needed; RETRY, BATCH: the same, with each task as a step, but
	 * an atomic batch at once; REMOVE, ARCHIVE with dependents: end the transaction after so
	 * many steps. 0: carry the operation out at once. FEED: the answer ends after that part of
	 * LIST_SLICE_US.
	 */
	unsigned slice_steps;
	struct op *companion; /* CREATE, UPDATE, REMOVE: a CREATE in the same transaction */
	/* Of a companion: completes its task from the other task as written or removed. Pure. */
	bool (*complete)(
		const struct op *op, const struct task *other, struct task *task, struct err *err);
	bool by_bulk;	   /* UPDATE: of the task of a bulk, by the service itself */
	bool only_changes; /* UPDATE: without a change nothing is written and no companion created */

	/*
	 * UPDATE: a worker's report, which decides about the state. It is applied before op.change,
	 * which has neither state nor status.
	 */
	struct op_report report;
	/*
	 * CLAIM; and UPDATE with a report: tasks to claim in the same transaction. claim_change,
	 * before_write and follow apply to each of them, after its state was set.
	 */
	const struct op_claim *claim;
	const struct change *claim_change;
	/*
	 * Of a claim: after this time (monotonic, us) it takes no further task than the first; 0:
	 * as many as it may.
	 */
	int64_t claim_until_us;
	/* How long to wait, in ms: a CLAIM for a task, others as check_wait says. 0: not at all. */
	int64_t wait_ms;
	/* Claims with the same number ask for the same tasks: a task is for one of them. */
	uint64_t wait_group;
	/*
	 * READ, and UPDATE of a task by its id, with wait_ms: the request waits until the task is
	 * as this says. Called with the task after the operation, and again, as it is then, whenever
	 * it has changed. *most_ms is wait_ms; after the operation it may be set to a shorter wait, and
	 * at any time to 0: the response, which shows this task, is made now. An error is the
	 * response. Pure.
	 */
	bool (*check_wait)(
		const struct op *op, const struct task *task, int64_t *most_ms, struct err *err);
};

struct claimed {
	struct task task;  /* borrows from result.claimed_records */
	size_t start, end; /* of its record in them */
};

struct listing;
struct cascade;
struct stats_reading;
struct series_reading;
struct workers_reading;
struct retry_run;
struct batch_run;
struct bulk_run;

/*
 * Result of an operation. After LIST, and if has_dependents, `listing` is open (store.h reads it);
 * after the others, `task` is the task as it is now, or was before REMOVE. Zero-initialise; free
 * with store_result_free.
 */
struct result {
	enum op_kind kind;
	struct task task;
	struct task companion;	     /* created by op.companion */
	struct buf record;	     /* task borrows from it */
	struct buf companion_record; /* companion borrows from it */
	bool written;		     /* committed: hold the response until the log is on disk */
	bool created;		     /* UPSERT: the task did not exist */
	bool has_dependents;	     /* REMOVE, ARCHIVE: nothing was done, listing has the reason */
	bool unfinished;	     /* store_go_on() has to be called first */
	bool more_dependents;	     /* has_dependents: than OP_DEPENDENTS_LISTED_MAX */
	bool total_known;	     /* LIST: total is valid */
	bool consistent;	     /* LIST: total and first rows are of the same moment */
	uint64_t total;		     /* LIST with want_total */
	uint64_t offset;	     /* LIST: of the first row, after clamping */
	uint64_t steps;		     /* rows read, ranges counted and tasks removed up to now */
	uint64_t rows_returned;
	struct str next_cursor; /* LIST, after the last row, and RETRY: of what follows, or empty */
	struct listing *listing;
	struct cascade *cascade;     /* of the store: REMOVE, ARCHIVE with op.dependents */
	struct retry_run *retry;     /* of the store: RETRY */
	struct batch_answer *batch;  /* BATCH; store_batch_next() reads the items */
	struct batch_run *batch_run; /* of the store: BATCH */
	unsigned retried, refused; /* RETRY: tasks that begin again, or whose dialect refuses it */
	bool more;		   /* RETRY: there may be more that match */
	struct bulk_answer *bulk;  /* BULK; unless of a dry run, `task` is the new task */
	struct bulk_run *bulk_run; /* of the store: BULK */
	struct claimed *claimed;   /* tasks that op.claim was given */
	size_t claimed_count;
	struct buf claimed_records;
	struct journal_entry *history; /* HISTORY: the newest first; borrow from history_records */
	size_t history_count;
	struct buf history_records;
	uint64_t history_next;		 /* op.history.before of the entries that follow; 0: none */
	bool history_cut;		 /* the journal does not have the older entries */
	struct feed_answer *feed;	 /* FEED */
	struct webhook_answer *webhooks; /* WEBHOOK; task.revision is that of the one shown */
	struct stats_answer *stats;	 /* STATS */
	struct stats_reading *stats_reading;	 /* of the store */
	struct series_answer *series;		 /* SERIES */
	struct series_reading *series_reading;	 /* of the store */
	struct workers_answer *workers;		 /* WORKERS */
	struct workers_reading *workers_reading; /* of the store */
	struct task_usage usage;		 /* USAGE */
	struct health_answer *health;		 /* HEALTH */
	struct access_answer *access;		 /* ACCESS */
	/* CLAIM, report, DRAIN: the worker gets no tasks. A claim then has none, and is no `nothing`. */
	bool drain;
	bool nothing; /* CLAIM: no task is ready; report: there was nothing to do */
};

/*
 * Refuses (ERR_CONFLICT, field "state") to move a task out of its end, so that a late report of a
 * worker does not undo a cancellation. Allowed are a retry, from failed to pending, and operations
 * with leave_end. before may be NULL.
 */
bool op_check_end(
	const struct op *op, const struct task *before, const struct task *task, struct err *err);

/* Adds or replaces a field; false if there would be more than TASK_FIELDS_MAX. */
bool change_set_field(struct change *change, struct str name, struct str json);
/* The JSON text of a field, empty if the change removes it; STR_NULL if it does not name it. */
struct str change_field(const struct change *change, struct str name);
