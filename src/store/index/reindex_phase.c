#include "base/clock.h"
#include "base/log.h"
#include "store/index/reindex.h"

/* Verification that fails again is no accident: it is repeated, but rarely. */
#define FAILURES_MAX	 3
#define FAILURE_PAUSE_MS 60000

void rebuild_enter(struct store *store, struct rebuild *rebuild, enum rebuild_phase phase)
{
	walk_close(&rebuild->walk);
	rebuild->phase = phase;
	rebuild->done = rebuild->place = 0;
	rebuild->strays = rebuild->left_out = 0;
	rebuild->batch_size = TASKS_PER_BATCH;
	rebuild->compared = (struct index_comparison){ 0 };
	rebuild->commits = atomic_load(&store->shared->commits.started);
}

static int step_count(struct store *store, void *data, struct err *err)
{
	(void)err;
	return index_count(store, data);
}

bool rebuild_enter_entries(
	struct store *store, struct rebuild *rebuild, enum rebuild_phase phase, struct err *err)
{
	rebuild_enter(store, rebuild, phase);
	return step_run(store, ENGINE_READ, step_count, &rebuild->entries, err);
}

bool rebuild_fail(struct store *store, struct rebuild *rebuild, struct err *err)
{
	log_error("reindex", "verification failed (entries missing: %llu, stray: %llu)",
		(unsigned long long)rebuild->compared.missing, (unsigned long long)rebuild->strays);
	if (++rebuild->failures >= FAILURES_MAX)
		rebuild->retry_ms = clock_mono_ms() + FAILURE_PAUSE_MS;
	rebuild->resumed = true;
	return rebuild_enter_entries(store, rebuild, PHASE_SWEEP, err);
}
