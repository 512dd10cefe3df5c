#include "base/date.h"
#include "dialect/decode.h"
#include "dialect/fourhse/fourhse.h"

#define DAY_MS ((int64_t)86400000)

/* The state of the parser. */
struct list_parser {
	struct arena *arena;
	struct list_query *list;
	struct buf errors; /* one object at most: all concern the member filter */
	struct err *err;
};

/* Reports the problem if it is the first one. The caller continues. */
#define ADD_ERROR(parser, ...)                                                       \
	do {                                                                         \
		if ((parser)->errors.len == 0)                                       \
			fourhse_add_error(&(parser)->errors, "filter", __VA_ARGS__); \
	} while (0)

/* ---- days ---- */

/* A range that contains no time. */
static const struct list_time_range empty_range = { .to = { 1 } };

static void add_date_filter(
	struct list_parser *parser, const struct fourhse_member *member, const json_t *value)
{
	struct list_time_range *range = member->source == FOURHSE_CREATED ? &parser->list->created
									  : &parser->list->updated;
	int64_t from = 0;

	if (json_is_null(value) || (json_is_string(value) && str_eq(json_str(value), STR("NULL"))))
		*range = empty_range;
	else if (json_is_string(value) && date_parse_day(&from, json_str(value)))
		*range = (struct list_time_range){ from, optional_time(from + DAY_MS) };
	else
		ADD_ERROR(parser, "The format of %s is invalid.", member->label);
}

/* ---- texts ---- */

/* The value as indexed. The text "NULL" means null: a form has no other way to send it. */
static struct str index_value(
	const struct list_parser *parser, const struct fourhse_member *member, const json_t *value)
{
	if (json_is_null(value) || (json_is_string(value) && str_eq(json_str(value), STR("NULL"))))
		return member->source == FOURHSE_STATUS ? STR("") : STR("null");
	if (member->source == FOURHSE_FIELD)
		return fourhse_as_string(value, parser->arena);
	return json_is_string(value) ? arena_copy(parser->arena, json_str(value))
				     : json_text(value, parser->arena);
}

/* UUIDs are stored in lower case. */
static struct str canonical_uuid(const struct list_parser *parser, struct str json)
{
	struct str text = { json.ptr + 1, json.len - 2 };
	char lower[ID_TEXT_LEN + 1];
	struct id id;

	if (json.len != ID_TEXT_LEN + 2 || !id_parse(&id, text))
		return json;
	id_format(&id, lower);
	return json_quote(str_cstr(lower), parser->arena);
}

static bool add_value(struct list_parser *parser, const struct fourhse_member *member,
	const json_t *value, struct str *values, size_t *count)
{
	struct str text;

	if ((json_is_object(value) || json_is_array(value)) && !member->any_json) {
		ADD_ERROR(parser,
			"Condition for \"%s\" should be either a value or valid operator "
			"specification.",
			member->name);
		return true;
	}
	text = index_value(parser, member, value);
	if (text.ptr && member->index == FOURHSE_BY_TASK_ID)
		text = canonical_uuid(parser, text);
	if (!text.ptr)
		return err_no_memory(parser->err);
	for (size_t i = 0; i < *count; i++) {
		if (str_eq(values[i], text))
			return true;
	}
	values[(*count)++] = text;
	return true;
}

/* Matches tasks that have one of the values; none if the array is empty. */
static bool add_any_of_filter(
	struct list_parser *parser, const struct fourhse_member *member, const json_t *list)
{
	size_t size = json_array_size(list), count = 0;
	struct str *values;

	if (size > LIST_VALUES_MAX) {
		ADD_ERROR(parser, "%s should have at most %d values.", member->label,
			LIST_VALUES_MAX);
		return true;
	}
	values = arena_alloc(parser->arena, (size + 1) * sizeof(*values));
	if (!values)
		return err_no_memory(parser->err);
	for (size_t i = 0; i < size; i++) {
		if (!add_value(parser, member, json_array_get(list, i), values, &count))
			return false;
	}
	list_filter_add(parser->list, member->index, count > 0 ? values[0] : STR(""));
	if (count > 1) {
		struct list_filter *filter = &parser->list->filters[parser->list->filter_count - 1];

		filter->more_values = values + 1;
		filter->more_value_count = count - 1;
	}
	return true;
}

static bool add_equals_filter(
	struct list_parser *parser, const struct fourhse_member *member, const json_t *value)
{
	struct str text;
	size_t count = 0;

	if (!add_value(parser, member, value, &text, &count))
		return false;
	if (count > 0)
		list_filter_add(parser->list, member->index, text);
	return true;
}

static bool add_member_filter(struct list_parser *parser, const char *name, const json_t *value)
{
	const struct fourhse_member *member = fourhse_member_by_name(str_cstr(name));

	if (!member) {
		ADD_ERROR(parser, "Unknown filter attribute \"%s\"", name);
		return true;
	}
	if (member->source == FOURHSE_CREATED || member->source == FOURHSE_UPDATED) {
		add_date_filter(parser, member, value);
		return true;
	}
	return json_is_array(value) ? add_any_of_filter(parser, member, value)
				    : add_equals_filter(parser, member, value);
}

/* Absent, null, "" and [] mean no filter. */
static bool parse_filter(struct list_parser *parser, json_t *filter)
{
	const char *name;
	json_t *value;

	if (!filter || json_is_null(filter) ||
		(json_is_string(filter) && json_string_length(filter) == 0) ||
		(json_is_array(filter) && json_array_size(filter) == 0))
		return true;
	if (!json_is_object(filter)) {
		ADD_ERROR(parser, "The format of Filter is invalid.");
		return true;
	}
	json_object_foreach (filter, name, value) {
		if (!add_member_filter(parser, name, value))
			return false;
	}
	return true;
}

/* ---- sort and page ---- */

/* Sorts by the first known member, descending after '-'. The rest is ignored. */
static void parse_sort(struct list_query *list, const json_t *sort)
{
	struct str names = json_str(sort);

	while (names.len > 0) {
		struct str name = str_trim(str_split_next(&names, ','));
		bool descending = str_starts(name, STR("-"));
		const struct fourhse_member *member = fourhse_member_by_name(
			str_skip(name, descending ? 1 : 0));

		if (member) {
			list_sort_add(list, member->index, descending);
			return;
		}
	}
}

static void parse_page(struct list_query *list, const json_t *params)
{
	list->limit = fourhse_per_page(params);
	list->offset = (fourhse_page(params) - 1) * list->limit;
	list->clamp_offset = true;
	list->want_total = true;
	list->scope = fourhse_json_is_true(json_object_get(params, "history")) ? LIST_BOTH
									       : LIST_CURRENT;
}

bool fourhse_decode_list(struct request *request, struct op *op, struct err *err)
{
	struct list_parser parser = { .arena = request->arena, .list = &op->list, .err = err };
	json_t *params;
	bool ok;

	decode_init_op(op, OP_LIST, DIALECT_CODE_fourhse, NULL);
	fourhse_select_fields(request);
	if (!request_check_accepts_json(request, err) ||
		!fourhse_list_params(&params, request, err))
		return false;
	parse_sort(&op->list, json_object_get(params, "sort"));
	parse_page(&op->list, params);
	ok = parse_filter(&parser, json_object_get(params, "filter")) &&
	     fourhse_finish_errors(&parser.errors, request->arena, err);
	buf_free(&parser.errors);
	json_decref(params);
	return ok;
}
