#pragma once
/*
 * The model of a task, common to all dialects. A struct task borrows all its texts: from the record
 * it was read from (struct result, struct listing) or from the request that creates it. It is never
 * freed.
 */
#include "base/buf.h"
#include "base/id.h"
#include "base/optional_time.h"
#include "base/str.h"
#include "task/trace.h"

#define TASK_FIELDS_MAX	    64
#define TASK_FIELD_NAME_MAX 64	 /* bytes */
#define TASK_TEXT_MAX	    4096 /* bytes of the JSON text of error and of progress */
#define TASK_RESULT_MAX	    ((size_t)64 * 1024) /* bytes of the JSON text of result */
#define TASK_KIND_MAX	    64			/* bytes */
#define TASK_WORKER_MAX	    100			/* bytes of a worker's name: a host's and a UUID */
#define TASK_USER_MAX	    64			/* bytes of created_by and updated_by */
#define TASK_RECORD_MAX	    ((size_t)1024 * 1024) /* bytes, as it is stored */
/* JSON numbers are exact up to here (RFC 8259, section 6). */
#define TASK_NUMBER_MAX ((UINT64_C(1) << 53) - 1)
/*
 * The highest number that an operator can set for the next task, and the highest that an import
 * accepts: numbers never go back, so each leaves room for those that follow.
 */
#define TASK_NUMBER_SET_MAX    UINT64_C(8000000000000000)
#define TASK_NUMBER_IMPORT_MAX UINT64_C(9000000000000000)
/* The highest revision that an import accepts. Those of named tasks are times in ms, below 2^48. */
#define TASK_REVISION_IMPORT_MAX (UINT64_C(1) << 52)

/* Canonical states. The numbers are in records on disk: never change one. */
enum task_state {
	TASK_STATE_NONE = 0,
	TASK_PENDING = 1,
	TASK_RUNNING = 2,
	TASK_SUCCEEDED = 3,
	TASK_FAILED = 4,
	TASK_CANCELLED = 5,
	TASK_STATES
};

/* Why a task failed. The numbers are in records on disk: never change one. */
enum task_failure {
	FAILURE_NONE = 0, /* it has not failed, or an earlier build has not noted why */
	FAILURE_ATTEMPTS_EXHAUSTED = 1,
	FAILURE_NOT_RETRYABLE = 2, /* by the report of a worker */
	FAILURE_START_TIMEOUT = 3,
	FAILURE_TOTAL_TIMEOUT = 4,
	FAILURE_REPORTED = 5, /* a client or a back end has set the state */
	TASK_FAILURES
};

/*
 * A member of the dialect's own. The value is kept as the JSON text that will be sent, so that
 * reading a task copies bytes.
 */
struct field {
	struct str name;
	struct str json;
};

/*
 * The right of a worker to report on the task (task/work.h). Each claim has a new token, which is
 * valid until the next claim, a release, a failure, or another request that changes the state. A
 * task that was ended by a report keeps holder, token and length of its last lease, by which the
 * same report is recognised if it is repeated. A pending task whose attempt has failed keeps the
 * holder alone, which may still end the task under its name (op_report.holder). Only the lease of a
 * running task with a token is one to act on.
 */
struct lease {
	struct str holder; /* name of the worker */
	uint64_t token;	   /* 0: none */
	struct optional_time expires;
	uint32_t length_ms; /* by which a heartbeat extends it */
	/* Claims in a row, with this one, that no worker has confirmed by a report; 0: this one is. */
	uint32_t unconfirmed;
	/*
	 * 1: the expiry of this lease is a failed attempt even if it is unconfirmed, because its
	 * worker sends no heartbeats, and costs no retries (attempts_end). 0: the expiry of an
	 * unconfirmed lease undoes the claim. A pending task with 1 and unconfirmed > 0: its last
	 * lease expired so.
	 */
	uint32_t expiry_fails;
};

struct task {
	/* identity and place */
	struct id id;
	uint64_t number; /* per tenant and dialect, for dialects whose ids are integers; else 0 */
	struct str tenant;
	uint8_t dialect; /* enum dialect_code (dialect/dialect.h) */
	bool archived;

	/* state */
	enum task_state state;
	struct str status; /* in the dialect's own words, as the client wrote it */

	int64_t created, updated; /* ms since 1970 */
	struct optional_time started, finished;
	uint64_t revision; /* grows with each write; the ETag */
	uint64_t journal;  /* number of its last entry in the store's journal; 0: none */

	/* who */
	struct str created_by, updated_by;
	struct trace trace; /* of the request that created it */

	/* work */
	struct str kind; /* what workers specialise in; of native tasks, see task_kind_function */
	int32_t priority;
	struct optional_time not_before;
	/*
	 * Of a pending task: it is not given to workers before, because of not_before or because an
	 * attempt has failed. Cleared when the time has come.
	 */
	struct optional_time ready_after;
	uint32_t attempt, max_attempts;
	struct lease lease;
	struct str error;    /* JSON text or empty */
	struct str progress; /* JSON text or empty */
	struct str result;   /* JSON text or empty: of the attempt that succeeded */
	struct str policy;   /* its own: policy_put_json(); empty: none */
	/* Timeouts (task/timeout.h); start_ms is the length of the period that ends at start_by. */
	struct optional_time start_by, attempt_by, end_by;
	uint64_t start_ms;
	struct optional_time retried; /* when it last left a final state */
	uint32_t attempts_before;     /* attempts that no longer count: until then */
	/*
	 * Attempts from this number on are not made, because a worker or client has set how many are
	 * left; 0: not set. Ends when the task leaves a final state.
	 */
	uint32_t attempts_end;
	enum task_failure failure;
	uint32_t is_bulk; /* 1: the service carries it out (task/bulk.h) */

	/* the dialect's members, in the order of the request */
	struct field fields[TASK_FIELDS_MAX];
	size_t field_count;
};

/*
 * The kind of a task, at most TASK_KIND_MAX bytes; empty: none. Each dialect has such a function,
 * which reads the kind from the task's members (struct dialect.kind). Pure; the text is a part of
 * the task, a constant, or in scratch.
 */
typedef struct str task_kind_function(const struct task *task, char scratch[TASK_KIND_MAX]);
/* For dialects whose clients set it: the member `kind`. */
task_kind_function task_own_kind;

/*
 * Whether workers may claim the task now. not_before and delays count only by ready_after, which
 * the store clears in time: so this is a property of the record alone, and can be indexed.
 */
bool task_is_ready(const struct task *task);
/*
 * When the store has to change the task by itself: a delay, a lease or a timeout ends. Not set:
 * never.
 */
struct optional_time task_due(const struct task *task);
/* Whether the service carries it out now. */
bool task_is_running_bulk(const struct task *task);
/* Whether a worker has the task now: it is running with a lease. */
bool task_is_held(const struct task *task);
/* Whether task_due() is the end of a lease. */
bool task_lease_is_due(const struct task *task);

const char *task_state_name(enum task_state state);
/* The text of the API; NULL for FAILURE_NONE. */
const char *task_failure_name(enum task_failure failure);
/* FAILURE_NONE for an unknown name. */
enum task_failure task_failure_parse(struct str name);
/* TASK_STATE_NONE for an unknown name. */
enum task_state task_state_parse(struct str name);
/*
 * Sets *retries to the attempts that are left, including a running one; 0 for a failed task.
 * Returns false if neither max_attempts nor attempts_end limits them. The policy does not count.
 */
bool task_retries(const struct task *task, uint32_t *retries);
/* Succeeded, failed or cancelled. */
bool task_state_is_final(enum task_state state);

/* The index of the field of this name, or count. */
size_t field_index(const struct field *fields, size_t count, struct str name);
/* The JSON text of a field; STR_NULL if the task does not have it. */
struct str task_field(const struct task *task, struct str name);
/*
 * Sets, replaces or, with empty json, removes. False if there would be more than TASK_FIELDS_MAX.
 */
bool task_set_field(struct task *task, struct field field);
/* Writes the fields as one JSON object, in their order. */
void task_put_fields(const struct task *task, struct buf *out);
/*
 * Changes the state: `started` is set when the task first runs, `finished` when it becomes final,
 * and cleared when it leaves a final state. Any state may follow any: op_check_end() restricts it.
 */
void task_set_state(struct task *task, enum task_state state, int64_t now_ms);
/*
 * The time of a change: now, or the latest time that the task has if the clock was set back since.
 * So the times of a task never decrease: created <= started <= finished <= updated.
 */
int64_t task_change_time(const struct task *task, int64_t now_ms);
