#include "store/bdb_list.h"

bool bdb_is_indexed(const struct bdb_query *query, uint8_t code)
{
	const struct index_table *tables = query->store->indexes;
	uint8_t dialect = query->dialect ? query->dialect : tables->dialect;
	const struct index_field *field = index_field_by_code(tables, dialect, code);

	return field && !field->unindexed;
}

static int step_count(struct store *store, DB_TXN *txn, void *data, struct err *err)
{
	struct bdb_ranges *ranges = data;
	DBC *cursor;
	int rc = store->ranks->cursor(store->ranks, txn, &cursor, 0), closed;

	(void)err;
	if (rc != 0)
		return rc;
	rc = bdb_count_ranges(cursor, ranges);
	closed = cursor->close(cursor);
	return rc != 0 ? rc : closed;
}

/* Counts a condition's ranges and keeps them if they are the smallest so far. */
static bool try_ranges(const struct bdb_query *query, size_t filter, uint8_t code,
	struct bdb_ranges *best, size_t *best_covers, struct err *err)
{
	struct bdb_ranges ranges;
	size_t covers;

	if (!bdb_filter_ranges(query, filter, code, &ranges, &covers, err))
		return false;
	if (!bdb_run(query->store, BDB_READ, step_count, &ranges, err)) {
		bdb_free_ranges(&ranges);
		return false;
	}
	if (best->at && (ranges.total > best->total ||
				(ranges.total == best->total && covers <= *best_covers))) {
		bdb_free_ranges(&ranges);
		return true;
	}
	bdb_free_ranges(best);
	*best = ranges;
	*best_covers = covers;
	return true;
}

bool bdb_find_smallest(const struct bdb_query *query, struct bdb_ranges *ranges, size_t *covers,
	uint64_t *all, struct err *err)
{
	const struct list_query *list = &query->list;

	if (!try_ranges(query, BDB_WHOLE, INDEX_BY_ALL, ranges, covers, err))
		return false;
	*all = ranges->total;
	if ((list->updated.from || list->updated.to) &&
		!try_ranges(query, BDB_WHOLE, INDEX_BY_UPDATED, ranges, covers, err))
		return false;
	for (size_t i = 0; i < list->filter_count; i++) {
		if (bdb_is_indexed(query, list->filters[i].field) &&
			!try_ranges(query, i, 0, ranges, covers, err))
			return false;
	}
	return true;
}
