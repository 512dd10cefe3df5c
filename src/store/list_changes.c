#include "store/internal.h"
#include "store/lists.h"

uint64_t store_list_epoch(const struct store *store)
{
	return atomic_load(&store->shared->list_epoch);
}

/* `done` is read first: a commit that is counted in it has raised its counters. */
static bool is_quiet(const struct store *store, struct str tenant)
{
	const struct store_commits *commits =
		&store->shared->tenant_commits[store_tenant_stripe(tenant)];
	uint64_t done = atomic_load(&commits->done);

	return atomic_load(&commits->started) == done;
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
		sum += atomic_load(&store->shared->list_changes[lists_stripe(tenant, dialects[i])]);
	return sum;
}
