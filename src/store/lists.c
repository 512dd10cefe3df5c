#include "store/lists.h"

#include <sys/random.h>

#include "base/clock.h"
#include "store/internal.h"

/* ---- the numbers ---- */

uint64_t store_list_epoch(const struct store *store)
{
	return atomic_load(&store->shared->list_epoch);
}

void store_change_list_epoch(struct store_shared *shared)
{
	uint64_t epoch;

	if (getrandom(&epoch, sizeof(epoch), 0) != (ssize_t)sizeof(epoch))
		epoch = atomic_load(&shared->list_epoch) + (uint64_t)clock_wall_ms();
	atomic_store(&shared->list_epoch, epoch);
}

/* `done` is read first: a commit that is counted in it has raised its counters. */
static bool is_quiet(const struct store *store, struct str tenant)
{
	const struct store_commits *commits =
		&store->shared->tenant_commits[store_tenant_stripe(tenant)];
	uint64_t done = atomic_load(&commits->done);

	return atomic_load(&commits->started) == done;
}

/* FNV-1a. */
static unsigned stripe_of(struct str tenant, uint8_t dialect)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < tenant.len && i < INDEX_TENANT_MAX; i++)
		hash = (hash ^ (uint8_t)tenant.ptr[i]) * UINT64_C(1099511628211);
	hash = (hash ^ dialect) * UINT64_C(1099511628211);
	return (unsigned)((hash ^ hash >> 32) % STORE_LIST_STRIPES);
}

struct version_reading {
	struct str tenant;
	struct commit_counts counts;
};

static int step_version(struct store *store, void *data, struct err *err)
{
	struct version_reading *reading = data;

	(void)err;
	return store_read_commits(store, reading->tenant, &reading->counts);
}

/* Without an answer of the server the tag is one that no list has. */
static uint64_t read_version(struct store *store, struct str tenant, bool *comparable)
{
	struct version_reading reading = { .tenant = tenant };
	struct err err;
	bool ok = step_call(store, ENGINE_READ, step_version, &reading, &err);

	if (comparable)
		*comparable = ok;
	return ok ? reading.counts.started : store_random(store);
}

uint64_t store_list_changes(struct store *store, struct str tenant, const uint8_t *dialects,
	size_t count, bool *comparable)
{
	uint64_t sum = 0;

	if (store->engine->ops->shared)
		return read_version(store, tenant, comparable);
	if (comparable)
		*comparable = is_quiet(store, tenant);
	for (size_t i = 0; i < count; i++)
		sum += atomic_load(&store->shared->list_changes[stripe_of(tenant, dialects[i])]);
	return sum;
}

/* ---- a transaction ---- */

void lists_reset(struct store *store)
{
	if (store->changes_tasks)
		memset(store->changed_lists, 0, sizeof(store->changed_lists));
}

void lists_note(struct store *store, const struct task *task)
{
	unsigned stripe = stripe_of(task->tenant, task->dialect);

	store->changed_lists[stripe / 64] |= UINT64_C(1) << stripe % 64;
}

void lists_raise(struct store *store)
{
	for (unsigned i = 0; store->changes_tasks && i < STORE_LIST_STRIPES / 64; i++) {
		for (uint64_t bits = store->changed_lists[i]; bits != 0; bits &= bits - 1)
			atomic_fetch_add(
				&store->shared
					 ->list_changes[64 * i + (unsigned)__builtin_ctzll(bits)],
				1);
	}
}
