#include "store/list/list.h"

/* ---- one index answers the query ---- */

/* Whether the index has the rows of the filter in the requested order. */
static bool is_in_order(const struct query *query, const struct list_filter *filter)
{
	const struct index_field *field = query_any_field(query, filter->field);

	if (!field || !filter_is_indexed(query, filter))
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

bool filter_is_indexed(const struct query *query, const struct list_filter *filter)
{
	uint8_t dialects[QUERY_DIALECTS_MAX];
	size_t count = query_dialects(query, dialects);
	size_t scopes = query->list.scope == LIST_BOTH ? 2 : 1;

	if (count * scopes * (filter->more_value_count + 1) > RANGES_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!filter_index(query, filter, dialects[i]))
			return false;
	}
	return true;
}

/*
 * The ranges of candidate number n: all tasks in scope, those of the times of update, then for each
 * filter its own ranges and those of its pairs with earlier filters. None: ranges->at is NULL.
 */
static bool make_candidate(const struct query *query, size_t n, struct range_set *ranges,
	size_t *satisfied, struct err *err)
{
	const struct list_query *list = &query->list;
	size_t filter = 0;

	*ranges = (struct range_set){ 0 };
	*satisfied = 0;
	if (n == 0)
		return filter_ranges(query, NO_FILTER, INDEX_BY_CREATED, ranges, satisfied, err);
	if (n == 1)
		return !time_range_is_set(&list->updated) ||
		       filter_ranges(query, NO_FILTER, INDEX_BY_UPDATED, ranges, satisfied, err);
	for (n -= 2; n > filter; n -= filter)
		filter++;
	if (n > 0)
		return pair_ranges(query, n - 1, filter, ranges, satisfied, err);
	return !filter_is_indexed(query, &list->filters[filter]) ||
	       filter_ranges(query, filter, 0, ranges, satisfied, err);
}

static size_t candidates(const struct query *query)
{
	size_t filters = query->list.filter_count;

	return 2 + filters * (filters + 1) / 2;
}

/* Between sets with the same number of entries, the one that satisfies more conditions is kept. */
static void keep_smaller(struct index_choice *choice)
{
	struct range_set *best = &choice->best, *ranges = &choice->counting;

	if (choice->next == 1)
		choice->all = ranges->total;
	if (best->at && (best->total < ranges->total ||
				(best->total == ranges->total &&
					choice->counting_satisfied <= choice->satisfied))) {
		ranges_free(ranges);
		return;
	}
	ranges_free(best);
	*best = *ranges;
	choice->satisfied = choice->counting_satisfied;
	*ranges = (struct range_set){ 0 };
}

struct counting {
	struct range_set *ranges;
	struct slice *slice;
};

static int step_count(struct store *store, void *data, struct err *err)
{
	const struct counting *counting = data;

	(void)err;
	ranges_new_step(counting->ranges);
	return ranges_count(store, counting->ranges, counting->slice);
}

bool choice_go_on(const struct query *query, struct index_choice *choice, struct slice *slice,
	struct err *err)
{
	struct counting counting = { &choice->counting, slice };

	while (!choice->done && !slice_is_over(slice)) {
		if (!choice->counting.at) {
			choice->done = choice->next == candidates(query);
			if (!choice->done &&
				!make_candidate(query, choice->next++, &choice->counting,
					&choice->counting_satisfied, err))
				return false;
			continue;
		}
		if (!step_run(query->store, ENGINE_READ, step_count, &counting, err))
			return false;
		if (ranges_are_counted(&choice->counting))
			keep_smaller(choice);
	}
	return true;
}

void choice_free(struct index_choice *choice)
{
	ranges_free(&choice->best);
	ranges_free(&choice->counting);
}
