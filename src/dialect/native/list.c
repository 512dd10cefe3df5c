#include "dialect/native/query.h"

static bool parse_sort(const struct native_query *query, const struct native_param *given)
{
	static const struct {
		const char *name;
		uint8_t code;
	} common[] = {
		{ "created", INDEX_BY_CREATED },
		{ "updated", INDEX_BY_UPDATED },
		{ "state", INDEX_BY_STATE },
		{ "kind", INDEX_BY_KIND },
		{ "priority", INDEX_BY_PRIORITY },
	};
	bool descending = str_starts(given->value, STR("-"));
	struct str name = str_skip(given->value, descending);
	const struct index_field *field;

	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
		if (str_eq(name, str_cstr(common[i].name)))
			return list_sort_add(&query->op->list, common[i].code, descending);
	}
	if (!native_is_dialect_field(name))
		return NATIVE_QUERY_ERROR(query, given->name,
			"This is not one sort key: created, updated, state, kind, priority or, "
			"with one dialect, status, number, fields.NAME.");
	field = native_require_index(query, given->name, name);
	return field && list_sort_add(&query->op->list, field->code, descending);
}

static bool parse_time_range(const struct native_query *query, const struct native_param *given,
	struct list_time_range *range)
{
	bool is_start = str_eq(given->name, STR("created_from")) ||
			str_eq(given->name, STR("updated_from"));
	int64_t ms = 0;

	if (!native_parse_time(query, given, &ms))
		return false;
	if (is_start)
		range->from = ms;
	else
		range->to = optional_time(ms);
	if (range->from > 0 && optional_time_is_set(range->to) &&
		range->from >= optional_time_ms(range->to))
		return NATIVE_QUERY_ERROR(
			query, given->name, "The end of the time range must be after its start.");
	return true;
}

static bool parse_created(const struct native_query *query, const struct native_param *given)
{
	return parse_time_range(query, given, &query->op->list.created);
}

static bool parse_updated(const struct native_query *query, const struct native_param *given)
{
	return parse_time_range(query, given, &query->op->list.updated);
}

static bool parse_archived(const struct native_query *query, const struct native_param *given)
{
	static const char *const values[] = {
		[LIST_CURRENT] = "false",
		[LIST_ARCHIVED] = "true",
		[LIST_BOTH] = "any",
	};

	for (int scope = LIST_CURRENT; scope <= LIST_BOTH; scope++) {
		if (str_eq(given->value, str_cstr(values[scope]))) {
			query->op->list.scope = (enum list_scope)scope;
			return true;
		}
	}
	return NATIVE_QUERY_ERROR(query, given->name, "archived must be false, true or any.");
}

static bool parse_total(const struct native_query *query, const struct native_param *given)
{
	query->op->list.want_total = str_eq(given->value, STR("true"));
	if (query->op->list.want_total || str_eq(given->value, STR("false")))
		return true;
	return NATIVE_QUERY_ERROR(query, given->name, "total must be true or false.");
}

static bool parse_limit(const struct native_query *query, const struct native_param *given)
{
	unsigned limit;

	if (!native_parse_limit(query, given, NATIVE_LIMIT_MAX, &limit))
		return false;
	query->op->list.limit = limit;
	return true;
}

static bool parse_cursor(const struct native_query *query, const struct native_param *given)
{
	return native_cursor_decode(
		query->request, given->value, &query->op->list.after_cursor, query->err);
}

/* ---- the table ---- */

static const struct native_query_row task_rows[] = {
	{ "dialect", NATIVE_TOGETHER, NULL, NATIVE_JSON_STRING }, /* native_parse_dialects() */
	{ "state", NATIVE_TOGETHER, native_parse_states, NATIVE_JSON_STRING },
	{ "failure", NATIVE_TOGETHER, native_parse_failures, NATIVE_JSON_STRING },
	{ "kind", NATIVE_TOGETHER, native_parse_kinds, NATIVE_JSON_STRING | NATIVE_JSON_NULL },
	{ "priority", NATIVE_TOGETHER, native_parse_priorities,
		NATIVE_JSON_STRING | NATIVE_JSON_INTEGER },
	{ "archived", NATIVE_ONCE, parse_archived, NATIVE_JSON_STRING | NATIVE_JSON_BOOLEAN },
	{ "created_from", NATIVE_ONCE, parse_created, NATIVE_JSON_STRING },
	{ "created_to", NATIVE_ONCE, parse_created, NATIVE_JSON_STRING },
	{ "updated_from", NATIVE_ONCE, parse_updated, NATIVE_JSON_STRING },
	{ "updated_to", NATIVE_ONCE, parse_updated, NATIVE_JSON_STRING },
	{ "sort", NATIVE_ONCE, parse_sort, 0 },
	{ "limit", NATIVE_ONCE, parse_limit, 0 },
	{ NATIVE_CURSOR, NATIVE_ONCE, parse_cursor, 0 },
	{ "total", NATIVE_ONCE, parse_total, 0 },
	{ "status", NATIVE_TOGETHER, native_parse_field_filter, NATIVE_JSON_STRING },
	{ "number", NATIVE_TOGETHER, native_parse_field_filter,
		NATIVE_JSON_STRING | NATIVE_JSON_INTEGER },
	{ "fields.*", NATIVE_TOGETHER, native_parse_field_filter, NATIVE_JSON_SCALAR },
	{ 0 },
};

bool native_find_condition(struct str name, struct native_condition *condition)
{
	const struct native_query_row *row = native_find_row(task_rows, name);

	if (!row || row->types == 0)
		return false;
	*condition = (struct native_condition){ row->repeat != NATIVE_ONCE, row->types };
	return true;
}

bool native_parse_query(struct native_query *query)
{
	return native_parse_dialects(query) && native_parse_params(query, task_rows);
}

static bool decode_list(struct request *request, struct op *op, const struct native_query_row *rows,
	struct err *err)
{
	struct native_query query = { .request = request, .op = op, .err = err };

	if (!request_check_accepts_json(request, err) ||
		!native_check_links(request, NATIVE_CURSOR, err))
		return false;
	native_unwrap_arrays(request, rows);
	op->kind = OP_LIST;
	op->list.limit = NATIVE_LIMIT_DEFAULT;
	op->list.limit_bytes = NATIVE_LIMIT_BYTES;
	op->list.want_total = true;
	op->list.allow_partial = true;
	return native_parse_dialects(&query) && native_parse_params(&query, rows);
}

bool native_decode_list(struct request *request, struct op *op, struct err *err)
{
	return decode_list(request, op, task_rows, err);
}

/* Points have one index: by creation. */
static const struct native_query_row point_rows[] = {
	{ "created_from", NATIVE_ONCE, parse_created, 0 },
	{ "created_to", NATIVE_ONCE, parse_created, 0 },
	{ "limit", NATIVE_ONCE, parse_limit, 0 },
	{ NATIVE_CURSOR, NATIVE_ONCE, parse_cursor, 0 },
	{ "total", NATIVE_ONCE, parse_total, 0 },
	{ 0 },
};

const char *const native_point_params[] = { "created_from", "created_to", "limit", "cursor",
	"total", NULL };

bool native_decode_points(struct request *request, struct op *op, struct err *err)
{
	if (!decode_list(request, op, point_rows, err))
		return false;
	op->dialect = DIALECT_CODE_uplynk_point;
	return true;
}
