#include "base/date.h"
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

/* An unescaped + before the offset has been decoded as a space: accept that. */
static bool parse_time(
	const struct native_query *query, const struct native_param *given, int64_t *ms)
{
	const size_t offset = strlen("+00:00");
	struct str text = given->value;
	char *copy = arena_alloc(query->request->arena, text.len + 1);

	if (!copy)
		return err_no_memory(query->err);
	if (text.len > 0)
		memcpy(copy, text.ptr, text.len);
	if (text.len > offset && copy[text.len - offset] == ' ')
		copy[text.len - offset] = '+';
	text.ptr = copy;
	if (date_parse(ms, text))
		return true;
	return NATIVE_QUERY_ERROR(query, given->name, "This is not an RFC 3339 time.");
}

static bool parse_time_range(const struct native_query *query, const struct native_param *given,
	struct list_time_range *range)
{
	bool is_start = str_eq(given->name, STR("created_from")) ||
			str_eq(given->name, STR("updated_from"));
	int64_t ms = 0;

	if (!parse_time(query, given, &ms))
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
	uint64_t limit;

	if (!str_to_u64(given->value, &limit) || limit < 1 || limit > NATIVE_LIMIT_MAX)
		return NATIVE_QUERY_ERROR(query, given->name,
			"limit must be a number from 1 to %d.", NATIVE_LIMIT_MAX);
	query->op->list.limit = limit;
	return true;
}

static bool parse_cursor(const struct native_query *query, const struct native_param *given)
{
	return native_cursor_decode(
		query->request, given->value, &query->op->list.after_cursor, query->err);
}

/* native_parse_dialects() has read it. */
static bool ignore_dialect(const struct native_query *query, const struct native_param *given)
{
	(void)query, (void)given;
	return true;
}

/* ---- the table ---- */

static const struct parameter {
	const char *name;
	bool (*parse)(const struct native_query *query, const struct native_param *given);
	bool repeatable;
	unsigned types; /* of a condition: enum native_json_type; 0: it is about the page */
} parameters[] = {
	{ "dialect", ignore_dialect, true, NATIVE_JSON_STRING },
	{ "state", native_parse_states, true, NATIVE_JSON_STRING },
	{ "failure", native_parse_failures, true, NATIVE_JSON_STRING },
	{ "kind", native_parse_kinds, true, NATIVE_JSON_STRING | NATIVE_JSON_NULL },
	{ "priority", native_parse_priorities, true, NATIVE_JSON_STRING | NATIVE_JSON_INTEGER },
	{ "archived", parse_archived, false, NATIVE_JSON_STRING | NATIVE_JSON_BOOLEAN },
	{ "created_from", parse_created, false, NATIVE_JSON_STRING },
	{ "created_to", parse_created, false, NATIVE_JSON_STRING },
	{ "updated_from", parse_updated, false, NATIVE_JSON_STRING },
	{ "updated_to", parse_updated, false, NATIVE_JSON_STRING },
	{ .name = "sort", .parse = parse_sort }, { .name = "limit", .parse = parse_limit },
	{ .name = "cursor", .parse = parse_cursor }, { .name = "total", .parse = parse_total },
	{ "status", native_parse_field_filter, true, NATIVE_JSON_STRING },
	{ "number", native_parse_field_filter, true, NATIVE_JSON_STRING | NATIVE_JSON_INTEGER },
	{ NULL, native_parse_field_filter, true, NATIVE_JSON_SCALAR }, /* fields.x */
};

static const struct parameter *find_parameter(struct str name)
{
	const struct parameter *parameter = parameters;

	while (parameter->name && !str_eq(name, str_cstr(parameter->name)))
		parameter++;
	return parameter->name || native_is_dialect_field(name) ? parameter : NULL;
}

/* Whether the text after "[" in a name is that of an array element: "]", or "0]". */
static bool is_place(struct str rest)
{
	uint64_t place;

	if (rest.len == 0 || rest.ptr[rest.len - 1] != ']')
		return false;
	rest.len--;
	return rest.len == 0 || str_to_u64(rest, &place);
}

void native_unwrap_arrays(struct request *request)
{
	for (size_t i = 0; i < request->query_count; i++) {
		struct str rest = request->query[i].name, name = str_split_next(&rest, '[');
		const struct parameter *parameter = find_parameter(name);

		if (parameter && parameter->repeatable && is_place(rest))
			request->query[i].name = name;
	}
}

bool native_find_condition(struct str name, struct native_condition *condition)
{
	const struct parameter *parameter = find_parameter(name);

	if (!parameter || parameter->types == 0)
		return false;
	*condition = (struct native_condition){ parameter->repeatable, parameter->types };
	return true;
}

bool native_is_repeated(const struct request *request, size_t at)
{
	size_t i = 0;

	while (i < at && !str_eq(request->query[i].name, request->query[at].name))
		i++;
	return i < at;
}

static bool parse_parameter(const struct native_query *query, size_t at)
{
	const struct pair *pair = &query->request->query[at];
	const struct native_param given = { at, pair->name, pair->value };
	const struct parameter *parameter = find_parameter(pair->name);

	if (!parameter)
		return NATIVE_QUERY_ERROR(query, pair->name, "There is no parameter of this name.");
	if (!native_is_repeated(query->request, at))
		return parameter->parse(query, &given);
	return parameter->repeatable ||
	       NATIVE_QUERY_ERROR(query, pair->name, "This parameter may be given only once.");
}

bool native_parse_query(struct native_query *query)
{
	if (!native_parse_dialects(query))
		return false;
	for (size_t i = 0; i < query->request->query_count; i++) {
		if (!parse_parameter(query, i))
			return false;
	}
	return true;
}

bool native_decode_list(struct request *request, struct op *op, struct err *err)
{
	struct native_query query = { .request = request, .op = op, .err = err };

	if (!request_check_accepts_json(request, err) || !native_keep_query(request, err))
		return false;
	native_unwrap_arrays(request);
	op->kind = OP_LIST;
	op->list.limit = NATIVE_LIMIT_DEFAULT;
	op->list.limit_bytes = NATIVE_LIMIT_BYTES;
	op->list.want_total = true;
	op->list.allow_partial = true;
	return native_parse_query(&query);
}

/* Points have one index: by creation. */
const char *const native_point_params[] = { "created_from", "created_to", "limit", "cursor",
	"total", NULL };

bool native_decode_points(struct request *request, struct op *op, struct err *err)
{
	const struct native_query query = { .request = request, .op = op, .err = err };

	for (size_t i = 0; i < request->query_count; i++) {
		size_t n = 0;

		while (native_point_params[n] &&
			!str_eq(request->query[i].name, str_cstr(native_point_params[n])))
			n++;
		if (!native_point_params[n])
			return NATIVE_QUERY_ERROR(&query, request->query[i].name,
				"There is no parameter of this name.");
	}
	if (!native_decode_list(request, op, err))
		return false;
	op->dialect = DIALECT_CODE_uplynk_point;
	return true;
}
