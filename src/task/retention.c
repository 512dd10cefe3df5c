#include "task/retention.h"

int64_t retention_until(const struct retention *retention, const struct task *task)
{
	int64_t keep;

	if (!task_state_is_final(task->state) || task->dialect >= RETENTION_DIALECTS)
		return 0;
	keep = retention->keep_ms[task->dialect][task->state];
	/* Imported tasks may have no time of their end. */
	return keep > 0 ? (task->finished ? task->finished : task->updated) + keep : 0;
}

int64_t retention_shortest(const struct retention *retention)
{
	int64_t shortest = 0;

	for (size_t i = 0; i < RETENTION_DIALECTS; i++) {
		for (int state = 0; state < TASK_STATES; state++) {
			int64_t keep = retention->keep_ms[i][state];

			if (keep > 0 && (shortest == 0 || keep < shortest))
				shortest = keep;
		}
	}
	return shortest;
}
