#include "store/index/reindex.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

#define LOG_INTERVAL_MS 15000

/*
 * Building the index while other processes read and write tasks. Phases:
 *
 *     FILL    copies the keys of all tasks, then writes the missing entries of each
 *     CHECK   copies the keys once more and looks up all entries of each task
 *     SAMPLE  looks up the tasks of entries all over the index
 *     SWEEP   after a difference: removes the entries that no task has; then FILL again
 *
 * A task that exists when the keys are copied is seen by the copy, a later one gets its entries
 * from its writer, and both lock the task's row: so no task is left out. Nothing but the row
 * "begun" is remembered over a restart: FILL then finds the entries that exist and writes the
 * others.
 *
 * The commits are not counted (store_commit): no response shows an entry before the last commit,
 * which is flushed, and counted ones would make every reader flush.
 */

/* ---- slices ---- */

static const struct {
	rebuild_part *run;
	unsigned begin, end; /* percent of the whole work */
} phases[PHASES] = {
	[PHASE_FILL] = { rebuild_fill, 0, 65 },
	[PHASE_CHECK] = { rebuild_check, 65, 98 },
	[PHASE_SAMPLE] = { rebuild_sample, 98, 100 },
	[PHASE_SWEEP] = { rebuild_sweep, 0, 1 },
};

static void show_progress(struct store *store, struct rebuild *rebuild)
{
	struct store_health *health = &store->shared->health;
	uint64_t all = rebuild->phase < PHASE_SAMPLE ? rebuild->walk.count : rebuild->entries;
	uint64_t share = phases[rebuild->phase].begin * 10000ULL;
	int64_t now = clock_mono_ms();
	uint64_t spent = (uint64_t)(now - rebuild->begun_ms);

	if (all > 0 && (rebuild->phase >= PHASE_SAMPLE || rebuild->walk.copied))
		share += (phases[rebuild->phase].end - phases[rebuild->phase].begin) *
			 (rebuild->done < all ? rebuild->done : all) * 10000 / all;
	atomic_store(&health->index_progress, share);
	atomic_store(&health->index_left_ms, share > 0 ? spent * (1000000 - share) / share : 0);
	if (now - rebuild->logged_ms < LOG_INTERVAL_MS)
		return;
	rebuild->logged_ms = now;
	log_info("reindex", "%u %% of the index are built and verified", (unsigned)(share / 10000));
}

static struct rebuild *begin(struct store *store, struct err *err)
{
	struct rebuild *rebuild = calloc(1, sizeof(*rebuild));

	if (!rebuild) {
		err_no_memory(err);
		return NULL;
	}
	rebuild->begun_ms = rebuild->logged_ms = clock_mono_ms();
	rebuild_enter(store, rebuild, PHASE_FILL);
	return rebuild;
}

static int step_count(struct store *store, void *data, struct err *err)
{
	(void)err;
	return index_count(store, data);
}

static bool ensure_begun(struct store *store, struct err *err)
{
	uint64_t entries = 0;

	if (store->rebuild)
		return true;
	if (!step_run(store, ENGINE_READ, step_count, &entries, err))
		return false;
	store->rebuild = begin(store, err);
	if (!store->rebuild)
		return false;
	store->rebuild->resumed = entries > 0;
	return true;
}

bool rebuild_run(struct store *store, int64_t until_us, bool *more, struct err *err)
{
	struct rebuild *rebuild;
	bool ok;

	store_enter(store);
	ok = ensure_begun(store, err);
	rebuild = store->rebuild;
	*more = false;
	if (ok && clock_mono_ms() < rebuild->retry_ms)
		goto out;
	do {
		ok = ok && phases[rebuild->phase].run(store, rebuild, until_us, err);
		*more = ok && !store_index_is_complete(store) && !index_is_to_be_replaced(store);
	} while (*more && clock_mono_us() < until_us);
	if (*more)
		show_progress(store, rebuild);
	if (store_index_is_complete(store) || index_is_to_be_replaced(store))
		rebuild_free(store);
out:
	store_leave(store);
	return ok;
}

void rebuild_free(struct store *store)
{
	if (store->rebuild)
		walk_close(&store->rebuild->walk);
	free(store->rebuild);
	store->rebuild = NULL;
}

/* ---- on demand ---- */

#define SHOW_US 1000000

/* The keeper does this for a build in slices. */
static bool remove_logs(struct store *store, struct err *err)
{
	unsigned removed;
	enum engine_status status = store->engine->ops->checkpoint(store->engine, true, &removed);

	return status == ENGINE_OK || store_fail(store, (int)status, err);
}

static bool build_now(struct store *store, void (*show)(unsigned percent, void *data), void *data,
	struct err *err)
{
	bool more = true;

	while (more) {
		if (!rebuild_run(store, clock_mono_us() + SHOW_US, &more, err) ||
			!remove_logs(store, err))
			return false;
		if (show)
			show((unsigned)(atomic_load(&store->shared->health.index_progress) / 10000),
				data);
	}
	return store_index_is_complete(store) ||
	       err_set(err, ERR_INTERNAL, NULL, "the index does not match the tasks");
}

static bool request_replacement(struct store *store, struct err *err)
{
	if (!index_mark_for_replacement(store, err))
		return false;
	index_replace_later(store);
	return true;
}

bool store_reindex(struct store *store, void (*show)(unsigned percent, void *data), void *data,
	struct err *err)
{
	bool ok;

	if (!store_may_write(store, err))
		return false;
	store_enter(store);
	rebuild_free(store);
	ok = store->alone ? index_begin_replacement(store, err) && build_now(store, show, data, err)
			  : request_replacement(store, err);
	rebuild_free(store);
	store_leave(store);
	return ok;
}
