#pragma once
/* Shared by the tests of task/work.h: a task in each situation that a report may meet. */
#include "lib/check.h"
#include "task/work.h"

#define NOW	INT64_C(1700000000000)
#define TOKEN	UINT64_C(0x0000000700001234)
#define OTHER	UINT64_C(0x0000000800001234)
#define ATTEMPT 3
#define LEASE	60000
#define MINUTE	60000

enum situation {
	WAITING,     /* never claimed */
	UNCONFIRMED, /* claimed, no heartbeat yet */
	CONFIRMED,   /* claimed, with a heartbeat */
	EXPIRED,     /* pending again, because w1 stopped reporting */
	UNDONE,	     /* pending again, because nobody has confirmed the claim */
	AGAIN,	     /* claimed again, by another worker */
	TAKEN,	     /* running by a PATCH, without a lease */
	CANCELLED,   /* by a client, during the lease */
	SUCCEEDED,
	FAILED,
	COMPLETED, /* by a report with TOKEN */
	GIVEN_UP,  /* by a FAIL with TOKEN */
	SITUATIONS
};

/* At attempt ATTEMPT, with TOKEN and a lease until NOW + 300 if the situation has them. */
struct task task_in(enum situation situation);
/* Applies a report at NOW that needs no memory. */
bool report(struct task *task, struct op_report report, bool *nothing, struct err *err);
/* The same with TOKEN; it must be accepted. */
struct task reported(enum situation situation, struct op_report what);

/* The default policy with timeouts, in ms; 0: none. */
struct policy with_timeouts(int64_t start, int64_t heartbeat, int64_t attempt, int64_t total);
/* work_finish() without a change of the task's own policy. */
void finish(const struct task *old, struct task *task, const struct policy *policy, int64_t now);
/* The task with a claim of w1, and all that follows it. */
struct task claimed(struct task task, const struct policy *policy, int64_t now);
/* The same for a report with the token of the task. */
struct task after_report(struct task task, struct op_report what, const struct policy *policy,
	int64_t now, struct arena *arena);
