#pragma once
/*
 * Made-up tasks for trials and measurements. The same number gives the same task, but a new id.
 */
#include "base/arena.h"
#include "base/err.h"
#include "store/store.h"
#include "task/task.h"

/* Number of failed tasks in a sample of any size, spread evenly. */
#define SAMPLE_FAILED_COUNT 20

struct sample {
	const struct dialect *dialect;
	struct str tenant;
	uint64_t count;
	struct store *store; /* makes the ids; NULL: ids without a serial number */
};

/* ERR_INVALID if there is no dialect of that name. */
bool sample_open(struct sample *sample, struct str dialect, struct str tenant, uint64_t count,
	struct err *err);
/* Task number i, 0 to count - 1; its texts are in arena. False without memory or randomness. */
bool sample_task(const struct sample *sample, uint64_t i, struct arena *arena, struct task *task);
