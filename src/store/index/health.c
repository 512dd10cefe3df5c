#include "store/index/state.h"

#define RETRY_AFTER_MAX 60 /* seconds */

void index_set_health(struct store *store, enum index_health state)
{
	atomic_store(&store->shared->health.index, state);
}

bool store_index_is_complete(const struct store *store)
{
	return atomic_load(&store->shared->health.index) == INDEX_COMPLETE;
}

bool index_may_read(const struct store *store, struct err *err)
{
	const struct store_health *health = &store->shared->health;
	uint64_t left;

	if (store_index_is_complete(store))
		return true;
	err_set(err, ERR_REBUILDING, NULL,
		"The index is being rebuilt (%u %%); lists will work again shortly.",
		(unsigned)(atomic_load(&health->index_progress) / 10000));
	left = atomic_load(&health->index_left_ms) / 1000 + 1;
	err->retry_after = left < RETRY_AFTER_MAX ? (unsigned)left : RETRY_AFTER_MAX;
	return false;
}

void index_replace_later(struct store *store)
{
	index_set_health(store, INDEX_WAITING);
}

bool index_is_to_be_replaced(const struct store *store)
{
	return atomic_load(&store->shared->health.index) == INDEX_WAITING;
}
