#include "base/clock.h"
#include "store/journal/journal.h"
#include "store/webhooks/webhooks.h"

/* Entries that one transaction removes. */
#define BATCH 64

/*
 * With a shared engine, whose numbers are those of a tenant, a pass has the limits of one tenant
 * after the other, and the number of entries is limited for each tenant.
 */
struct trim {
	struct index_key tenant; /* of these limits, with NUL; len 0: of all */
	uint64_t next;		 /* number of the next entry */
	uint64_t first;		 /* number of the oldest entry to keep */
	uint64_t limit;		 /* entries from here on may not be final or durable yet */
	uint64_t needed;	 /* webhooks need entries from here on; 0: none */
	uint64_t most;		 /* entries that are kept for them, at most, above the floor */
	uint64_t floor;
	int64_t oldest;	  /* time of the oldest entry to keep */
	uint64_t trimmed; /* the highest number that was removed */
	struct buf from;  /* where to go on: a key */
	struct engine_batch batch;
	size_t count; /* of the batch: they are removed */
	bool end;     /* of the table */
};

static bool is_old(struct store *store, const struct trim *trim, struct str key, int *rc)
{
	uint64_t number = journal_number(key);
	struct buf value = BUF_INIT;
	struct journal_entry entry;
	bool old = false;

	if (number >= trim->limit ||
		(trim->needed > 0 && number >= trim->needed &&
			(number <= trim->floor || trim->next - number <= trim->most)))
		return false;
	if (number < trim->first)
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

/* Goes on behind a key. */
static void go_on_behind(struct trim *trim, struct str key)
{
	buf_reset(&trim->from);
	buf_put_str(&trim->from, key);
	buf_putc(&trim->from, '\0');
}

static int step_find(struct store *store, void *data, struct err *err)
{
	struct trim *trim = data;
	struct engine_range range = { .from = buf_str(&trim->from) };
	struct engine_batch spare = trim->batch;
	struct index_key to = trim->tenant;
	int rc;

	if (to.len > 0 && index_prefix_end(&to))
		range.to = key_str(&to);
	rc = store_scan(store, TABLE_JOURNAL, &range, false, BATCH);

	(void)err;
	trim->count = 0;
	if (rc != 0)
		return rc;
	trim->end = store->batch.count == 0 && trim->tenant.len == 0;
	if (store->batch.count == 0 && trim->tenant.len > 0)
		skip_tenant(trim, key_str(&trim->tenant));
	/* The calls below use the store's batch. */
	trim->batch = store->batch;
	store->batch = spare;
	for (size_t i = 0; i < trim->batch.count; i++) {
		struct str key = engine_batch_key(&trim->batch, i);

		if (!is_old(store, trim, key, &rc)) {
			if (rc == 0)
				skip_tenant(trim, key);
			return rc;
		}
		trim->count++;
	}
	if (trim->count > 0)
		go_on_behind(trim, engine_batch_key(&trim->batch, trim->count - 1));
	return 0;
}

/* The tenant whose limits these are; empty: all. */
static struct str tenant_of(const struct trim *trim)
{
	struct str prefix = key_str(&trim->tenant);

	prefix.len -= prefix.len > 0;
	return prefix;
}

/* The row of the meta table first: so do transactions that assign numbers to tasks. */
static int step_remove(struct store *store, void *data, struct err *err)
{
	const struct trim *trim = data;
	int rc = journal_put_trimmed(store, tenant_of(trim), trim->trimmed);

	(void)err;
	for (size_t i = 0; rc == 0 && i < trim->count; i++) {
		rc = store_del(store, TABLE_JOURNAL, engine_batch_key(&trim->batch, i));
		rc = rc == ENGINE_NOT_FOUND ? 0 : rc;
	}
	return rc;
}

/* A reader of the feed compares its place after it has read, so it misses none that is removed. */
static bool remove_found(struct store *store, struct trim *trim, struct err *err)
{
	uint64_t last = 0;

	for (size_t i = 0; i < trim->count; i++) {
		uint64_t number = journal_number(engine_batch_key(&trim->batch, i));

		last = number > last ? number : last;
	}
	if (last > trim->trimmed)
		trim->trimmed = last;
	if (!store->engine->ops->shared)
		trim->trimmed = journal_raise_trimmed(store, last);
	return step_run_write(store, tenant_of(trim), step_remove, trim, err);
}

/* tenant NULL: of all. */
static bool find_limits(struct store *store, struct str tenant, struct trim *trim, struct err *err)
{
	struct journal_bounds bounds = { 0 };

	if (!journal_read_bounds(store, tenant, &bounds, err))
		return false;
	trim->trimmed = bounds.trimmed;
	trim->limit = bounds.last < bounds.horizon ? bounds.last + 1 : bounds.horizon;
	trim->next = bounds.next;
	trim->first = trim->next > store->journal_entries ? trim->next - store->journal_entries : 0;
	return true;
}

static int step_next_tenant(struct store *store, void *data, struct err *err)
{
	struct trim *trim = data;
	const struct engine_range range = { .from = buf_str(&trim->from) };
	int rc = store_scan(store, TABLE_JOURNAL, &range, false, 1);
	struct str key;

	(void)err;
	trim->end = rc == 0 && store->batch.count == 0;
	if (rc != 0 || trim->end)
		return rc;
	key = engine_batch_key(&store->batch, 0);
	trim->tenant.len = strnlen(key.ptr, key.len) + 1;
	if (trim->tenant.len > key.len || trim->tenant.len > INDEX_KEY_MAX)
		return ENGINE_DAMAGED;
	memcpy(trim->tenant.bytes, key.ptr, trim->tenant.len);
	return 0;
}

/* Goes to the next tenant with entries and finds its limits, if these are not those of all. */
static bool begin_tenant(struct store *store, struct trim *trim, struct err *err)
{
	bool in_tenant = trim->tenant.len > 0 &&
			 str_starts(buf_str(&trim->from), key_str(&trim->tenant));

	if (!store->engine->ops->shared || in_tenant)
		return true;
	return step_run(store, ENGINE_READ, step_next_tenant, trim, err) &&
	       (trim->end ||
		       (find_limits(store, tenant_of(trim), trim, err) &&
			       webhook_needed_of(store, tenant_of(trim), &trim->needed, err)));
}

static bool trim_entries(struct store *store, struct trim *trim, struct err *err)
{
	int64_t until = clock_mono_us() + STORE_SLICE_MS * 1000LL;
	bool ok = true;

	while (ok && !trim->end && clock_mono_us() < until) {
		/* A part of a key would be before the tenant. */
		ok = (buf_ok(&trim->from) || err_no_memory(err)) &&
		     begin_tenant(store, trim, err) &&
		     (trim->end || step_run(store, ENGINE_READ, step_find, trim, err));
		if (ok && trim->count > 0)
			ok = remove_found(store, trim, err);
	}
	return ok;
}

/*
 * During a reload, a process with the configuration of before may draw an epoch after
 * journal_open() has removed it. It must not outlast a time without a journal.
 */
static bool remove_epoch(struct store *store, struct err *err)
{
	struct journal_epoch epoch;

	return journal_load_epoch(store, &epoch, err) &&
	       (epoch.epoch == 0 || journal_forget_epoch(store, err));
}

bool journal_trim(struct store *store, bool *more, struct err *err)
{
	const struct store_shared *shared = store->shared;
	struct trim trim = { .oldest = clock_wall_ms() - store->journal_ms,
		.needed = atomic_load(&shared->journal_needed),
		.most = 2 * store->journal_entries,
		.floor = atomic_load(&shared->journal_floor) };
	bool ok;

	if (!store_flush(store, err) || (store->journal_entries == 0 && !remove_epoch(store, err)))
		return false;
	if (!store->engine->ops->shared && !find_limits(store, STR_NULL, &trim, err))
		return false;
	/* Not the row of the epoch, which has the empty tenant. */
	buf_putc(&trim.from, 1);
	store_enter(store);
	store->uncounted = true;
	ok = trim_entries(store, &trim, err);
	store->uncounted = false;
	store_leave(store);
	*more = ok && !trim.end;
	buf_free(&trim.from);
	engine_batch_free(&trim.batch);
	return ok;
}
