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
	struct engine_scope scope;
	int rc = journal_read_trimmed(store, reading->tenant, &bounds->trimmed);

	(void)err;
	if (rc == 0)
		rc = (int)store->engine->ops->read_scope(store->engine, reading->tenant, &scope);
	if (rc != 0)
		return rc;
	bounds->last = scope.number > bounds->trimmed ? scope.number : bounds->trimmed;
	bounds->horizon = bounds->next = bounds->last + 1;
	return 0;
}

bool journal_read_bounds(
	struct store *store, struct str tenant, struct journal_bounds *bounds, struct err *err)
{
	struct bounds_reading reading = { tenant, bounds };

	if (store->engine->ops->shared)
		return step_run(store, ENGINE_READ, step_bounds, &reading, err);
	journal_find_bounds(store, tenant, bounds);
	return true;
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

bool journal_is_trimmed_behind(
	struct store *store, struct str tenant, uint64_t number, bool *trimmed, struct err *err)
{
	struct trimmed_reading reading = { .tenant = tenant,
		.number = atomic_load(&store->shared->journal_trimmed) };

	if (store->engine->ops->shared &&
		!step_run(store, ENGINE_READ, step_trimmed, &reading, err))
		return false;
	*trimmed = number < reading.number;
	return true;
}
