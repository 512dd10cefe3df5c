/* The parameters of a query, by the table of its route. */
#include "base/date.h"
#include "dialect/native/query.h"

/* A name that ends with "*" is each name that begins so. */
static bool has_name(const struct native_query_row *row, struct str name)
{
	struct str own = str_cstr(row->name);

	if (own.ptr[own.len - 1] != '*')
		return str_eq(own, name);
	return str_starts(name, (struct str){ own.ptr, own.len - 1 });
}

const struct native_query_row *native_find_row(const struct native_query_row *rows, struct str name)
{
	for (; rows->name; rows++) {
		if (has_name(rows, name))
			return rows;
	}
	return NULL;
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

void native_unwrap_arrays(struct request *request, const struct native_query_row *rows)
{
	for (size_t i = 0; i < request->query_count; i++) {
		struct str rest = request->query[i].name, name = str_split_next(&rest, '[');
		const struct native_query_row *row = native_find_row(rows, name);

		if (row && row->repeat != NATIVE_ONCE && is_place(rest))
			request->query[i].name = name;
	}
}

/* Whether an earlier parameter of the query has the name of this one. */
static bool is_repeated(const struct request *request, size_t at)
{
	size_t i = 0;

	while (i < at && !str_eq(request->query[i].name, request->query[at].name))
		i++;
	return i < at;
}

static bool parse_pair(
	const struct native_query *query, const struct native_query_row *rows, size_t at)
{
	const struct pair *pair = &query->request->query[at];
	const struct native_param given = { at, pair->name, pair->value };
	const struct native_query_row *row = native_find_row(rows, pair->name);
	bool again = is_repeated(query->request, at);

	if (!row)
		return NATIVE_QUERY_ERROR(query, pair->name, "There is no parameter of this name.");
	if (again && row->repeat == NATIVE_ONCE)
		return NATIVE_QUERY_ERROR(
			query, pair->name, "This parameter may be given only once.");
	if (!row->parse || (again && row->repeat == NATIVE_TOGETHER))
		return true;
	return row->parse(query, &given);
}

bool native_parse_params(const struct native_query *query, const struct native_query_row *rows)
{
	for (size_t i = 0; i < query->request->query_count; i++) {
		if (!parse_pair(query, rows, i))
			return false;
	}
	return true;
}

bool native_check_no_query(const struct request *request, struct err *err)
{
	static const struct native_query_row none = { 0 };
	const struct native_query query = { .request = request, .err = err };

	return native_parse_params(&query, &none);
}

bool native_parse_limit(const struct native_query *query, const struct native_param *given,
	unsigned max, unsigned *limit)
{
	uint64_t number;

	if (!str_to_u64(given->value, &number) || number < 1 || number > max)
		return NATIVE_QUERY_ERROR(
			query, given->name, "limit must be a number from 1 to %u.", max);
	*limit = (unsigned)number;
	return true;
}

/* An unescaped + before the offset has been decoded as a space: accept that. */
bool native_parse_time(
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
