#include "base/clock.h"
#include "store/journal/journal.h"

/* Entries that one transaction removes. */
#define BATCH 64

struct trim {
	uint64_t first;	 /* number of the oldest entry to keep */
	int64_t oldest;	 /* time of it */
	struct buf from; /* where to go on: a key */
	size_t removed;
	bool end; /* of the table */
};

static bool is_old(struct store *store, const struct trim *trim, struct str key, int *rc)
{
	struct buf value = BUF_INIT;
	struct journal_entry entry;
	bool old = false;

	if (journal_number(key) < trim->first)
		return true;
	*rc = store_get(store, TABLE_JOURNAL, key, false, &value);
	if (*rc == 0)
		old = !journal_decode(&entry, buf_str(&value)) || entry.at < trim->oldest;
	buf_free(&value);
	return old;
}

/* Goes to the next tenant. */
static void skip_tenant(struct trim *trim, struct str key)
{
	struct index_key next = { .len = strnlen(key.ptr, key.len) + 1 };

	if (next.len > key.len || next.len > INDEX_KEY_MAX)
		next.len = key.len < INDEX_KEY_MAX ? key.len : INDEX_KEY_MAX;
	memcpy(next.bytes, key.ptr, next.len);
	trim->end = !index_prefix_end(&next);
	buf_reset(&trim->from);
	buf_put_str(&trim->from, key_str(&next));
}

static int step_trim(struct store *store, void *data, struct err *err)
{
	struct trim *trim = data;
	const struct engine_range range = { .from = buf_str(&trim->from) };
	struct engine_batch batch;
	int rc = store_scan(store, TABLE_JOURNAL, &range, false, BATCH);

	(void)err;
	trim->removed = 0;
	if (rc != 0)
		return rc;
	trim->end = store->batch.count == 0;
	/* The calls below use the store's batch. */
	batch = store->batch;
	store->batch = (struct engine_batch){ 0 };
	for (size_t i = 0; rc == 0 && i < batch.count; i++) {
		struct str key = engine_batch_key(&batch, i);

		if (!is_old(store, trim, key, &rc)) {
			if (rc == 0)
				skip_tenant(trim, key);
			break;
		}
		rc = store_del(store, TABLE_JOURNAL, key);
		trim->removed += rc == 0;
	}
	engine_batch_free(&store->batch);
	store->batch = batch;
	return rc;
}

bool journal_trim(struct store *store, bool *more, struct err *err)
{
	int64_t until = clock_mono_us() + STORE_SLICE_MS * 1000LL;
	uint64_t next = atomic_load(&store->shared->journal_next);
	struct trim trim = { .oldest = clock_wall_ms() - store->journal_ms };
	bool ok = true;

	trim.first = next > store->journal_entries ? next - store->journal_entries : 0;
	store_enter(store);
	store->uncounted = true;
	while (ok && !trim.end && clock_mono_us() < until)
		ok = step_run(store, ENGINE_WRITE, step_trim, &trim, err);
	store->uncounted = false;
	store_leave(store);
	*more = ok && !trim.end;
	buf_free(&trim.from);
	return ok;
}
