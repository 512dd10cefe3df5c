#include "task/retries.h"

bool retries_are_left(const struct task *task)
{
	return task->attempts_end == 0 || task->attempt < task->attempts_end - 1;
}

void retries_set(struct task *task, uint32_t from, uint32_t retries)
{
	task->attempts_end = from < UINT32_MAX - 1 - retries ? from + retries + 1 : UINT32_MAX;
}

bool task_retries(const struct task *task, uint32_t *retries)
{
	int64_t most = (int64_t)task->attempts_before + task->max_attempts, last = INT64_MAX;

	if (task->attempts_end > 0)
		last = (int64_t)task->attempts_end - 1;
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
