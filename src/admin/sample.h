#pragma once
/*
 * Made-up tasks for trials and measurements: the same for the same numbers, but for their ids.
 * Pure.
 */
#include "base/arena.h"
#include "base/err.h"
#include "task/task.h"

/* How many of any number of tasks have failed, spread evenly. */
#define SAMPLE_FAILED_COUNT 20

struct sample {
	const struct sample_kind *kind; /* what a dialect's tasks look like */
	struct str tenant;
	uint64_t count;
};

/* ERR_INVALID when there are no samples of that dialect. */
bool sample_open(struct sample *sample, struct str dialect, struct str tenant, uint64_t count,
	struct err *err);
/* Task number i of 0 to count - 1; its texts lie in arena. False without memory or randomness. */
bool sample_task(const struct sample *sample, uint64_t i, struct arena *arena, struct task *task);
