#pragma once
/*
 * Work: tasks are claimed by workers, who report on them (HACKING, "Claims and leases"). These are
 * the rules for one task; the store applies them within a transaction. Pure. Times in ms.
 *
 *	pending --claim--> running --complete--> succeeded
 *	running --fail, lease expires--> pending (with a delay), or failed after the last attempt
 *	running --release, claim undone--> pending, the attempt does not count
 *
 * A claim holds a lease with a token that no other claim has. A report with another token is
 * refused, so at most one result of a task is accepted, however many workers carry it out.
 */
#include "base/arena.h"
#include "base/err.h"
#include "task/timeout.h"

#define CLAIM_TASKS_MAX	   100
#define CLAIM_DIALECTS_MAX 32
#define CLAIM_KINDS_MAX	   64
#define CLAIM_TOPICS_MAX   64
#define REPORT_LOG_MAX	   ((size_t)16 * 1024) /* bytes of op_report.log */

/* Tasks of one dialect, with a length of their leases. */
struct claim_topic {
	uint8_t dialect;
	struct str kind; /* ptr NULL: all kinds; empty: tasks without a kind */
	uint32_t lease_ms;
};

/* Which tasks a worker claims, and for how long. Texts are borrowed. */
struct op_claim {
	struct str worker;	 /* its name; with a report, empty: as before */
	const uint8_t *dialects; /* codes */
	size_t dialect_count;	 /* 0: all */
	const struct str *kinds; /* an empty one: tasks without a kind */
	size_t kind_count;	 /* 0: all */
	/*
	 * In place of dialects, kinds and lease_ms; topic_count 0: these count. A task that matches
	 * several gets the lease of the first one.
	 */
	const struct claim_topic *topics;
	size_t topic_count;
	/* With a report: dialect and kind are those of the reported task. */
	bool as_before;
	/*
	 * With op.wait_ms: the wait goes on while the worker is drained, because its client would
	 * not know, and ask again at once.
	 */
	bool waits_if_drained;
	bool matches_none; /* no task is asked for: the claim finds nothing */
	unsigned max;	   /* tasks, 1 to CLAIM_TASKS_MAX */
	uint32_t lease_ms; /* by which a heartbeat extends the lease; with a report, 0: as before */
	/*
	 * Lease until the first heartbeat, in ms. 0: lease_ms; its expiry is then a failed attempt
	 * even without a heartbeat, if it is a second or longer (lease.expiry_fails).
	 */
	uint32_t confirm_ms;
};

enum report_kind {
	REPORT_NONE = 0,
	REPORT_HEARTBEAT, /* extends the lease */
	REPORT_COMPLETE,  /* the task has succeeded */
	REPORT_FAIL,	  /* the attempt has failed */
	REPORT_RELEASE,	  /* the worker gives the task back */
	REPORT_UNDO,	  /* the response to the claim did not reach the worker */
	REPORT_DUE,	  /* by the service: task_due() has passed */
	REPORT_RETRY,	  /* by a client: a failed or cancelled task begins again */
	/*
	 * By a worker: claims this task, also during the delay of a failure, but not before
	 * not_before, and not if it is drained; or extends its own lease from now on.
	 */
	REPORT_LOCK,
	REPORT_RETRIES, /* by a client: sets the attempts that are left; a failed task begins again */
};

struct op_report {
	enum report_kind kind;
	uint64_t token; /* of the lease; not REPORT_DUE, REPORT_RETRY and those after it */
	/*
	 * In place of the token, for workers that know none: the name of the worker. It reports on
	 * the task that it was the last to claim: COMPLETE and FAIL count also after the end of its
	 * lease or a FAIL, until the next claim; HEARTBEAT and RELEASE do not. Not empty for LOCK.
	 */
	struct str holder;
	/*
	 * RELEASE without a check of the holder. A pending task forgets its last worker and its
	 * delay, and an attempt that failed only by the expiry of its lease no longer counts. A
	 * failed task remains as it is.
	 */
	bool any_holder;
	uint32_t lease_ms; /* HEARTBEAT, LOCK: new length; HEARTBEAT, 0: as before */
	uint32_t least_ms; /* HEARTBEAT: the lease ends after this time at the earliest */
	bool is_final;	   /* FAIL: no further attempt */
	/*
	 * FAIL with sets_retries, and RETRIES: attempts that may follow (task.attempts_end). More
	 * than the task's max_attempts or its policy allow are not made.
	 */
	bool sets_retries;
	uint32_t retries;
	struct optional_time
		delay;	/* FAIL, RELEASE: before the next attempt; absent: the policy's */
	struct str log; /* JSON array of strings, for the journal; empty: none */
};

/* Whether a worker sent the report: report->holder, or else the holder of the task's lease. */
bool report_is_by_worker(const struct op_report *report);

/* After so many claims in a row that no worker has confirmed, the attempt counts as failed. */
#define UNCONFIRMED_MAX 20

/*
 * Gives a ready task to a worker: a new attempt and lease. The caller sets the status. now: by the
 * clock; if it was set back, the task's own times are later. random: any number, so that no two
 * tasks have the same token.
 */
void work_claim(const struct op_claim *claim, struct task *task, int64_t now, uint64_t random);
/* What a report is applied with, beside the task. */
struct work_context {
	const struct policy *policy; /* sets every member */
	int64_t now;
	uint64_t random;
	struct arena *arena; /* for the text of an error */
};

/*
 * Applies a report: state, attempt, lease, ready_after, failure and, if the time of a lease or a
 * timeout has come, error.
 * *nothing: the task remains as it is, for example because it is no longer due, because a heartbeat
 * finds it cancelled, or because a COMPLETE or FAIL with this token has ended it before.
 * ERR_LEASE_LOST; ERR_CONFLICT for REPORT_RETRY of a task that has neither failed nor been
 * cancelled; ERR_NO_MEMORY. With holder or any_holder, and LOCK: ERR_NOT_FOUND for a task that has
 * ended, ERR_CONFLICT (field "state") for one that has failed, and ERR_LEASE_LOST with a text such
 * as "It is locked by worker 'B'.".
 */
bool work_report(const struct op_report *report, const struct work_context *context,
	struct task *task, bool *nothing, struct err *err);
/*
 * Whether the token of the report is that of the task's lease, as it is for the worker: the task is
 * running, or a client has cancelled it. ERR_LEASE_LOST.
 */
bool work_check_lease(const struct op_report *report, const struct task *task, struct err *err);
/*
 * After a change that is no report: another state ends the lease, and ready_after follows
 * not_before. old is NULL for a new task. A cancelled task keeps the token, so that the heartbeat
 * of its worker is answered with it.
 */
void work_settle(const struct task *old, struct task *task, bool sets_not_before, int64_t now);
/*
 * After every change, last: why the task failed, the attempts that count no longer after it has
 * left a final state, and its timeouts. sets_policy: its own policy was changed.
 */
void work_finish(const struct task *old, struct task *task, const struct policy *policy,
	bool sets_policy, int64_t now);
