#pragma once
/*
 * What the store has done since the service was started, in memory that all its processes share.
 * The figures only grow, and outlive recoveries. A transaction notes the events of its tasks and
 * its commit adds them, so one that is undone counts nothing.
 */
#include "base/histogram.h"
#include "task/journal.h"
#include "task/op.h"

#define METRICS_DIALECTS 16 /* tasks of dialects with higher codes are not counted */

struct task_metrics {
	_Atomic uint64_t events[JOURNAL_EVENTS];
	_Atomic uint64_t ended[TASK_STATES]; /* in these final states */
	/*
	 * From the last change of a task that waits, whichever it was, to its claim; and from the
	 * first start to the end, by histogram_slow.
	 */
	struct histogram waits, runs;
};

struct store_metrics {
	_Atomic uint64_t commits, conflicts, flushes, failed_flushes;
	struct histogram flush_times; /* by histogram_fast */
	struct task_metrics tasks[METRICS_DIALECTS];
};

struct store;

/* ---- private to the store ---- */

/* A transaction begins. */
void metrics_reset(struct store *store);
/* It changes a task so; old: NULL for a new one. Without memory the event is not counted. */
void metrics_note(struct store *store, enum journal_event event, const struct task *old,
	const struct task *task);
/* It was committed. In a round of a shared engine it counts at its end. */
void metrics_raise(struct store *store);
void metrics_end_round(struct store *store, bool was_made);
