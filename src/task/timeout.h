#pragma once
/*
 * The timeouts of a task (struct policy). Each is decided when its period begins and kept in the
 * record, so that task_due() depends on the record alone:
 *
 *	start	  start_by	  while the task is ready: workers may claim it
 *	heartbeat lease.expires	  the longest lease
 *	attempt	  attempt_by	  from the claim on; a lease does not reach beyond it
 *	total	  end_by	  from the creation, or from the last retry on; neither beyond this
 *
 * Pure. Times in ms.
 */
#include "task/policy.h"

enum timeout { TIMEOUT_NONE = 0, TIMEOUT_START, TIMEOUT_ATTEMPT, TIMEOUT_TOTAL };

/*
 * After each change: begins the periods that the change has begun, ends others, and cuts a new
 * lease. anew: the task's own policy was changed, which applies to the present periods too. old is
 * NULL for a new task. now: by the clock.
 */
void timeout_settle(const struct task *old, struct task *task, const struct policy *policy,
	bool anew, int64_t now);
/* The timeout that has passed. */
enum timeout timeout_passed(const struct task *task, int64_t now);
/* Writes the sentence of the task's error, which has the length of the timeout. */
void timeout_put_error(const struct task *task, enum timeout timeout, struct buf *out);
