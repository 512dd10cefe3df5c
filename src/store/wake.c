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

void wake_raise(struct store *store)
{
	for (size_t i = 0; store->makes_ready && i < store->usage.count; i++)
		raise_counter(store, store_ready_source(usage_tenant(&store->usage.rows[i])));
	for (unsigned i = 0; store->changes_tasks && i < STORE_TASK_STRIPES / 64; i++) {
		for (uint64_t bits = store->changed[i]; bits != 0; bits &= bits - 1)
			raise_counter(store,
				STORE_COMMIT_STRIPES + 64 * i + (unsigned)__builtin_ctzll(bits));
	}
}

void wake_raise_feed(struct store *store, unsigned stripe)
{
	raise_counter(store, STORE_COMMIT_STRIPES + STORE_TASK_STRIPES + stripe);
}
