#pragma once
/*
 * Retention: finished tasks are removed some time after their end. The time depends on the dialect
 * and on the outcome; tasks that have not finished are never removed. store/ removes tasks by it
 * (store.h), the native API shows it.
 */
#include "task/task.h"

/* Dialect codes below this can have a rule; resources have none. */
#define RETENTION_DIALECTS 128

/* Zero-initialised: every task is kept for ever. */
struct retention {
	/* From the end of a task to its removal, in ms, by dialect code; 0: for ever. */
	int64_t keep_ms[RETENTION_DIALECTS][TASK_STATES];
};

/* When the task may be removed, at most DATE_MS_MAX; absent: not finished, or kept for ever. */
struct optional_time retention_until(const struct retention *retention, const struct task *task);
/* The shortest time that any rule keeps a task, in ms; 0: there is no rule. */
int64_t retention_shortest(const struct retention *retention);
