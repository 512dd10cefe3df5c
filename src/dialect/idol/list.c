/* Query parameters of a list: filter, sort and page. */
#include <stdio.h>

#include "dialect/decode.h"
#include "dialect/idol/idol.h"

/* Matches no id: normalized ids are contents of JSON strings, which hold no bare quote. */
#define NO_MATCH STR("\"")

/* ---- names ---- */

static bool is_lower(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* jsonapi-resources accepts product_id, productId and Product-Id for product-id. */
static bool key_matches(struct str key, const char *name)
{
	size_t at = 0;

	for (size_t i = 0; i < key.len; i++) {
		char c = key.ptr[i] == '_' ? '-' : key.ptr[i];

		if (c >= 'A' && c <= 'Z') {
			if (i > 0 && is_lower(key.ptr[i - 1]) && name[at++] != '-')
				return false;
			c = (char)(c | 0x20);
		}
		if (!name[at] || name[at++] != c)
			return false;
	}
	return name[at] == '\0';
}

/* ---- filter ---- */

static const struct filter {
	const char *key, *name_in_errors;
	uint8_t field;
} filters[] = {
	{ "id", "id", IDOL_BY_NUMBER },
	{ "product-id", "product_id", IDOL_BY_PRODUCT },
	{ "distributor-id", "distributor_id", IDOL_BY_DISTRIBUTOR },
};

#define FILTER_COUNT (sizeof(filters) / sizeof(filters[0]))

static const struct filter *find_filter(struct str key)
{
	for (size_t i = 0; i < FILTER_COUNT; i++) {
		if (key_matches(key, filters[i].key))
			return &filters[i];
	}
	return NULL;
}

/* Collects the last occurrence of each filter; NULL if absent. */
static bool collect_filters(
	const struct request *request, const struct pair *selected[FILTER_COUNT], struct err *err)
{
	for (size_t i = 0; i < request->query_count; i++) {
		const struct pair *pair = &request->query[i];
		const struct filter *filter;
		struct str key;

		if (str_eq(pair->name, STR("filter")) || str_eq(pair->name, STR("filter[]")))
			return idol_set_error(err, request->arena, IDOL_INVALID_FILTERS_SYNTAX,
				pair->value, STR_NULL);
		if (!idol_split_brackets(pair->name, "filter", &key))
			continue;
		filter = find_filter(key);
		if (!filter)
			return idol_set_error(
				err, request->arena, IDOL_FILTER_NOT_ALLOWED, key, STR_NULL);
		selected[filter - filters] = pair;
	}
	return true;
}

static bool contains(const struct str *values, size_t count, struct str value)
{
	for (size_t i = 0; i < count; i++) {
		if (str_eq(values[i], value))
			return true;
	}
	return false;
}

/* Parses one line of CSV: integers, quoted or not. The filter matches any of them. */
static bool parse_values(const struct request *request, const struct filter *filter,
	struct str text, struct str *values, size_t *count, struct err *err)
{
	struct str rest = text, value;

	while (rest.len > 0) {
		struct str part = str_trim(str_split_next(&rest, ','));

		if (part.len >= 2 && part.ptr[0] == '"' && part.ptr[part.len - 1] == '"')
			part = (struct str){ part.ptr + 1, part.len - 2 };
		if (part.len == 0)
			continue;
		if (!idol_parse_integer(part, &value))
			return idol_set_error(err, request->arena, IDOL_INVALID_FILTER_VALUE, part,
				str_cstr(filter->name_in_errors));
		if (contains(values, *count, value))
			continue;
		if (*count == LIST_VALUES_MAX)
			return idol_set_error(err, request->arena, IDOL_INVALID_FILTER_VALUE, text,
				str_cstr(filter->name_in_errors));
		values[(*count)++] = value;
	}
	return true;
}

static bool add_filter(const struct request *request, const struct filter *filter, struct str text,
	struct op *op, struct err *err)
{
	struct str *values = arena_alloc(request->arena, LIST_VALUES_MAX * sizeof(*values));
	struct list_filter *added;
	size_t count = 0;

	if (!values)
		return err_no_memory(err);
	values[0] = NO_MATCH;
	if (!parse_values(request, filter, text, values, &count, err))
		return false;
	list_filter_add(&op->list, filter->field, values[0]);
	added = &op->list.filters[op->list.filter_count - 1];
	added->more_values = count > 1 ? values + 1 : NULL;
	added->more_value_count = count > 1 ? count - 1 : 0;
	return true;
}

static bool parse_filters(const struct request *request, struct op *op, struct err *err)
{
	const struct pair *selected[FILTER_COUNT] = { NULL };

	if (!collect_filters(request, selected, err))
		return false;
	for (size_t i = 0; i < FILTER_COUNT; i++) {
		if (selected[i] && !add_filter(request, &filters[i], selected[i]->value, op, err))
			return false;
	}
	return true;
}

/* ---- sort ---- */

static const struct {
	const char *key;
	uint8_t field;
} sort_keys[] = {
	{ "id", IDOL_BY_NUMBER },
	{ "created-at", INDEX_BY_CREATED },
	{ "updated-at", INDEX_BY_UPDATED },
	{ "precision", IDOL_BY_PRECISION },
	{ "master-type", IDOL_BY_MASTER_TYPE },
	{ "support-number", IDOL_BY_SUPPORT_NUMBER },
	{ "status", IDOL_BY_STATUS },
	{ "url", IDOL_BY_URL },
	{ "md5", IDOL_BY_MD5 },
};

static bool is_sorted_by(const struct list_query *list, uint8_t field)
{
	for (size_t i = 0; i < list->sort_count; i++) {
		if (list->sorts[i].field == field)
			return true;
	}
	return false;
}

static bool add_sort(const struct request *request, struct str key, struct op *op, struct err *err)
{
	bool descending = key.len > 0 && key.ptr[0] == '-';

	key = str_skip(key, descending ? 1 : 0);
	for (size_t i = 0; i < sizeof(sort_keys) / sizeof(sort_keys[0]); i++) {
		if (!key_matches(key, sort_keys[i].key))
			continue;
		if (is_sorted_by(&op->list, sort_keys[i].field) ||
			list_sort_add(&op->list, sort_keys[i].field, descending))
			return true;
		break;
	}
	return idol_set_error(err, request->arena, IDOL_INVALID_SORT, key, STR(IDOL_RESOURCE_TYPE));
}

/*
 * Numbers are assigned in the order of creation, so with a filter the default order is that of
 * creation, which the index of every filter has. Sorting by number would scan all matching tasks.
 */
static bool parse_sort(const struct request *request, struct op *op, struct err *err)
{
	struct str sort = STR_NULL;

	for (size_t i = 0; i < request->query_count; i++) {
		if (str_eq(request->query[i].name, STR("sort")))
			sort = request->query[i].value;
	}
	if (sort.len == 0 && op->list.filter_count == 0)
		list_sort_add(&op->list, IDOL_BY_NUMBER, false);
	while (sort.len > 0) {
		if (!add_sort(request, str_split_next(&sort, ','), op, err))
			return false;
	}
	return true;
}

/* ---- page ---- */

static bool check_page_names(const struct request *request, struct err *err)
{
	for (size_t i = 0; i < request->query_count; i++) {
		struct str key;

		if (idol_split_brackets(request->query[i].name, "page", &key) &&
			idol_find_page_key(key) == IDOL_PAGE_UNKNOWN)
			return idol_set_error(
				err, request->arena, IDOL_PAGE_PARAM_NOT_ALLOWED, key, STR_NULL);
	}
	return true;
}

static bool set_page_error(
	const struct request *request, int64_t value, struct str which, struct err *err)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%lld", (long long)value);

	return idol_set_error(err, request->arena, IDOL_INVALID_PAGE_VALUE,
		(struct str){ text, (size_t)len }, which);
}

static bool parse_page(const struct request *request, struct op *op, struct err *err)
{
	struct idol_page page = idol_parse_page(request);

	if (!check_page_names(request, err))
		return false;
	if (page.size < 1)
		return set_page_error(request, page.size, STR("size"), err);
	if (page.size > IDOL_PAGE_SIZE_MAX)
		return idol_set_error(err, request->arena, IDOL_PAGE_TOO_LARGE, STR_NULL, STR_NULL);
	if (page.number < 1)
		return set_page_error(request, page.number, STR("number"), err);
	op->list.want_total = true;
	op->list.offset = (uint64_t)(page.number - 1) * (uint64_t)page.size;
	op->list.limit = (uint64_t)page.size;
	return true;
}

/* ---- the decoder ---- */

bool idol_decode_list(struct request *request, struct op *op, struct err *err)
{
	decode_init_op(op, OP_LIST, DIALECT_CODE_idol, NULL);
	return idol_check_query(request, IDOL_QUERY_LIST, err) && parse_filters(request, op, err) &&
	       parse_sort(request, op, err) && parse_page(request, op, err);
}
