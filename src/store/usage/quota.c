#include "store/index/state.h"

/*
 * No counter: the index holds the tasks by creation time, so the quota is two counts of a range,
 * inside the transaction. Creators that would count the same tasks wait for each other at the last
 * assigned number (number_next), so the count cannot grow before this one is committed.
 */
static int count_scope(struct store *store, const struct op *op, const struct index_field *field,
	bool archived, uint64_t *count)
{
	struct engine_range range = { 0 };
	struct index_key from, to;
	uint64_t found = 0;
	int rc;

	index_field_prefix(&from, op->tenant, op->dialect, archived, field);
	to = from;
	index_put_time(&from, op->quota.from);
	index_put_time(&to, op->quota.to);
	range.from = key_str(&from);
	range.to = key_str(&to);
	rc = store_count(store, &range, &found);
	*count += found;
	return rc;
}

static int count_created(struct store *store, const struct op *op, uint64_t *count)
{
	const struct index_field *field = index_field_by_code(
		store->indexes, op->dialect, INDEX_BY_CREATED);
	int rc;

	*count = 0;
	rc = count_scope(store, op, field, false, count);
	return rc == 0 ? count_scope(store, op, field, true, count) : rc;
}

int quota_check(struct store *store, const struct op *op, struct err *err)
{
	int64_t wait = op->quota.to - op->now;
	uint64_t count;
	int rc;

	if (!index_may_read(store, err))
		return STEP_FAILED;
	rc = count_created(store, op, &count);
	if (rc != 0 || count < op->quota.max_tasks)
		return rc;
	err_set(err, ERR_QUOTA, NULL, NULL);
	err->retry_after = wait > 0 ? (unsigned)((wait + 999) / 1000) : 0;
	return STEP_FAILED;
}
