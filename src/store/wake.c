/*
 * The counters that parked requests wait for. A transaction notes what it changes, and its commit
 * raises the counters: an atomic addition for a change that no request waits for.
 */
#include "store/wake.h"

#include "store/usage/usage.h"

/* FNV-1a. */
size_t store_tenant_stripe(struct str tenant)
{
	uint32_t hash = 2166136261U;

	for (size_t i = 0; i < tenant.len && i < INDEX_TENANT_MAX; i++)
		hash = (hash ^ (uint8_t)tenant.ptr[i]) * 16777619U;
	return (hash ^ hash >> 16) % STORE_COMMIT_STRIPES;
}

unsigned store_ready_source(struct str tenant)
{
	return (unsigned)store_tenant_stripe(tenant);
}

/* FNV-1a. A task that has the counter of another one is looked at once more. */
unsigned store_task_source(struct str tenant, const struct id *id)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < tenant.len && i < INDEX_TENANT_MAX; i++)
		hash = (hash ^ (uint8_t)tenant.ptr[i]) * UINT64_C(1099511628211);
	for (size_t i = 0; i < sizeof(id->bytes); i++)
		hash = (hash ^ id->bytes[i]) * UINT64_C(1099511628211);
	return STORE_COMMIT_STRIPES + (unsigned)((hash ^ hash >> 32) % STORE_TASK_STRIPES);
}

unsigned store_feed_source(struct str tenant)
{
	return STORE_COMMIT_STRIPES + STORE_TASK_STRIPES + (unsigned)store_tenant_stripe(tenant);
}

uint64_t store_wake_count(const struct store *store, unsigned source)
{
	return atomic_load(&store->shared->wake_counters[source]);
}

void wake_reset(struct store *store)
{
	store->makes_ready = false;
	if (store->changes_tasks)
		memset(store->changed, 0, sizeof(store->changed));
	store->changes_tasks = false;
}

void wake_note(struct store *store, const struct task *task)
{
	unsigned stripe = store_task_source(task->tenant, &task->id) - STORE_COMMIT_STRIPES;

	store->changes_tasks = true;
	store->changed[stripe / 64] |= UINT64_C(1) << stripe % 64;
}

static void raise_counter(struct store *store, unsigned source)
{
	atomic_fetch_add(&store->shared->wake_counters[source], 1);
}

static void raise_tasks(struct store *store, const uint64_t *tasks)
{
	for (unsigned i = 0; i < STORE_TASK_STRIPES / 64; i++) {
		for (uint64_t bits = tasks[i]; bits != 0; bits &= bits - 1)
			raise_counter(store,
				STORE_COMMIT_STRIPES + 64 * i + (unsigned)__builtin_ctzll(bits));
	}
}

static uint64_t bit(size_t stripe)
{
	_Static_assert(STORE_COMMIT_STRIPES <= 64, "a bit for each stripe");
	return UINT64_C(1) << stripe;
}

/* Other processes must not look for a change before they can see it. */
static void keep(struct store *store)
{
	struct announcements *kept = &store->unannounced;

	for (size_t i = 0; store->makes_ready && i < store->usage.count; i++)
		kept->ready |= bit(store_tenant_stripe(usage_tenant(&store->usage.rows[i])));
	for (unsigned i = 0; store->changes_tasks && i < STORE_TASK_STRIPES / 64; i++)
		kept->tasks[i] |= store->changed[i];
	kept->changes_tasks |= store->changes_tasks;
}

void wake_raise(struct store *store)
{
	if (store_has_rounds(store)) {
		keep(store);
		return;
	}
	for (size_t i = 0; store->makes_ready && i < store->usage.count; i++)
		raise_counter(store, store_ready_source(usage_tenant(&store->usage.rows[i])));
	if (store->changes_tasks)
		raise_tasks(store, store->changed);
}

static void raise_feed(struct store *store, unsigned stripe)
{
	raise_counter(store, STORE_COMMIT_STRIPES + STORE_TASK_STRIPES + stripe);
}

void wake_raise_feed(struct store *store, unsigned stripe)
{
	if (store_has_rounds(store))
		store->unannounced.feeds |= bit(stripe);
	else
		raise_feed(store, stripe);
}

static void raise_drains(struct store *store, size_t stripe)
{
	atomic_fetch_add(&store->shared->drains[stripe], 1);
	atomic_fetch_add(&store->shared->all_drains, 1);
}

void wake_raise_drains(struct store *store, struct str tenant)
{
	size_t stripe = store_tenant_stripe(tenant);

	if (store_has_rounds(store))
		store->unannounced.drains |= bit(stripe);
	else
		raise_drains(store, stripe);
}

void wake_raise_webhooks(struct store *store)
{
	if (store_has_rounds(store))
		store->unannounced.changes_webhooks = true;
	else
		atomic_fetch_add(&store->shared->webhook_changes, 1);
}

/* ---- after the flush of a round ---- */

void wake_announce(struct store *store)
{
	const struct announcements *kept = &store->unannounced;

	for (unsigned i = 0; i < STORE_COMMIT_STRIPES; i++) {
		if (kept->ready & bit(i))
			raise_counter(store, i);
		if (kept->feeds & bit(i))
			raise_feed(store, i);
		if (kept->drains & bit(i))
			raise_drains(store, i);
	}
	if (kept->changes_tasks)
		raise_tasks(store, kept->tasks);
	if (kept->changes_webhooks)
		atomic_fetch_add(&store->shared->webhook_changes, 1);
	wake_forget(store);
}

void wake_forget(struct store *store)
{
	store->unannounced = (struct announcements){ 0 };
}
