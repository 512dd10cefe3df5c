#include "task/retention.h"

#include "base/date.h"

struct optional_time retention_until(const struct retention *retention, const struct task *task)
{
	int64_t keep, end;

	if (!task_state_is_final(task->state) || task->dialect >= RETENTION_DIALECTS)
		return OPTIONAL_TIME_NONE;
	keep = retention->keep_ms[task->dialect][task->state];
	if (keep <= 0)
		return OPTIONAL_TIME_NONE;
	/* Imported tasks may have no time of their end. */
	end = optional_time_is_set(task->finished) ? optional_time_ms(task->finished)
						   : task->updated;
	return optional_time(end < DATE_MS_MAX - keep ? end + keep : DATE_MS_MAX);
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
