#include "base/clock.h"
#include "base/log.h"
#include "store/index/reindex.h"

#define ENTRIES_PER_BATCH 16
#define SAMPLES		  10000

struct lookup {
	uint64_t number; /* of the entry in the index */
	bool lock, remove;
	bool stray;
};

static int step_entry(struct store *store, void *data, struct err *err)
{
	struct lookup *lookup = data;
	const struct engine_range all = { 0 };
	struct str entry;
	int rc = store_nth(store, &all, lookup->number);

	(void)err;
	lookup->stray = false;
	if (rc != 0)
		return rc == ENGINE_NOT_FOUND ? 0 : rc;
	entry = engine_batch_key(&store->batch, 0);
	rc = compare_entry(store, entry, lookup->lock, &lookup->stray);
	if (rc == 0 && lookup->lock && lookup->stray) {
		/* It may have been removed before the task's row was locked. */
		buf_reset(&store->old_record);
		rc = store_get(store, TABLE_INDEX, entry, true, &store->old_record);
		lookup->stray = rc == 0;
		rc = rc == ENGINE_NOT_FOUND ? 0 : rc;
	}
	if (rc == 0 && lookup->stray && lookup->remove)
		rc = store_del(store, TABLE_INDEX, entry);
	return rc;
}

static bool look_up(struct store *store, struct lookup *lookup, struct err *err)
{
	bool ok;

	if (!step_run(store, ENGINE_READ, step_entry, lookup, err))
		return false;
	if (!lookup->stray)
		return true;
	lookup->lock = true;
	store->uncounted = true;
	ok = step_run_write(store, STR(""), step_entry, lookup, err);
	store->uncounted = false;
	return ok;
}

/* Looks up entries `step` apart, at most ENTRIES_PER_BATCH. */
static bool look_up_some(
	struct store *store, struct rebuild *rebuild, uint64_t step, bool remove, struct err *err)
{
	for (int i = 0; i < ENTRIES_PER_BATCH && rebuild->done < rebuild->entries; i++) {
		struct lookup lookup = { .number = rebuild->done, .remove = remove };

		if (!look_up(store, &lookup, err)) {
			if (err->code != ERR_DAMAGED || index_is_to_be_replaced(store))
				return false;
			lookup.stray = false;
		}
		rebuild->strays += lookup.stray;
		/* The entries behind a removed one have moved up. */
		rebuild->done += lookup.stray && remove ? 0 : step;
		rebuild->entries -= lookup.stray && remove;
	}
	return true;
}

static bool finish(struct store *store, struct rebuild *rebuild, struct err *err)
{
	if (!index_set_complete(store, rebuild->skipped, err))
		return false;
	log_info("reindexed",
		"the index is complete after %lld s (entries: %llu, of them new: %llu)",
		(long long)(clock_mono_ms() - rebuild->begun_ms) / 1000,
		(unsigned long long)rebuild->entries, (unsigned long long)rebuild->written);
	if (rebuild->skipped > 0)
		log_warn("index-left-out",
			"the index has no entries of tasks on damaged pages (pages: %llu): they are "
			"in no list",
			(unsigned long long)rebuild->skipped);
	return true;
}

bool rebuild_sample(struct store *store, struct rebuild *rebuild, int64_t until, struct err *err)
{
	uint64_t step = rebuild->entries / SAMPLES + 1;

	(void)until;
	if (!look_up_some(store, rebuild, step, false, err))
		return false;
	if (rebuild->strays > 0)
		return rebuild_fail(store, rebuild, err);
	return rebuild->done < rebuild->entries || finish(store, rebuild, err);
}

bool rebuild_sweep(struct store *store, struct rebuild *rebuild, int64_t until, struct err *err)
{
	(void)until;
	if (!look_up_some(store, rebuild, 1, true, err))
		return false;
	if (rebuild->done >= rebuild->entries)
		rebuild_enter(store, rebuild, PHASE_FILL);
	return true;
}
