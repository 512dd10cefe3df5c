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

struct run {
	enum engine_access access;
	struct str scope; /* with ENGINE_WRITE */
	store_step *step;
	void *data;
};

static int lock(struct store *store, struct str scope)
{
	int rc = store_lock(store, scope);

	store->is_deferred = rc == ENGINE_BUSY;
	return rc;
}

static int run_once(struct store *store, const struct run *run, struct err *err)
{
	struct engine *engine = store->engine;
	bool writes = run->access == ENGINE_WRITE;
	int rc = (int)engine->ops->begin(engine, run->access), undone;

	if (rc != 0)
		return rc;
	store->damaged_index = false;
	lists_reset(store);
	wake_reset(store);
	metrics_reset(store);
	usage_reset(store);
	snapshot_reset(store);
	if (writes)
		rc = lock(store, run->scope);
	if (rc == 0)
		rc = run->step(store, run->data, err);
	if (rc == 0 && writes)
		rc = usage_settle(store, err);
	if (rc == 0 && writes) {
		rc = (int)store_commit(store);
		journal_end(store);
		return rc;
	}
	undone = (int)engine->ops->abort(engine);
	journal_end(store);
	return undone != 0 ? undone : rc;
}

static bool run(struct store *store, const struct run *run, struct err *err)
{
	int conflicts = 0, retries = 0;

	store->is_deferred = false;
	for (;;) {
		int rc = run_once(store, run, err);

		if (rc == 0)
			return true;
		if (rc == STEP_FAILED)
			return false;
		if (rc == ENGINE_RETRY)
			atomic_fetch_add(&store->shared->metrics.conflicts, 1);
		if (rc == ENGINE_RETRY && !store->engine->round_lost && ++conflicts < CONFLICTS_MAX)
			back_off(store, conflicts);
		else if (rc == STEP_RETRY && ++retries < RETRIES_MAX)
			sched_yield();
		else
			return store_fail(store, rc, err);
	}
}

bool step_run(struct store *store, enum engine_access access, store_step *step, void *data,
	struct err *err)
{
	const struct run reading = { .access = access, .step = step, .data = data };

	return run(store, &reading, err);
}

bool step_run_write(
	struct store *store, struct str scope, store_step *step, void *data, struct err *err)
{
	const struct run writing = {
		.access = ENGINE_WRITE, .scope = scope, .step = step, .data = data
	};

	return run(store, &writing, err);
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

bool step_call_write(
	struct store *store, struct str scope, store_step *step, void *data, struct err *err)
{
	bool ok;

	store_enter(store);
	ok = step_run_write(store, scope, step, data, err);
	store_leave(store);
	return ok;
}
