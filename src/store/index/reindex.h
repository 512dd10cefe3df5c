#pragma once
/*
 * The rebuild of the index, shared by the files that carry it out. Private to the store.
 *
 *     reindex.c          slices, progress
 *     reindex_phase.c    from one phase to the next
 *     reindex_tasks.c    FILL and CHECK: from tasks to entries
 *     reindex_entries.c  SAMPLE and SWEEP: from entries to tasks
 */
#include "store/index/state.h"
#include "store/tasks/walk.h"

enum rebuild_phase { PHASE_FILL, PHASE_CHECK, PHASE_SAMPLE, PHASE_SWEEP, PHASES };

/* A writer waits for the rows of one batch at most: about 1 ms. */
#define TASKS_PER_BATCH 16

struct rebuild {
	enum rebuild_phase phase;
	struct walk walk;
	off_t place;	     /* in walk.keys, of the next batch */
	uint64_t done;	     /* keys of the walk; entries of SAMPLE and SWEEP */
	unsigned batch_size; /* tasks */
	bool resumed;	     /* entries exist from an earlier run */
	struct index_comparison compared;
	uint64_t written;  /* entries */
	uint64_t left_out; /* damaged pages of tasks, in this phase */
	uint64_t skipped;  /* the same in CHECK, for the report */
	uint64_t entries;  /* of the index, when SAMPLE or SWEEP began */
	uint64_t strays;
	uint64_t commits; /* commits.started, when CHECK began */
	unsigned failures;
	int64_t begun_ms, logged_ms, retry_ms;
};

/*
 * Does a part of its phase, until `until_us` (monotonic) at most, and enters the next one at the
 * end.
 */
typedef bool rebuild_part(
	struct store *store, struct rebuild *rebuild, int64_t until_us, struct err *err);
rebuild_part rebuild_fill, rebuild_check, rebuild_sample, rebuild_sweep;

void rebuild_enter(struct store *store, struct rebuild *rebuild, enum rebuild_phase phase);
/* The same for a phase that looks up entries. */
bool rebuild_enter_entries(
	struct store *store, struct rebuild *rebuild, enum rebuild_phase phase, struct err *err);
/* Logs the difference and begins to mend it. */
bool rebuild_fail(struct store *store, struct rebuild *rebuild, struct err *err);
