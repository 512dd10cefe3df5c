#include "dialect/native_query.h"
#include "http/time.h"

static bool take_sort(const struct native_query *query, const struct native_given *given)
{
	static const struct {
		const char *name;
		uint8_t code;
	} common[] = {
		{ "created", INDEX_BY_ALL },
		{ "updated", INDEX_BY_UPDATED },
		{ "state", INDEX_BY_STATE },
	};
	bool descending = str_starts(given->value, STR("-"));
	struct str name = str_from(given->value, descending);
	const struct index_field *field;

	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
		if (str_eq(name, str_of(common[i].name)))
			return list_by(&query->op->list, common[i].code, descending);
	}
	if (!native_is_field(name))
		return NATIVE_WRONG_QUERY(query, given->name, "There is no order of this name.");
	field = native_need_field(query, given->name, name);
	return field && list_by(&query->op->list, field->code, descending);
}

/* A + that nobody encoded came as a space. */
static bool read_time(
	const struct native_query *query, const struct native_given *given, int64_t *ms)
{
	const size_t offset = strlen("+00:00");
	struct str text = given->value;
	char *copy = mem_alloc(query->request->mem, text.len + 1);

	if (!copy)
		return err_no_memory(query->err);
	if (text.len > 0)
		memcpy(copy, text.ptr, text.len);
	if (text.len > offset && copy[text.len - offset] == ' ')
		copy[text.len - offset] = '+';
	text.ptr = copy;
	if (time_parse(ms, text))
		return true;
	return NATIVE_WRONG_QUERY(query, given->name, "This is no time as RFC 3339 has it.");
}

static bool take_span(
	const struct native_query *query, const struct native_given *given, struct list_span *span)
{
	bool from = given->name.ptr[given->name.len - 1] == 'm';
	int64_t ms = 0;

	if (!read_time(query, given, &ms))
		return false;
	/* 0 is an open end, and nothing is older than it. */
	if (from)
		span->from = ms;
	else
		span->to = ms > 0 ? ms : 1;
	if (span->from && span->to && span->from >= span->to)
		return NATIVE_WRONG_QUERY(
			query, given->name, "The end of the time must lie behind its beginning.");
	return true;
}

static bool take_created(const struct native_query *query, const struct native_given *given)
{
	return take_span(query, given, &query->op->list.created);
}

static bool take_updated(const struct native_query *query, const struct native_given *given)
{
	return take_span(query, given, &query->op->list.updated);
}

static bool take_archived(const struct native_query *query, const struct native_given *given)
{
	static const char *const places[] = {
		[LIST_CURRENT] = "false",
		[LIST_ARCHIVED] = "true",
		[LIST_BOTH] = "any",
	};

	for (int place = LIST_CURRENT; place <= LIST_BOTH; place++) {
		if (str_eq(given->value, str_of(places[place]))) {
			query->op->list.place = (enum list_place)place;
			return true;
		}
	}
	return NATIVE_WRONG_QUERY(query, given->name, "archived is false, true or any.");
}

static bool take_total(const struct native_query *query, const struct native_given *given)
{
	query->op->list.count = str_eq(given->value, STR("true"));
	if (query->op->list.count || str_eq(given->value, STR("false")))
		return true;
	return NATIVE_WRONG_QUERY(query, given->name, "total is true or false.");
}

static bool take_limit(const struct native_query *query, const struct native_given *given)
{
	uint64_t limit;

	if (!str_to_u64(given->value, &limit) || limit < 1 || limit > NATIVE_PAGE_MAX)
		return NATIVE_WRONG_QUERY(
			query, given->name, "limit is a number from 1 to %d.", NATIVE_PAGE_MAX);
	query->op->list.limit = limit;
	return true;
}

static bool take_cursor(const struct native_query *query, const struct native_given *given)
{
	return native_position(query->request, given->value, &query->op->list.after, query->err);
}

/* Was read before the others: native_take_dialects. */
static bool take_dialect(const struct native_query *query, const struct native_given *given)
{
	(void)query, (void)given;
	return true;
}

/* ---- the table ---- */

static const struct parameter {
	const char *name;
	bool many; /* may stand more than once */
	bool (*take)(const struct native_query *query, const struct native_given *given);
} parameters[] = {
	{ "dialect", true, take_dialect }, { "state", true, native_take_states },
	{ "archived", false, take_archived }, { "created_from", false, take_created },
	{ "created_to", false, take_created }, { "updated_from", false, take_updated },
	{ "updated_to", false, take_updated }, { "sort", false, take_sort },
	{ "limit", false, take_limit }, { "cursor", false, take_cursor },
	{ "total", false, take_total },
	{ NULL, true, native_take_field }, /* word, number, fields.x */
};

static const struct parameter *find_parameter(struct str name)
{
	const struct parameter *parameter = parameters;

	while (parameter->name && !str_eq(name, str_of(parameter->name)))
		parameter++;
	return parameter->name || native_is_field(name) ? parameter : NULL;
}

static bool stood_before(const struct request *request, size_t at)
{
	size_t i = 0;

	while (i < at && !str_eq(request->query[i].name, request->query[at].name))
		i++;
	return i < at;
}

static bool take_parameter(const struct native_query *query, size_t at)
{
	const struct pair *pair = &query->request->query[at];
	const struct native_given given = { at, pair->name, pair->value };
	const struct parameter *parameter = find_parameter(pair->name);

	if (!parameter)
		return NATIVE_WRONG_QUERY(query, pair->name, "There is no parameter of this name.");
	if (!stood_before(query->request, at))
		return parameter->take(query, &given);
	return parameter->many ||
	       NATIVE_WRONG_QUERY(query, pair->name, "This parameter may stand once.");
}

bool native_decode_list(struct request *request, struct op *op, struct err *err)
{
	struct native_query query = { .request = request, .op = op, .err = err };

	if (!request_must_accept_json(request, err))
		return false;
	op->kind = OP_LIST;
	op->list.limit = NATIVE_PAGE;
	op->list.count = true;
	op->list.partial = true;
	if (!native_take_dialects(&query))
		return false;
	for (size_t i = 0; i < request->query_count; i++) {
		if (!take_parameter(&query, i))
			return false;
	}
	return true;
}
