#pragma once
/*
 * How an attempt begins, and how it ends without success: its worker fails it or gives it back, or
 * its time is over. Private to task/work.c and task/holder.c. Pure. Times in ms.
 */
#include "task/work.h"

/* The clock may have been set back since the task was changed: its own times do not go back. */
void attempt_set_state(struct task *task, enum task_state state, int64_t now);
/* work_claim(). */
void attempt_begin(const struct op_claim *claim, struct task *task, int64_t now, uint64_t random);
/* The worker of a lease without a token has reported: from now on the end of its lease counts. */
void attempt_count(struct task *task);
/*
 * The attempt has failed: another one follows after a delay, or the task has failed. Of the lease,
 * the name of the worker remains until the next attempt.
 */
void attempt_fail(
	const struct op_report *report, const struct work_context *context, struct task *task);
/*
 * The attempt does not count: another one follows, unless a client has set that none does. The
 * caller decides about the lease.
 */
void attempt_give_back(struct task *task, int64_t now, int64_t delay);
/*
 * The time of a lease is over, or its claim is undone. Without a report the worker may never have
 * received the task: the attempt does not count, and the token remains valid until the next claim.
 * The end of a lease that counts is a failed attempt, but costs no retries (task.attempts_end).
 */
bool attempt_expire(const struct op_report *report, const struct work_context *context,
	struct task *task, struct err *err);
/*
 * Of a pending task: its last worker and the delay are forgotten. An attempt that only the end of a
 * lease has counted, without any report, no longer counts.
 */
void attempt_forget(struct task *task, int64_t now);
/* REPORT_DUE. *nothing: task_due() has not passed. */
bool attempt_end_due(const struct op_report *report, const struct work_context *context,
	struct task *task, bool *nothing, struct err *err);
