#include <sched.h>
#include <time.h>

#include "store/journal/journal.h"

#define CONFLICTS_MAX 20
#define RETRIES_MAX   400

uint64_t store_random(struct store *store)
{
	/* xorshift64 */
	store->random ^= store->random << 13;
	store->random ^= store->random >> 7;
	store->random ^= store->random << 17;
	return store->random;
}

/* At most 0.1 ms after the first conflict, at most 6.4 ms after the seventh. */
static void back_off(struct store *store, int tries)
{
	struct timespec pause = { 0 };

	pause.tv_nsec = (long)(store_random(store) % (100000U << (tries < 7 ? tries - 1 : 6)));
	nanosleep(&pause, NULL);
}

static int run_once(struct store *store, enum engine_access access, store_step *step, void *data,
	struct err *err)
{
	struct engine *engine = store->engine;
	int rc = (int)engine->ops->begin(engine, access), undone;

	if (rc != 0)
		return rc;
	store->damaged_index = false;
	lists_reset(store);
	wake_reset(store);
	metrics_reset(store);
	usage_reset(store);
	snapshot_reset(store);
	rc = step(store, data, err);
	if (rc == 0 && access == ENGINE_WRITE)
		rc = usage_settle(store, err);
	if (rc == 0 && access == ENGINE_WRITE) {
		rc = (int)store_commit(store);
		journal_end(store);
		return rc;
	}
	undone = (int)engine->ops->abort(engine);
	journal_end(store);
	return undone != 0 ? undone : rc;
}

bool step_run(struct store *store, enum engine_access access, store_step *step, void *data,
	struct err *err)
{
	int conflicts = 0, retries = 0;

	for (;;) {
		int rc = run_once(store, access, step, data, err);

		if (rc == 0)
			return true;
		if (rc == STEP_FAILED)
			return false;
		if (rc == ENGINE_RETRY)
			atomic_fetch_add(&store->shared->metrics.conflicts, 1);
		if (rc == ENGINE_RETRY && ++conflicts < CONFLICTS_MAX)
			back_off(store, conflicts);
		else if (rc == STEP_RETRY && ++retries < RETRIES_MAX)
			sched_yield();
		else
			return store_fail(store, rc, err);
	}
}

bool step_call(struct store *store, enum engine_access access, store_step *step, void *data,
	struct err *err)
{
	bool ok;

	store_enter(store);
	ok = step_run(store, access, step, data, err);
	store_leave(store);
	return ok;
}
