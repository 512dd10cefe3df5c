#include "store/journal/journal.h"

#include "base/log.h"
#include "store/emptying.h"

/* ---- the highest number ---- */

/* Reads the last key of each tenant. */
static int step_find_last(struct store *store, void *data, struct err *err)
{
	uint64_t *last = data;
	struct index_key from = { 0 }, to;
	int rc = 0;

	(void)err;
	*last = 0;
	while (rc == 0) {
		struct engine_range range = { .from = key_str(&from) };
		struct str key;

		rc = store_scan(store, TABLE_JOURNAL, &range, false, 1);
		if (rc != 0 || store->batch.count == 0)
			return rc;
		key = engine_batch_key(&store->batch, 0);
		from.len = strnlen(key.ptr, key.len) + 1;
		if (from.len > key.len || from.len > INDEX_KEY_MAX)
			return ENGINE_DAMAGED;
		memcpy(from.bytes, key.ptr, from.len);
		to = from;
		index_prefix_end(&to);
		range = (struct engine_range){ .from = key_str(&from), .to = key_str(&to) };
		rc = store_scan(store, TABLE_JOURNAL, &range, true, 1);
		if (rc == 0 && store->batch.count > 0 &&
			journal_number(engine_batch_key(&store->batch, 0)) > *last)
			*last = journal_number(engine_batch_key(&store->batch, 0));
		from = to;
	}
	return rc;
}

/* ---- damage ---- */

static const struct emptying emptying = {
	.table = TABLE_JOURNAL,
	.key = "journal",
};

static bool empty(struct store *store, struct err *err)
{
	if (!emptying_run(store, &emptying, err))
		return false;
	log_error("journal-emptied", "the journal was damaged: the history of tasks begins anew");
	return true;
}

bool journal_mark_for_emptying(struct store *store, struct err *err)
{
	return emptying_mark(store, &emptying, err);
}

/* ---- the start ---- */

/* What the journal has at the start. */
struct found {
	uint64_t last;
	struct journal_epoch epoch;
};

static int step_look(struct store *store, void *data, struct err *err)
{
	struct found *found = data;
	int rc = step_find_last(store, &found->last, err);

	return rc == 0 ? journal_read_epoch(store, &found->epoch) : rc;
}

static bool look(struct store *store, struct found *found, struct err *err)
{
	bool marked = atomic_load(&store->shared->empty_journal);

	*found = (struct found){ 0 };
	if (store->alone && !marked && !emptying_is_marked(store, &emptying, &marked, err))
		return false;
	if (!marked && !step_run(store, ENGINE_READ, step_look, found, err)) {
		if (err->code != ERR_DAMAGED)
			return false;
		marked = true;
		*found = (struct found){ 0 };
	}
	return !marked || !store->alone || empty(store, err);
}

/*
 * Without a journal there are changes that no entry tells of: places from before must not be used
 * any more.
 */
static bool settle_epoch(struct store *store, const struct journal_epoch *found, struct err *err)
{
	if (store->journal_entries == 0)
		return found->epoch == 0 || journal_forget_epoch(store, err);
	atomic_store(&store->shared->journal_line, found->line);
	atomic_store(&store->shared->journal_epoch, found->epoch);
	return found->epoch != 0 || journal_make_epoch(store, err);
}

static uint64_t highest(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The server has the numbers. */
static bool open_shared(struct store *store, struct err *err)
{
	struct journal_epoch epoch;

	return journal_load_limits(store, err) && journal_load_epoch(store, &epoch, err) &&
	       settle_epoch(store, &epoch, err);
}

bool journal_open(struct store *store, bool restored, struct err *err)
{
	struct store_shared *shared = store->shared;
	struct found found;

	if (store->engine->ops->shared)
		return open_shared(store, err);

	if (!store->alone && atomic_load(&shared->journal_next) > 0)
		return store->journal_entries > 0 || atomic_load(&shared->journal_epoch) == 0 ||
		       journal_forget_epoch(store, err);
	if (!look(store, &found, err) || !journal_load_limits(store, err))
		return false;
	atomic_store(&shared->empty_journal, false);
	journal_begin_behind(
		store, highest(found.last, highest(atomic_load(&shared->journal_trimmed),
						   atomic_load(&shared->journal_floor))));
	if (restored)
		return journal_renew_epoch(store, err);
	return settle_epoch(store, &found.epoch, err);
}
