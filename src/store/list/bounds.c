#include <stdlib.h>

#include "store/list/list.h"

/* ---- ranges ---- */

/* Cuts the range to times; its keys have a time behind the prefix. */
static void cut_range(struct key_range *range, const struct list_time_range *times)
{
	if (times->from != 0)
		index_put_time(&range->from, times->from);
	if (optional_time_is_set(times->to)) {
		range->to = range->prefix;
		range->to_end = false;
		index_put_time(&range->to, optional_time_ms(times->to));
	}
}

/* The time range that suits the keys behind the prefix: by creation, by update, or none. */
static const struct list_time_range *times_of(
	const struct query *query, const struct index_field *field, bool whole)
{
	static const struct list_time_range none;

	if (field->source == INDEX_UPDATED)
		return whole ? &query->list.updated : &none;
	if (field->source == INDEX_ALL || (!whole && !field->order_by))
		return &query->list.created;
	return &none;
}

/* Sets the bounds from the prefix and the time range. */
static void bound_range(const struct query *query, const struct index_field *field, bool whole,
	struct key_range *range)
{
	range->field = field;
	range->from = range->to = range->prefix;
	range->to_end = !index_prefix_end(&range->to);
	cut_range(range, times_of(query, field, whole));
}

static void make_range(const struct query *query, const struct index_field *field, uint8_t dialect,
	bool archived, const struct str *value, struct key_range *range)
{
	if (value)
		index_value_prefix(&range->prefix, query->tenant, dialect, archived, field, *value);
	else
		index_field_prefix(&range->prefix, query->tenant, dialect, archived, field);
	bound_range(query, field, !value, range);
}

/* Adds the ranges of one dialect: one per scope and value. */
static bool add_ranges(const struct query *query, const struct list_filter *filter, uint8_t dialect,
	uint8_t code, struct range_set *set, struct err *err)
{
	const struct index_field *field = filter ? filter_index(query, filter, dialect)
						 : query_field(query, dialect, code);
	size_t values = filter ? filter->more_value_count + 1 : 1;
	char scratch[INDEX_SCRATCH_SIZE];

	if (!field || field->unindexed)
		return err_set(err, ERR_INTERNAL, NULL,
			"there is no list by field %d of dialect %d", code, dialect);
	for (int archived = 0; archived <= 1; archived++) {
		if (!scope_includes(query->list.scope, archived))
			continue;
		for (size_t i = 0; i < values; i++) {
			struct str value = STR_NULL;

			if (filter)
				value = filter_index_value(field, filter, i, scratch);
			if (set->count == RANGES_MAX)
				return err_set(err, ERR_TOO_BROAD, NULL, NULL);
			make_range(query, field, dialect, archived, filter ? &value : NULL,
				&set->at[set->count++]);
		}
	}
	return true;
}

/* Two spellings of one value have the same range, which would show its tasks twice. */
static void drop_repeats(struct range_set *set)
{
	size_t kept = 0;

	for (size_t i = 0; i < set->count; i++) {
		size_t k = 0;

		while (k < kept &&
			!str_eq(key_str(&set->at[k].prefix), key_str(&set->at[i].prefix)))
			k++;
		if (k == kept)
			set->at[kept++] = set->at[i];
	}
	set->count = kept;
}

bool filter_ranges(const struct query *query, size_t filter, uint8_t code, struct range_set *set,
	size_t *satisfied, struct err *err)
{
	const struct list_filter *asked = filter == NO_FILTER ? NULL : &query->list.filters[filter];
	size_t values = asked ? asked->more_value_count + 1 : 1;
	uint8_t dialects[QUERY_DIALECTS_MAX];
	size_t count = query_dialects(query, dialects);
	struct range_set made = { .descending = query_is_descending(query) };
	size_t room = 2 * count * values;

	made.at = calloc(room < RANGES_MAX ? room + 1 : RANGES_MAX, sizeof(*made.at));
	if (!made.at)
		return err_no_memory(err);
	for (size_t i = 0; i < count; i++) {
		if (!add_ranges(
			    query, asked, dialects[i], asked ? asked->field : code, &made, err)) {
			ranges_free(&made);
			return false;
		}
	}
	drop_repeats(&made);
	*satisfied = asked ? 1 : 0;
	if (made.count > 0)
		*satisfied += time_range_is_set(times_of(query, made.at[0].field, !asked));
	*set = made;
	return true;
}

/* ---- two filters together ---- */

/* The pair index of two filters, or NULL; puts the filters in its order. */
static const struct index_field *find_pair(const struct query *query, size_t *a, size_t *b)
{
	const struct index_field *first = query_any_field(query, query->list.filters[*a].field);
	const struct index_field *second = query_any_field(query, query->list.filters[*b].field);
	size_t kept = *a;

	for (const struct index_field *field = index_fields(query->store->indexes, query->dialect);
		field && field->source != INDEX_END; field++) {
		if (field->source != INDEX_PAIR)
			continue;
		if (field->pair[0] == first && field->pair[1] == second)
			return field;
		if (field->pair[0] == second && field->pair[1] == first) {
			*a = *b;
			*b = kept;
			return field;
		}
	}
	return NULL;
}

static void add_pairs(const struct query *query, const struct index_field *field,
	const struct list_filter *first, const struct list_filter *second, bool archived,
	struct range_set *set)
{
	for (size_t i = 0; i <= first->more_value_count; i++) {
		for (size_t k = 0; k <= second->more_value_count; k++) {
			struct key_range *range = &set->at[set->count++];

			index_pair_prefix(&range->prefix, query->tenant, query->dialect, archived,
				field, filter_value(first, i), filter_value(second, k));
			bound_range(query, field, false, range);
		}
	}
}

bool pair_ranges(const struct query *query, size_t a, size_t b, struct range_set *set,
	size_t *satisfied, struct err *err)
{
	const struct index_field *field = find_pair(query, &a, &b);
	const struct list_filter *first = &query->list.filters[a];
	const struct list_filter *second = &query->list.filters[b];
	size_t pairs = (first->more_value_count + 1) * (second->more_value_count + 1);
	struct range_set made = { .descending = query_is_descending(query) };

	*set = made;
	*satisfied = 0;
	if (!field || 2 * pairs > RANGES_MAX)
		return true;
	made.at = calloc(2 * pairs, sizeof(*made.at));
	if (!made.at)
		return err_no_memory(err);
	for (int archived = 0; archived <= 1; archived++) {
		if (scope_includes(query->list.scope, archived))
			add_pairs(query, field, first, second, archived, &made);
	}
	drop_repeats(&made);
	*satisfied = 2 + time_range_is_set(&query->list.created);
	*set = made;
	return true;
}
