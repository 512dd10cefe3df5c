#include "store/hosts/counters.h"

#include "store/internal.h"
#include "store/packed.h"

static _Atomic uint64_t *counter(const struct store *store, size_t number)
{
	struct store_shared *shared = store->shared;

	if (number < STORE_WAKE_COUNTERS)
		return &shared->wake_counters[number];
	number -= STORE_WAKE_COUNTERS;
	return number < STORE_COMMIT_STRIPES ? &shared->drains[number] : &shared->webhook_changes;
}

void counters_tell(const struct store *store, uint64_t *told, struct buf *value)
{
	size_t last = 0;

	for (size_t i = 0; i < COUNTERS; i++) {
		uint64_t now = atomic_load_explicit(counter(store, i), memory_order_relaxed);

		if (now == told[i])
			continue;
		told[i] = now;
		packed_put_number(value, i - last);
		last = i;
	}
}

/* A process of this host may raise the counter at the same time: the next row tells that. */
static void raise(struct store *store, uint64_t *told, size_t number)
{
	atomic_fetch_add(counter(store, number), 1);
	told[number]++;
	if (number >= STORE_WAKE_COUNTERS && number < COUNTERS - 1)
		atomic_fetch_add(&store->shared->all_drains, 1);
}

void counters_hear(struct store *store, uint64_t *told, struct str value)
{
	uint64_t number = 0, distance;

	while (value.len > 0 && packed_read_number(&value, &distance)) {
		if (distance >= COUNTERS - number)
			return;
		number += distance;
		raise(store, told, number);
	}
}

void counters_hear_all(struct store *store, uint64_t *told)
{
	for (size_t i = 0; i < COUNTERS; i++)
		raise(store, told, i);
}
