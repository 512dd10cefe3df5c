#include "store/list.h"

/*
 * No counter: the index, which has the tasks by creation, is asked for two record numbers a place,
 * inside the transaction. Those who would count the same tasks wait for each other at the last
 * number that was given (number_next), so what is counted cannot grow before this one is
 * committed.
 */

static int count_place(DBC *cursor, const struct op *op, const struct index_field *field,
	bool archived, uint64_t *count)
{
	struct index_key from, to;
	uint64_t first = 0, end = 0;
	int rc;

	index_field_prefix(&from, op->tenant, op->dialect, archived, field);
	to = from;
	index_put_time(&from, op->quota.from);
	index_put_time(&to, op->quota.to);
	rc = cursor_rank(cursor, &from, &first);
	if (rc == 0)
		rc = cursor_rank(cursor, &to, &end);
	if (rc == 0 && end > first)
		*count += end - first;
	return rc;
}

/*
 * What is read is not locked until the end (DB_READ_COMMITTED): everybody who inserts changes the
 * counts at the top of this tree.
 */
static int count_created(struct store *store, DB_TXN *txn, const struct op *op, uint64_t *count)
{
	const struct index_field *field = index_field_by_code(
		store->indexes, op->dialect, INDEX_BY_CREATED);
	DBC *cursor;
	int rc = store->ranks->cursor(store->ranks, txn, &cursor, DB_READ_COMMITTED), closed;

	*count = 0;
	if (rc != 0)
		return rc;
	rc = count_place(cursor, op, field, false, count);
	if (rc == 0)
		rc = count_place(cursor, op, field, true, count);
	closed = cursor->close(cursor);
	return rc != 0 ? rc : closed;
}

int quota_check(struct store *store, DB_TXN *txn, const struct op *op, struct err *err)
{
	int64_t wait = op->quota.to - op->now;
	uint64_t count;
	int rc = count_created(store, txn, op, &count);

	if (rc != 0 || count < op->quota.max_tasks)
		return rc;
	err_set(err, ERR_QUOTA, NULL, NULL);
	err->retry_after = wait > 0 ? (unsigned)((wait + 999) / 1000) : 0;
	return STEP_FAILED;
}
