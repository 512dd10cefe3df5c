#include "store/lists.h"

#include <sys/random.h>

#include "base/clock.h"
#include "store/internal.h"

/* ---- the numbers ---- */

void store_change_list_epoch(struct store_shared *shared)
{
	uint64_t epoch;

	if (getrandom(&epoch, sizeof(epoch), 0) != (ssize_t)sizeof(epoch))
		epoch = atomic_load(&shared->list_epoch) + (uint64_t)clock_wall_ms();
	atomic_store(&shared->list_epoch, epoch);
}

/* FNV-1a. */
unsigned lists_stripe(struct str tenant, uint8_t dialect)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < tenant.len && i < INDEX_TENANT_MAX; i++)
		hash = (hash ^ (uint8_t)tenant.ptr[i]) * UINT64_C(1099511628211);
	hash = (hash ^ dialect) * UINT64_C(1099511628211);
	return (unsigned)((hash ^ hash >> 32) % STORE_LIST_STRIPES);
}

/* ---- a transaction ---- */

void lists_reset(struct store *store)
{
	if (store->changes_tasks)
		memset(store->changed_lists, 0, sizeof(store->changed_lists));
}

void lists_note(struct store *store, const struct task *task)
{
	unsigned stripe = lists_stripe(task->tenant, task->dialect);

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
