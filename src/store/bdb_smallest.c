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

struct best {
	struct bdb_ranges *ranges;
	size_t *covers;
};

/* Counts ranges and keeps them if they are the smallest so far, or as small and say more. */
static bool keep_smaller(const struct bdb_query *query, struct bdb_ranges *ranges, size_t covers,
	const struct best *best, struct err *err)
{
	bool ok = bdb_run(query->store, BDB_READ, step_count, ranges, err);

	if (!ok || (best->ranges->at && (ranges->total > best->ranges->total ||
						(ranges->total == best->ranges->total &&
							covers <= *best->covers)))) {
		bdb_free_ranges(ranges);
		return ok;
	}
	bdb_free_ranges(best->ranges);
	*best->ranges = *ranges;
	*best->covers = covers;
	return true;
}

static bool try_filter(const struct bdb_query *query, size_t filter, uint8_t code,
	const struct best *best, struct err *err)
{
	struct bdb_ranges ranges;
	size_t covers;

	return bdb_filter_ranges(query, filter, code, &ranges, &covers, err) &&
	       keep_smaller(query, &ranges, covers, best, err);
}

static bool try_pair(
	const struct bdb_query *query, size_t a, size_t b, const struct best *best, struct err *err)
{
	struct bdb_ranges ranges;
	size_t covers;

	if (!bdb_pair_ranges(query, a, b, &ranges, &covers, err))
		return false;
	return covers == 0 || keep_smaller(query, &ranges, covers, best, err);
}

bool bdb_find_smallest(const struct bdb_query *query, struct bdb_ranges *ranges, size_t *covers,
	uint64_t *all, struct err *err)
{
	const struct list_query *list = &query->list;
	const struct best best = { ranges, covers };

	if (!try_filter(query, BDB_WHOLE, INDEX_BY_CREATED, &best, err))
		return false;
	*all = ranges->total;
	if ((list->updated.from || list->updated.to) &&
		!try_filter(query, BDB_WHOLE, INDEX_BY_UPDATED, &best, err))
		return false;
	for (size_t i = 0; i < list->filter_count; i++) {
		if (bdb_is_indexed(query, list->filters[i].field) &&
			!try_filter(query, i, 0, &best, err))
			return false;
		for (size_t k = 0; k < i; k++) {
			if (!try_pair(query, k, i, &best, err))
				return false;
		}
	}
	return true;
}
