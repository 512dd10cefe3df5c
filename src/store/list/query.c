#include "store/list/list.h"

bool query_has_dialect(const struct query *query, uint8_t dialect)
{
	const struct list_query *list = &query->list;

	if (query->dialect != 0)
		return dialect == query->dialect;
	for (size_t i = 0; i < list->dialect_count; i++) {
		if (list->dialects[i] == dialect)
			return true;
	}
	return list->dialect_count == 0 && dialect < INDEX_RESOURCE_DIALECTS;
}

size_t query_dialects(const struct query *query, uint8_t dialects[QUERY_DIALECTS_MAX])
{
	size_t count = 0;

	for (const struct index_table *table = query->store->indexes;
		table->fields && count < QUERY_DIALECTS_MAX; table++) {
		if (query_has_dialect(query, table->dialect))
			dialects[count++] = table->dialect;
	}
	return count;
}

bool scope_includes(enum list_scope scope, bool archived)
{
	return scope == LIST_BOTH || archived == (scope == LIST_ARCHIVED);
}

const struct index_field *query_field(const struct query *query, uint8_t dialect, uint8_t code)
{
	return index_field_by_code(query->store->indexes, dialect, code);
}

const struct index_field *query_any_field(const struct query *query, uint8_t code)
{
	uint8_t dialects[QUERY_DIALECTS_MAX];

	return query_dialects(query, dialects) > 0 ? query_field(query, dialects[0], code) : NULL;
}

struct str filter_value(const struct list_filter *filter, size_t i)
{
	return i == 0 ? filter->value : filter->more_values[i - 1];
}

static bool has_kind_values(const struct index_field *index, const struct list_filter *filter)
{
	char scratch[INDEX_SCRATCH_SIZE];

	for (size_t i = 0; i <= filter->more_value_count; i++) {
		if (!index->kind_value(filter_value(filter, i), scratch).ptr)
			return false;
	}
	return true;
}

const struct index_field *filter_index(
	const struct query *query, const struct list_filter *filter, uint8_t dialect)
{
	const struct index_field *field = query_field(query, dialect, filter->field);

	if (!field || !field->unindexed)
		return field;
	if (field->source != INDEX_KIND)
		return NULL;
	field = index_fields(query->store->indexes, dialect);
	while (field->source != INDEX_END && !field->kind_value)
		field++;
	return field->source != INDEX_END && has_kind_values(field, filter) ? field : NULL;
}

struct str filter_index_value(const struct index_field *index, const struct list_filter *filter,
	size_t i, char scratch[INDEX_SCRATCH_SIZE])
{
	struct str value = filter_value(filter, i);

	return filter->field == INDEX_BY_KIND ? index->kind_value(value, scratch) : value;
}

uint8_t query_sort_field(const struct query *query)
{
	return query->list.sort_count > 0 ? query->list.sorts[0].field : INDEX_BY_CREATED;
}

bool query_is_descending(const struct query *query)
{
	return query->list.sort_count > 0 && query->list.sorts[0].descending;
}

bool time_range_is_set(const struct list_time_range *range)
{
	return range->from != 0 || optional_time_is_set(range->to);
}

size_t query_conditions(const struct query *query)
{
	return query->list.filter_count + time_range_is_set(&query->list.created) +
	       time_range_is_set(&query->list.updated) + (query->list.test ? 1 : 0);
}

uint64_t list_offset(const struct list_query *list, uint64_t total)
{
	if (!list->clamp_offset || list->limit == 0 || list->offset < total)
		return list->offset;
	return total == 0 ? 0 : (total - 1) / list->limit * list->limit;
}

static bool is_unique(const struct index_field *field)
{
	return field && field->source == INDEX_NUMBER;
}

/*
 * Whether entries of equal value of `before` are in the order of `last`: they are in the order of
 * creation. Numbers are given in that order too, but the number alone decides only between tasks of
 * one moment: an import may bring others.
 */
static bool is_implied(const struct index_field *last, const struct index_field *before)
{
	if (!last || !before || before->order_by)
		return false;
	return last->source == INDEX_ALL ||
	       (last->source == INDEX_NUMBER && before->source == INDEX_ALL);
}

/* A sort that is implied must also have the direction of the one before. */
void query_drop_sorts(struct query *query)
{
	struct list_query *list = &query->list;
	const struct list_sort *sorts = list->sorts;

	for (size_t i = 0; i < list->sort_count; i++) {
		if (is_unique(query_any_field(query, sorts[i].field)))
			list->sort_count = i + 1;
	}
	for (size_t n = list->sort_count; n > 1; n = list->sort_count) {
		const struct list_sort *last = &sorts[n - 1], *before = last - 1;

		if (last->descending != before->descending ||
			!is_implied(query_any_field(query, last->field),
				query_any_field(query, before->field)))
			break;
		list->sort_count--;
	}
}

static bool check_field(const struct query *query, uint8_t code, struct err *err)
{
	return query_any_field(query, code) ||
	       err_set(err, ERR_INTERNAL, NULL, "there is no list by field %d of dialect %d", code,
		       query->dialect);
}

bool query_check(const struct query *query, struct err *err)
{
	const struct list_query *list = &query->list;
	bool ok = true;

	if (list->after_cursor.len > KEY_SUFFIX_MAX)
		return err_set(err, ERR_INVALID, "cursor", NULL);
	for (size_t i = 0; ok && i < list->filter_count; i++)
		ok = check_field(query, list->filters[i].field, err);
	for (size_t i = 0; ok && i < list->sort_count; i++)
		ok = check_field(query, list->sorts[i].field, err);
	return ok;
}
