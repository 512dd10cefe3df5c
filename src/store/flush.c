#include "store/internal.h"

/*
 * A writer counts commits_started before its commit and commits_done after it. A flusher loads D
 * from commits_done before it flushes and raises commits_flushed to D when that has succeeded. A
 * reader may show what it has read when it finds started <= flushed afterwards.
 * HACKING, "The flush counters", has the proof.
 */
enum engine_status store_commit(struct store *store)
{
	enum engine_status status;

	if (store->uncounted)
		return store->engine->ops->commit(store->engine);
	atomic_fetch_add(&store->shared->commits_started, 1);
	status = store->engine->ops->commit(store->engine);
	atomic_fetch_add(&store->shared->commits_done, 1);
	return status;
}

static void raise_flushed(struct store_shared *shared, uint64_t done)
{
	uint64_t flushed = atomic_load(&shared->commits_flushed);

	while (flushed < done &&
		!atomic_compare_exchange_weak(&shared->commits_flushed, &flushed, done))
		;
}

/* With sync_commits locks are held until the commit is durable: nothing is visible before. */
bool store_is_flushed(const struct store *store)
{
	return store->sync_commits || atomic_load(&store->shared->commits_started) <=
					      atomic_load(&store->shared->commits_flushed);
}

static bool flush(struct store *store, struct err *err)
{
	uint64_t done = atomic_load(&store->shared->commits_done);
	enum engine_status status;

	atomic_store(store->activity, STORE_FLUSHING);
	status = store->engine->ops->flush(store->engine);
	atomic_store(store->activity, STORE_IN_CALL);
	if (status == ENGINE_FULL)
		return err_set(err, ERR_UNKNOWN_OUTCOME, NULL, NULL);
	if (status != ENGINE_OK)
		return store_fail(store, (int)status, err);
	raise_flushed(store->shared, done);
	return true;
}

bool store_flush(struct store *store, struct err *err)
{
	bool ok;

	if (store_is_flushed(store))
		return true;
	store_enter(store);
	ok = flush(store, err);
	store_leave(store);
	return ok;
}
