/* What may be read of the entries of a tenant: see order.c; a shared engine asks its server. */
#include "store/journal/journal.h"

struct bounds_reading {
	struct str tenant;
	struct journal_bounds *bounds;
};

/*
 * A transaction of a shared engine takes numbers while it has locked the tenant, and keeps the lock
 * until others see it: no entry appears later below a number that can be seen.
 */
static int step_bounds(struct store *store, void *data, struct err *err)
{
	const struct bounds_reading *reading = data;
	struct journal_bounds *bounds = reading->bounds;
	uint64_t floor = atomic_load(&store->shared->journal_floor);
	struct engine_scope scope;
	int rc = journal_read_trimmed(store, reading->tenant, &bounds->trimmed);

	(void)err;
	if (rc == 0)
		rc = (int)store->engine->ops->read_scope(store->engine, reading->tenant, &scope);
	if (rc != 0)
		return rc;
	bounds->last = scope.number > bounds->trimmed ? scope.number : bounds->trimmed;
	bounds->last = bounds->last > floor ? bounds->last : floor;
	bounds->horizon = bounds->next = bounds->last + 1;
	return 0;
}

struct trimmed_reading {
	struct str tenant;
	uint64_t number;
};

static int step_trimmed(struct store *store, void *data, struct err *err)
{
	struct trimmed_reading *reading = data;

	(void)err;
	return journal_read_trimmed(store, reading->tenant, &reading->number);
}

/*
 * A store in files has rows of tenants only if it was copied, and none of them is above the floor:
 * they count until entries of all tenants were trimmed up to it.
 */
static bool has_trimmed_tenants(const struct store *store)
{
	return store->engine->ops->shared || atomic_load(&store->shared->journal_trimmed) <
						     atomic_load(&store->shared->journal_floor);
}

bool journal_read_bounds(
	struct store *store, struct str tenant, struct journal_bounds *bounds, struct err *err)
{
	struct bounds_reading reading = { tenant, bounds };
	struct trimmed_reading trimmed = { .tenant = tenant };

	if (store->engine->ops->shared)
		return step_run(store, ENGINE_READ, step_bounds, &reading, err);
	journal_find_bounds(store, tenant, bounds);
	if (!tenant.ptr || !has_trimmed_tenants(store))
		return true;
	if (!step_run(store, ENGINE_READ, step_trimmed, &trimmed, err))
		return false;
	if (trimmed.number > bounds->trimmed)
		bounds->trimmed = trimmed.number;
	return true;
}

bool journal_is_trimmed_behind(
	struct store *store, struct str tenant, uint64_t number, bool *trimmed, struct err *err)
{
	struct trimmed_reading reading = { .tenant = tenant,
		.number = atomic_load(&store->shared->journal_trimmed) };

	if (has_trimmed_tenants(store) &&
		!step_run(store, ENGINE_READ, step_trimmed, &reading, err))
		return false;
	*trimmed = number < reading.number;
	return true;
}
