#include "store/list/list.h"

/* ---- one index answers the query ---- */

/* Whether the index has the rows of the filter in the requested order. */
static bool is_in_order(const struct query *query, const struct list_filter *filter)
{
	const struct index_field *field = query_any_field(query, filter->field);

	if (!field || field->unindexed)
		return false;
	if (query_sort_field(query) == filter->field)
		return filter->more_value_count == 0;
	return query_sort_field(query) == INDEX_BY_CREATED && !field->order_by;
}

/* Two filters that have a pair index, in the order of creation. */
static bool direct_pair(
	const struct query *query, struct range_set *ranges, bool *direct, struct err *err)
{
	size_t satisfied;

	if (query_sort_field(query) != INDEX_BY_CREATED)
		return true;
	if (!pair_ranges(query, 0, 1, ranges, &satisfied, err))
		return false;
	*direct = satisfied > 0 && satisfied == query_conditions(query);
	if (!*direct)
		ranges_free(ranges);
	return true;
}

bool query_direct_ranges(
	const struct query *query, struct range_set *ranges, bool *direct, struct err *err)
{
	const struct list_query *list = &query->list;
	const struct index_field *sort = query_any_field(query, query_sort_field(query));
	size_t filter = list->filter_count == 1 ? 0 : NO_FILTER, satisfied;

	*direct = false;
	if (list->sort_count > 1 || list->filter_count > 2)
		return true;
	if (list->filter_count == 2)
		return direct_pair(query, ranges, direct, err);
	if (filter == 0 ? !is_in_order(query, &list->filters[0]) : sort && sort->unindexed)
		return true;
	if (!filter_ranges(query, filter, query_sort_field(query), ranges, &satisfied, err))
		return false;
	*direct = satisfied == query_conditions(query);
	if (!*direct)
		ranges_free(ranges);
	return true;
}

/* ---- the smallest condition ---- */

bool query_is_indexed(const struct query *query, uint8_t code)
{
	const struct index_table *tables = query->store->indexes;
	uint8_t dialect = query->dialect ? query->dialect : tables->dialect;
	const struct index_field *field = index_field_by_code(tables, dialect, code);

	return field && !field->unindexed;
}

static int step_count(struct store *store, void *data, struct err *err)
{
	(void)err;
	return ranges_count(store, data);
}

struct best {
	struct range_set *ranges;
	size_t *satisfied;
};

/*
 * Counts ranges and keeps them if they are the smallest so far. Of equal ones it keeps those that
 * satisfy more conditions.
 */
static bool keep_smaller(const struct query *query, struct range_set *ranges, size_t satisfied,
	const struct best *best, struct err *err)
{
	bool ok = step_run(query->store, ENGINE_READ, step_count, ranges, err);

	if (!ok || (best->ranges->at && (ranges->total > best->ranges->total ||
						(ranges->total == best->ranges->total &&
							satisfied <= *best->satisfied)))) {
		ranges_free(ranges);
		return ok;
	}
	ranges_free(best->ranges);
	*best->ranges = *ranges;
	*best->satisfied = satisfied;
	return true;
}

static bool try_filter(const struct query *query, size_t filter, uint8_t code,
	const struct best *best, struct err *err)
{
	struct range_set ranges;
	size_t satisfied;

	return filter_ranges(query, filter, code, &ranges, &satisfied, err) &&
	       keep_smaller(query, &ranges, satisfied, best, err);
}

static bool try_pair(
	const struct query *query, size_t a, size_t b, const struct best *best, struct err *err)
{
	struct range_set ranges;
	size_t satisfied;

	if (!pair_ranges(query, a, b, &ranges, &satisfied, err))
		return false;
	return satisfied == 0 || keep_smaller(query, &ranges, satisfied, best, err);
}

bool choose_index(const struct query *query, struct range_set *ranges, size_t *satisfied,
	uint64_t *all, struct err *err)
{
	const struct list_query *list = &query->list;
	const struct best best = { ranges, satisfied };

	if (!try_filter(query, NO_FILTER, INDEX_BY_CREATED, &best, err))
		return false;
	*all = ranges->total;
	if (time_range_is_set(&list->updated) &&
		!try_filter(query, NO_FILTER, INDEX_BY_UPDATED, &best, err))
		return false;
	for (size_t i = 0; i < list->filter_count; i++) {
		if (query_is_indexed(query, list->filters[i].field) &&
			!try_filter(query, i, 0, &best, err))
			return false;
		for (size_t k = 0; k < i; k++) {
			if (!try_pair(query, k, i, &best, err))
				return false;
		}
	}
	return true;
}
