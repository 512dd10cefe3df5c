#include <stdlib.h>

#include "store/bdb_list.h"

#define RANGES_MAX   192
#define DIALECTS_MAX 32

uint8_t bdb_sort_code(const struct bdb_query *query)
{
	return query->list.sort_count > 0 ? query->list.sorts[0].field : INDEX_BY_ALL;
}

bool bdb_is_descending(const struct bdb_query *query)
{
	return query->list.sort_count > 0 && query->list.sorts[0].descending;
}

static bool is_set(const struct list_span *span)
{
	return span->from != 0 || span->to != 0;
}

size_t bdb_conditions(const struct bdb_query *query)
{
	return query->list.filter_count + is_set(&query->list.created) +
	       is_set(&query->list.updated);
}

/* ---- where to look ---- */

static bool is_asked_for(const struct bdb_query *query, uint8_t dialect)
{
	const struct list_query *list = &query->list;

	if (query->dialect != 0)
		return dialect == query->dialect;
	for (size_t i = 0; i < list->dialect_count; i++) {
		if (list->dialects[i] == dialect)
			return true;
	}
	return list->dialect_count == 0 && dialect < INDEX_RESOURCES;
}

static size_t dialects_of(const struct bdb_query *query, uint8_t dialects[DIALECTS_MAX])
{
	size_t count = 0;

	for (const struct index_table *table = query->store->indexes;
		table->fields && count < DIALECTS_MAX; table++) {
		if (is_asked_for(query, table->dialect))
			dialects[count++] = table->dialect;
	}
	return count;
}

static bool is_in_place(enum list_place place, bool archived)
{
	return place == LIST_BOTH || archived == (place == LIST_ARCHIVED);
}

/* ---- ranges ---- */

/* Ends the range at a time of the kind that its entries have behind the prefix. */
static void cut_range(struct bdb_range *range, const struct list_span *span)
{
	if (span->from != 0)
		index_put_time(&range->from, span->from);
	if (span->to != 0) {
		range->to = range->prefix;
		range->to_end = false;
		index_put_time(&range->to, span->to);
	}
}

/* Which time the entries behind the prefix begin with: that of creation, of the update, or none. */
static const struct list_span *span_of(
	const struct bdb_query *query, const struct index_field *field, bool whole)
{
	static const struct list_span none;

	if (field->source == INDEX_UPDATED)
		return whole ? &query->list.updated : &none;
	if (field->source == INDEX_ALL || (!whole && !field->order))
		return &query->list.created;
	return &none;
}

static struct str value_of(const struct list_filter *filter, size_t i)
{
	return i == 0 ? filter->value : filter->others[i - 1];
}

static void make_range(const struct bdb_query *query, const struct index_field *field,
	uint8_t dialect, bool archived, const struct str *value, struct bdb_range *range)
{
	if (value)
		index_value_prefix(&range->prefix, query->tenant, dialect, archived, field, *value);
	else
		index_field_prefix(&range->prefix, query->tenant, dialect, archived, field);
	range->field = field;
	range->from = range->to = range->prefix;
	range->to_end = !index_after(&range->to);
	cut_range(range, span_of(query, field, !value));
}

/* Ends what make_range and its like began. */
static void finish_range(
	const struct bdb_query *query, const struct index_field *field, struct bdb_range *range)
{
	range->field = field;
	range->from = range->to = range->prefix;
	range->to_end = !index_after(&range->to);
	cut_range(range, &query->list.created);
}

/* The ranges of one dialect: a place and a value each. */
static bool add_ranges(const struct bdb_query *query, const struct list_filter *filter,
	uint8_t dialect, uint8_t code, struct bdb_ranges *ranges, struct err *err)
{
	const struct index_field *field = index_field_by_code(query->store->indexes, dialect, code);
	size_t values = filter ? filter->other_count + 1 : 1;

	if (!field || field->unindexed)
		return err_set(err, ERR_INTERNAL, NULL,
			"there is no list by field %d of dialect %d", code, dialect);
	for (int archived = 0; archived <= 1; archived++) {
		if (!is_in_place(query->list.place, archived))
			continue;
		for (size_t i = 0; i < values; i++) {
			struct str value = filter ? value_of(filter, i) : STR_NULL;

			if (ranges->count == RANGES_MAX)
				return err_set(err, ERR_TOO_BROAD, NULL, NULL);
			make_range(query, field, dialect, archived, filter ? &value : NULL,
				&ranges->at[ranges->count++]);
		}
	}
	return true;
}

/* Two spellings of one value would show its tasks twice. */
static void drop_repeats(struct bdb_ranges *ranges)
{
	size_t kept = 0;

	for (size_t i = 0; i < ranges->count; i++) {
		size_t k = 0;

		while (k < kept &&
			!str_eq(bdb_key(&ranges->at[k].prefix), bdb_key(&ranges->at[i].prefix)))
			k++;
		if (k == kept)
			ranges->at[kept++] = ranges->at[i];
	}
	ranges->count = kept;
}

bool bdb_filter_ranges(const struct bdb_query *query, size_t filter, uint8_t code,
	struct bdb_ranges *ranges, size_t *covers, struct err *err)
{
	const struct list_filter *asked = filter == BDB_WHOLE ? NULL : &query->list.filters[filter];
	size_t values = asked ? asked->other_count + 1 : 1;
	uint8_t dialects[DIALECTS_MAX];
	size_t count = dialects_of(query, dialects);
	struct bdb_ranges made = { .descending = bdb_is_descending(query) };
	size_t room = 2 * count * values;

	made.at = calloc(room < RANGES_MAX ? room + 1 : RANGES_MAX, sizeof(*made.at));
	if (!made.at)
		return err_set(err, ERR_NO_MEMORY, NULL, NULL);
	for (size_t i = 0; i < count; i++) {
		if (!add_ranges(
			    query, asked, dialects[i], asked ? asked->field : code, &made, err)) {
			bdb_free_ranges(&made);
			return false;
		}
	}
	drop_repeats(&made);
	*covers = asked ? 1 : 0;
	if (made.count > 0)
		*covers += is_set(span_of(query, made.at[0].field, !asked));
	*ranges = made;
	return true;
}

/* ---- what one index answers ---- */

static const struct index_field *field_of(
	const struct bdb_query *query, uint8_t dialect, uint8_t code)
{
	return index_field_by_code(query->store->indexes, dialect, code);
}

/* Fields that several dialects have are the common ones, alike in all. */
static const struct index_field *any_field(const struct bdb_query *query, uint8_t code)
{
	uint8_t dialects[DIALECTS_MAX];

	return dialects_of(query, dialects) > 0 ? field_of(query, dialects[0], code) : NULL;
}

static bool check_field(const struct bdb_query *query, uint8_t code, struct err *err)
{
	return any_field(query, code) ||
	       err_set(err, ERR_INTERNAL, NULL, "there is no list by field %d of dialect %d", code,
		       query->dialect);
}

bool bdb_check_query(const struct bdb_query *query, struct err *err)
{
	const struct list_query *list = &query->list;
	bool ok = true;

	if (list->after.len > BDB_TAIL_MAX)
		return err_set(err, ERR_INVALID, "cursor", NULL);
	for (size_t i = 0; ok && i < list->filter_count; i++)
		ok = check_field(query, list->filters[i].field, err);
	for (size_t i = 0; ok && i < list->sort_count; i++)
		ok = check_field(query, list->sorts[i].field, err);
	return ok;
}

/* Whether the rows of a filter stand in the order that is asked for. */
static bool is_in_order(const struct bdb_query *query, const struct list_filter *filter)
{
	const struct index_field *field = any_field(query, filter->field);

	if (!field || field->unindexed)
		return false;
	if (bdb_sort_code(query) == filter->field)
		return filter->other_count == 0;
	return bdb_sort_code(query) == INDEX_BY_ALL && !field->order;
}

const struct index_field *bdb_find_pair(const struct bdb_query *query, size_t *a, size_t *b)
{
	const struct index_field *first = any_field(query, query->list.filters[*a].field);
	const struct index_field *second = any_field(query, query->list.filters[*b].field);
	const struct index_table *table = query->store->indexes;
	size_t kept = *a;

	while (table->fields && table->dialect != query->dialect)
		table++;
	for (const struct index_field *field = table->fields; field && field->source != INDEX_END;
		field++) {
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

static void add_pairs(const struct bdb_query *query, const struct index_field *field,
	const struct list_filter *first, const struct list_filter *second, bool archived,
	struct bdb_ranges *ranges)
{
	for (size_t i = 0; i <= first->other_count; i++) {
		for (size_t k = 0; k <= second->other_count; k++) {
			struct bdb_range *range = &ranges->at[ranges->count++];

			index_pair_prefix(&range->prefix, query->tenant, query->dialect, archived,
				field, value_of(first, i), value_of(second, k));
			finish_range(query, field, range);
		}
	}
}

bool bdb_pair_ranges(const struct bdb_query *query, size_t a, size_t b, struct bdb_ranges *ranges,
	size_t *covers, struct err *err)
{
	const struct index_field *field = bdb_find_pair(query, &a, &b);
	const struct list_filter *first = &query->list.filters[a];
	const struct list_filter *second = &query->list.filters[b];
	size_t pairs = (first->other_count + 1) * (second->other_count + 1);
	struct bdb_ranges made = { .descending = bdb_is_descending(query) };

	*ranges = made;
	*covers = 0;
	if (!field || 2 * pairs > RANGES_MAX)
		return true;
	made.at = calloc(2 * pairs, sizeof(*made.at));
	if (!made.at)
		return err_set(err, ERR_NO_MEMORY, NULL, NULL);
	for (int archived = 0; archived <= 1; archived++) {
		if (is_in_place(query->list.place, archived))
			add_pairs(query, field, first, second, archived, &made);
	}
	drop_repeats(&made);
	*covers = 2 + is_set(&query->list.created);
	*ranges = made;
	return true;
}

/* Two filters that an index has as a pair, in the order of creation. */
static bool direct_pair(
	const struct bdb_query *query, struct bdb_ranges *ranges, bool *direct, struct err *err)
{
	size_t covers;

	if (bdb_sort_code(query) != INDEX_BY_ALL)
		return true;
	if (!bdb_pair_ranges(query, 0, 1, ranges, &covers, err))
		return false;
	*direct = covers > 0 && covers == bdb_conditions(query);
	if (!*direct)
		bdb_free_ranges(ranges);
	return true;
}

bool bdb_direct_ranges(
	const struct bdb_query *query, struct bdb_ranges *ranges, bool *direct, struct err *err)
{
	const struct list_query *list = &query->list;
	const struct index_field *sort = any_field(query, bdb_sort_code(query));
	size_t filter = list->filter_count == 1 ? 0 : BDB_WHOLE, covers;

	*direct = false;
	if (list->sort_count > 1 || list->filter_count > 2)
		return true;
	if (list->filter_count == 2)
		return direct_pair(query, ranges, direct, err);
	if (filter == 0 ? !is_in_order(query, &list->filters[0]) : sort && sort->unindexed)
		return true;
	if (!bdb_filter_ranges(query, filter, bdb_sort_code(query), ranges, &covers, err))
		return false;
	*direct = covers == bdb_conditions(query);
	if (!*direct)
		bdb_free_ranges(ranges);
	return true;
}

/* ---- looking at a task ---- */

static bool is_in_span(const struct list_span *span, int64_t time)
{
	return (span->from == 0 || time >= span->from) && (span->to == 0 || time < span->to);
}

static bool same_text(const struct index_field *field, struct str a, struct str b)
{
	return field->fold ? str_eq(field->fold(a), field->fold(b)) : str_eq(a, b);
}

static bool has_value(const struct index_field *field, const struct task *task, struct str value)
{
	struct str json;
	uint64_t number;

	switch (field->source) {
	case INDEX_STATE:
		return same_text(field, str_of(task_state_name(task->state)), value);
	case INDEX_WORD:
		return same_text(field, task->word, value);
	case INDEX_FIELD:
		json = task_field(task, str_of(field->name));
		return json.ptr && same_text(field, json, value);
	case INDEX_NUMBER:
		return str_to_u64(value, &number) && number == task->number;
	case INDEX_ALL:
	case INDEX_UPDATED:
	case INDEX_PAIR:
	case INDEX_END:
		break;
	}
	return true;
}

static bool passes(
	const struct bdb_query *query, const struct list_filter *filter, const struct task *task)
{
	const struct index_field *field = field_of(query, task->dialect, filter->field);

	for (size_t i = 0; field && i <= filter->other_count; i++) {
		if (has_value(field, task, value_of(filter, i)))
			return true;
	}
	return false;
}

bool bdb_fits(const struct bdb_query *query, const struct task *task)
{
	const struct list_query *list = &query->list;

	if (!is_asked_for(query, task->dialect) || !is_in_place(list->place, task->archived) ||
		!is_in_span(&list->created, task->created) ||
		!is_in_span(&list->updated, task->updated))
		return false;
	for (size_t i = 0; i < list->filter_count; i++) {
		if (!passes(query, &list->filters[i], task))
			return false;
	}
	return true;
}

/* ---- the order of tasks that are looked at ---- */

#define TIE_SIZE (8 + sizeof(struct id)) /* creation and id, which every key ends with */

/* What a key has between its field code and its tie; for the order of creation: the creation. */
static bool sort_value(const struct bdb_query *query, const struct task *task, uint8_t code,
	struct index_key *key, struct str *value)
{
	const struct index_field *field = field_of(query, task->dialect, code);
	struct index_key place;

	if (!field || !index_key_of(key, task, field))
		return false;
	index_field_prefix(&place, task->tenant, task->dialect, task->archived, field);
	*value = str_from(bdb_key(key), place.len);
	value->len -= field->source == INDEX_ALL ? sizeof(struct id) : TIE_SIZE;
	return true;
}

static bool add_bytes(struct bdb_tail *order, struct str bytes, bool inverted)
{
	if (order->len + bytes.len > sizeof(order->bytes))
		return false;
	for (size_t i = 0; i < bytes.len; i++)
		order->bytes[order->len++] = (uint8_t)(inverted ? ~bytes.ptr[i] : bytes.ptr[i]);
	return true;
}

/*
 * One sort gives the very bytes that the index has; several are put behind each other, those that
 * descend inverted, so that all of it ascends. Values end in NUL or have a fixed size.
 */
bool bdb_order(const struct bdb_query *query, const struct task *task, struct bdb_tail *order)
{
	const struct list_query *list = &query->list;
	bool several = list->sort_count > 1, inverted = false;
	struct index_key key;
	struct str value = STR_NULL;

	order->len = 0;
	for (size_t i = 0; i < list->sort_count || i == 0; i++) {
		uint8_t code = i < list->sort_count ? list->sorts[i].field : INDEX_BY_ALL;

		inverted = several && list->sorts[i].descending;
		if (!sort_value(query, task, code, &key, &value) ||
			!add_bytes(order, value, inverted))
			return false;
	}
	/* Behind the last value its key goes on with the tie, or with what is left of it. */
	value = str_from(bdb_key(&key), key.len - TIE_SIZE);
	if (!several && bdb_sort_code(query) == INDEX_BY_ALL)
		value = str_from(value, 8);
	return add_bytes(order, value, inverted);
}
