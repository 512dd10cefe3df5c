#pragma once
/*
 * Reports of workers that know no token: each is recognised by its name, which the lease has
 * (op_report.holder). Private to task/work.c. Pure. Times in ms.
 *
 * The texts of ERR_LEASE_LOST are whole sentences that can follow one about the report: "It is
 * locked by worker 'B'."
 */
#include "task/work.h"

/*
 * Whether the worker of a HEARTBEAT, COMPLETE, FAIL or RELEASE may report on the task.
 * ERR_NOT_FOUND, ERR_CONFLICT (field "state"), ERR_LEASE_LOST.
 */
bool holder_check(
	const struct op_report *report, const struct task *task, int64_t now, struct err *err);
/*
 * RELEASE with any_holder of a task that no worker holds: a pending one forgets its last worker and
 * its delay, and takes back an attempt that ended without a report. *nothing: there was nothing to
 * forget, or the task has failed. ERR_NOT_FOUND for other tasks that have ended.
 */
bool holder_release_any(struct task *task, int64_t now, bool *nothing, struct err *err);
/* REPORT_LOCK. ERR_NOT_FOUND, ERR_CONFLICT (field "state"), ERR_LEASE_LOST, ERR_NO_MEMORY. */
bool holder_lock(const struct op_report *report, const struct work_context *context,
	struct task *task, struct err *err);
