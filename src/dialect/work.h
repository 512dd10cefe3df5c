#pragma once
/*
 * Requests about tasks of every dialect, whichever protocol they come by: what claims and reports
 * of workers have in common. Pure.
 */
#include "task/op.h"

/* Text of 1 to max bytes without control characters, also those from U+0080 to U+009F. */
bool work_is_printable(struct str text, size_t max);
/* The name of one worker: printable, at most TASK_WORKER_MAX bytes, and not WORKERS_ALL. */
bool work_is_worker_name(struct str name);

/* What each claimed task is set to (op.claim_change). */
extern const struct change work_claim_change;
/* op.wait_group of a claim: equal for claims of the tenant that ask for the same tasks. */
uint64_t work_claim_group(const struct op *op, const struct op_claim *claim);

/*
 * struct op's hooks of changes that do not come from the task's own API (native/rules.c). The first
 * sets the status in the words of the task's dialect, copies error and result to the fields in
 * which its clients see them, and lets the dialect validate the task; records that are not tasks
 * are ERR_NOT_FOUND. op->hook_data is NULL, or the nested patches of the native API. The second
 * lets the dialect change its resources.
 */
bool native_before_write(
	const struct op *op, const struct task *before, struct task *task, struct err *err);
bool native_follow(const struct op *op, const struct task *before, const struct task *after,
	struct op *next, struct err *err);
