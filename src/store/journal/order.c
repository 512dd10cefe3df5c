/*
 * The order of the feed. A number is taken within a transaction, so an entry may be committed after
 * one with a higher number. A reader must not pass a number whose transaction is still open.
 *
 * So a transaction publishes a bound, its word in journal_open, before it takes its first number:
 * it loads journal_next, stores that as its word, and then takes the number by an atomic addition.
 * A reader loads journal_next, then all words; the lowest of these values is the horizon. It may
 * show all entries below it, because no entry below it can appear later: let n < horizon be the
 * number of an entry. Since n < journal_next as the reader has loaded it, n was taken before, and
 * the word of its transaction was stored before that. The reader has loaded this word afterwards:
 * it was at most n, which contradicts n < horizon, or it had been cleared, so the transaction was
 * committed or undone before the entries are read. (All of these accesses have one order.)
 *
 * Readers look at the words of their stripe only (store_tenant_stripe).
 */
#include "store/journal/journal.h"

#define STRIPE_BITS 8

static void raise(_Atomic uint64_t *number, uint64_t least)
{
	uint64_t now = atomic_load(number);

	while (now < least && !atomic_compare_exchange_weak(number, &now, least))
		;
}

/* ---- the writer ---- */

static void note_stripe(struct store *store, unsigned stripe)
{
	if (store->journal_last == 0)
		store->journal_stripe = stripe;
	else if (stripe != store->journal_stripe)
		store->journal_stripe = JOURNAL_ALL;
}

/* Numbers up to the floor are those of entries that were copied, or of places of clients. */
static int take_of_tenant(struct store *store, struct str tenant, uint64_t count, uint64_t *first)
{
	const struct engine_ops *ops = store->engine->ops;
	uint64_t floor = atomic_load(&store->shared->journal_floor), more;
	int rc = (int)ops->take_numbers(store->engine, tenant, count, first);

	if (rc != 0 || *first > floor)
		return rc;
	rc = (int)ops->take_numbers(store->engine, tenant, floor + 1 - *first, &more);
	*first = floor + 1;
	return rc;
}

int journal_take_numbers(struct store *store, struct str tenant, uint64_t count, uint64_t *first)
{
	struct store_shared *shared = store->shared;
	bool is_shared = store->engine->ops->shared;
	_Atomic uint64_t *word = &shared->journal_open[store->process];
	unsigned stripe = (unsigned)store_tenant_stripe(tenant);
	int rc = 0;

	note_stripe(store, stripe);
	if (is_shared)
		rc = take_of_tenant(store, tenant, count, first);
	else if (store->journal_last == 0)
		atomic_store(word, atomic_load(&shared->journal_next) << STRIPE_BITS | stripe);
	else if (store->journal_stripe == JOURNAL_ALL)
		atomic_store(word, atomic_load(word) | JOURNAL_ALL);
	if (!is_shared)
		*first = atomic_fetch_add(&shared->journal_next, count);
	if (rc == 0)
		store->journal_last = *first;
	return rc;
}

static void raise_feeds(struct store *store)
{
	if (store->journal_stripe != JOURNAL_ALL) {
		wake_raise_feed(store, store->journal_stripe);
		return;
	}
	for (unsigned stripe = 0; stripe < STORE_COMMIT_STRIPES; stripe++)
		wake_raise_feed(store, stripe);
}

void journal_note_commit(struct store *store)
{
	if (store->journal_last == 0)
		return;
	if (store->engine->ops->shared) {
		raise_feeds(store);
		return;
	}
	raise(&store->shared->journal_committed, store->journal_last);
	if (store->sync_commits)
		raise(&store->shared->journal_flushed, store->journal_last);
}

void journal_end(struct store *store)
{
	if (store->journal_last == 0)
		return;
	store->journal_last = 0;
	if (store->engine->ops->shared)
		return;
	atomic_store(&store->shared->journal_open[store->process], 0);
	raise_feeds(store);
}

/* ---- the reader ---- */

static uint64_t find_horizon(const struct store *store, unsigned stripe)
{
	const struct store_shared *shared = store->shared;
	uint64_t horizon = atomic_load(&shared->journal_next);

	for (size_t i = 0; i < STORE_PROCESSES; i++) {
		uint64_t word = atomic_load(&shared->journal_open[i]);
		unsigned of = (unsigned)(word & JOURNAL_ALL);

		if (word != 0 && word >> STRIPE_BITS < horizon &&
			(of == stripe || of == JOURNAL_ALL || stripe == JOURNAL_ALL))
			horizon = word >> STRIPE_BITS;
	}
	return horizon;
}

/*
 * A number that was never on disk may be given again after a crash. So a client must not get a
 * place behind it, unless the response waits until the entry is durable.
 */
void journal_find_bounds(
	const struct store *store, struct str tenant, struct journal_bounds *bounds)
{
	const struct store_shared *shared = store->shared;
	unsigned stripe = tenant.ptr ? (unsigned)store_tenant_stripe(tenant) : JOURNAL_ALL;
	uint64_t flushed;

	bounds->trimmed = atomic_load(&shared->journal_trimmed);
	bounds->horizon = find_horizon(store, stripe);
	bounds->next = atomic_load(&shared->journal_next);
	flushed = atomic_load(&shared->journal_flushed);
	bounds->last = bounds->horizon - 1 < flushed ? bounds->horizon - 1 : flushed;
}

/* ---- flushes ---- */

uint64_t journal_committed(const struct store *store)
{
	return atomic_load(&store->shared->journal_committed);
}

void journal_note_flush(struct store *store, uint64_t committed)
{
	raise(&store->shared->journal_flushed, committed);
}

/* ---- at the start ---- */

void journal_begin_behind(struct store *store, uint64_t last)
{
	struct store_shared *shared = store->shared;

	/* What was committed but lost may not be flushed any more. */
	if (store->alone)
		atomic_store(&shared->journal_committed, last);
	raise(&shared->journal_committed, last);
	raise(&shared->journal_flushed, last);
	/* Number 0 means none. Numbers go on if the processes before a recovery had taken more. */
	raise(&shared->journal_next, last + 1);
}

uint64_t journal_raise_trimmed(struct store *store, uint64_t number)
{
	raise(&store->shared->journal_trimmed, number);
	return atomic_load(&store->shared->journal_trimmed);
}
