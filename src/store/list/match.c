#include <inttypes.h>
#include <stdio.h>

#include "store/list/list.h"

static bool is_in_time_range(const struct list_time_range *range, int64_t time)
{
	return (range->from == 0 || time >= range->from) &&
	       (!optional_time_is_set(range->to) || time < optional_time_ms(range->to));
}

static bool same_text(const struct index_field *field, struct str a, struct str b)
{
	char room_a[INDEX_SCRATCH_SIZE], room_b[INDEX_SCRATCH_SIZE];

	if (!field->normalize)
		return str_eq(a, b);
	return str_eq(field->normalize(a, room_a), field->normalize(b, room_b));
}

static bool has_value(const struct index_field *field, const struct task *task, struct str value)
{
	char kind[TASK_KIND_MAX], decimal[16];
	struct str json;
	uint64_t number;

	switch (field->source) {
	case INDEX_STATE:
		return same_text(field, str_cstr(task_state_name(task->state)), value);
	case INDEX_STATUS:
		return same_text(field, task->status, value);
	case INDEX_FIELD:
		json = task_field(task, str_cstr(field->name));
		return json.ptr && same_text(field, json, value);
	case INDEX_NUMBER:
		return str_to_u64(value, &number) && number == task->number;
	case INDEX_KIND:
		return str_eq(field->kind(task, kind), value);
	case INDEX_PRIORITY:
		snprintf(decimal, sizeof(decimal), "%" PRId32, task->priority);
		return str_eq(str_cstr(decimal), value);
	case INDEX_FAILURE:
		return task->failure != FAILURE_NONE &&
		       str_eq(str_cstr(task_failure_name(task->failure)), value);
	case INDEX_ALL:
	case INDEX_UPDATED:
	case INDEX_PAIR:
	case INDEX_READY:
	case INDEX_DUE:
	case INDEX_WORK:
	case INDEX_END:
		break;
	}
	return true;
}

static bool satisfies(
	const struct query *query, const struct list_filter *filter, const struct task *task)
{
	const struct index_field *field = query_field(query, task->dialect, filter->field);

	for (size_t i = 0; field && i <= filter->more_value_count; i++) {
		if (has_value(field, task, filter_value(filter, i)))
			return true;
	}
	return false;
}

bool query_matches(const struct query *query, const struct task *task)
{
	const struct list_query *list = &query->list;

	if (!query_has_dialect(query, task->dialect) ||
		!scope_includes(list->scope, task->archived) ||
		!is_in_time_range(&list->created, task->created) ||
		!is_in_time_range(&list->updated, task->updated))
		return false;
	for (size_t i = 0; i < list->filter_count; i++) {
		if (!satisfies(query, &list->filters[i], task))
			return false;
	}
	return !list->test || list->test(list->test_data, task);
}

/* ---- the sort key ---- */

#define TIE_SIZE (8 + sizeof(struct id)) /* creation and id: every key ends in them */

/* The part of a key between field code and tie; in the order of creation, the creation. */
static bool sort_value(const struct query *query, const struct task *task, uint8_t code,
	struct index_key *key, struct str *value)
{
	const struct index_field *field = query_field(query, task->dialect, code);
	struct index_key prefix;

	if (!field || !index_field_key(key, task, field))
		return false;
	index_field_prefix(&prefix, task->tenant, task->dialect, task->archived, field);
	*value = str_skip(key_str(key), prefix.len);
	value->len -= field->source == INDEX_ALL ? sizeof(struct id) : TIE_SIZE;
	return true;
}

static bool add_bytes(struct key_suffix *sort_key, struct str bytes, bool inverted)
{
	if (sort_key->len + bytes.len > sizeof(sort_key->bytes))
		return false;
	for (size_t i = 0; i < bytes.len; i++)
		sort_key->bytes[sort_key->len++] = (uint8_t)(inverted ? ~bytes.ptr[i]
								      : bytes.ptr[i]);
	return true;
}

/*
 * The key of one sort is the key suffix of its index. Several sorts are concatenated, descending
 * ones inverted, so that the whole key ascends. Values end in NUL or have a fixed size.
 */
bool query_sort_key(const struct query *query, const struct task *task, struct key_suffix *sort_key)
{
	const struct list_query *list = &query->list;
	bool several = list->sort_count > 1, inverted = false;
	struct index_key key;
	struct str value = STR_NULL;

	sort_key->len = 0;
	for (size_t i = 0; i < list->sort_count || i == 0; i++) {
		uint8_t code = i < list->sort_count ? list->sorts[i].field : INDEX_BY_CREATED;

		inverted = several && list->sorts[i].descending;
		if (!sort_value(query, task, code, &key, &value) ||
			!add_bytes(sort_key, value, inverted))
			return false;
	}
	/* The tie follows; in the order of creation, its first part is there already. */
	value = str_skip(key_str(&key), key.len - TIE_SIZE);
	if (!several && query_sort_field(query) == INDEX_BY_CREATED)
		value = str_skip(value, 8);
	return add_bytes(sort_key, value, inverted);
}

bool entry_is_current(
	const struct range_set *set, const struct index_entry *entry, const struct task *task)
{
	const struct key_range *range = &set->at[entry->range];
	struct index_key key;

	return index_field_key(&key, task, range->field) &&
	       key.len == range->prefix.len + entry->suffix.len &&
	       memcmp(key.bytes, range->prefix.bytes, range->prefix.len) == 0 &&
	       memcmp(key.bytes + range->prefix.len, entry->suffix.bytes, entry->suffix.len) == 0;
}
