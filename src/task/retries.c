#include "task/retries.h"

bool retries_are_left(const struct task *task)
{
	return task->last_attempt == 0 || task->attempt < task->last_attempt;
}

void retries_set(struct task *task, uint32_t from, uint32_t retries)
{
	uint32_t last = from < UINT32_MAX - retries ? from + retries : UINT32_MAX;

	task->last_attempt = last > 0 ? last : 1;
}

bool task_retries(const struct task *task, uint32_t *retries)
{
	int64_t most = (int64_t)task->attempts_before + task->max_attempts, last = INT64_MAX;

	if (task->last_attempt > 0)
		last = task->last_attempt;
	if (task->max_attempts > 0 && most < last)
		last = most;
	if (task->state == TASK_FAILED)
		last = 0;
	if (last == INT64_MAX)
		return false;
	last += task->state == TASK_RUNNING;
	last = last > task->attempt ? last - task->attempt : 0;
	*retries = (uint32_t)(last < UINT32_MAX ? last : UINT32_MAX);
	return true;
}
