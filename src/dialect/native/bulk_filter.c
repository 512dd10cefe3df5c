#include <inttypes.h>
#include <stdlib.h>

#include "dialect/native/bulk.h"
#include "dialect/native/query.h"

/* Integers that a double has exactly. */
#define REAL_MAX (INT64_C(1) << 53)

#define FILTER STR("filter")

struct parser {
	struct op *op;
	struct request *request; /* whose query has the conditions */
	struct str names[REQUEST_QUERY_MAX];
	size_t count; /* of names */
	json_t *filter;
	struct err *err;
};

#define FILTER_ERROR(parser, ...)                                               \
	native_set_error((parser)->err, (parser)->op->arena, ERR_UNPROCESSABLE, \
		NATIVE_AT_MEMBER(FILTER), __VA_ARGS__)

/* ---- names ---- */

static int compare_names(const void *a, const void *b)
{
	return str_compare(*(const struct str *)a, *(const struct str *)b);
}

/* "archived" may be a default: native_parse_bulk_filter() leaves it out. */
static bool is_default(struct str name, const json_t *value)
{
	return str_eq(name, STR("archived")) &&
	       (json_is_false(value) || str_eq(json_str(value), STR("false")));
}

static bool take_names(struct parser *parser)
{
	bool narrows = false;
	const char *text;
	json_t *value;

	json_object_foreach (parser->filter, text, value) {
		struct str name = str_cstr(text);

		if (is_default(name, value))
			continue;
		if (parser->count == REQUEST_QUERY_MAX)
			return FILTER_ERROR(
				parser, "A filter has at most %d values.", REQUEST_QUERY_MAX);
		narrows |= !str_eq(name, STR("archived"));
		parser->names[parser->count++] = name;
	}
	qsort(parser->names, parser->count, sizeof(parser->names[0]), compare_names);
	return narrows || FILTER_ERROR(parser, "A bulk needs a filter: a condition other than "
					       "archived.");
}

/* ---- values ---- */

static unsigned type_of(const json_t *value)
{
	static const unsigned types[] = {
		[JSON_STRING] = NATIVE_JSON_STRING,
		[JSON_INTEGER] = NATIVE_JSON_INTEGER,
		[JSON_REAL] = NATIVE_JSON_NUMBER,
		[JSON_TRUE] = NATIVE_JSON_BOOLEAN,
		[JSON_FALSE] = NATIVE_JSON_BOOLEAN,
		[JSON_NULL] = NATIVE_JSON_NULL,
	};
	json_int_t number;
	unsigned type = types[json_typeof(value)];

	if (json_is_real(value) && native_parse_integer(value, -REAL_MAX, REAL_MAX, &number))
		type |= NATIVE_JSON_INTEGER;
	return type;
}

/* As the text of a query parameter. */
static struct str text_of(const json_t *value, unsigned types, struct arena *arena)
{
	char number[24];
	json_int_t integer;

	if (json_is_string(value))
		return arena_copy(arena, json_str(value));
	/* Tasks without a kind have kind= in a query, and null where JSON is allowed. */
	if (json_is_null(value) && !(types & NATIVE_JSON_NUMBER))
		return STR("");
	if (json_is_real(value) && !(types & NATIVE_JSON_NUMBER) &&
		native_parse_integer(value, -REAL_MAX, REAL_MAX, &integer)) {
		snprintf(number, sizeof(number), "%" PRId64, (int64_t)integer);
		return arena_copy(arena, str_cstr(number));
	}
	return json_text(value, arena);
}

static bool add_value(struct parser *parser, struct native_location place,
	const struct native_condition *condition, const json_t *value)
{
	struct request *request = parser->request;
	struct pair *pair = &request->query[request->query_count];

	if (json_is_object(value) || json_is_array(value) || !(type_of(value) & condition->types))
		return native_set_error(parser->err, request->arena, ERR_UNPROCESSABLE, place, "%s",
			condition->repeatable
				? "This is not a value, or an array of values, of this condition."
				: "This is not a value of this condition.");
	if (request->query_count == REQUEST_QUERY_MAX)
		return FILTER_ERROR(parser, "A filter has at most %d values.", REQUEST_QUERY_MAX);
	pair->name = arena_copy(request->arena, place.name);
	pair->value = text_of(value, condition->types, request->arena);
	request->query_count++;
	return (pair->name.ptr && pair->value.ptr) || err_no_memory(parser->err);
}

static bool add_array(struct parser *parser, struct str name,
	const struct native_condition *condition, const json_t *values)
{
	size_t count = json_array_size(values);

	if (count == 0 || count > REQUEST_QUERY_MAX)
		return native_set_error(parser->err, parser->op->arena, ERR_UNPROCESSABLE,
			NATIVE_AT("/filter/", name), "An array must have 1 to %d values.",
			REQUEST_QUERY_MAX);
	for (size_t i = 0; i < count; i++) {
		if (!add_value(parser, NATIVE_AT_ITEM("/filter/", name, i), condition,
			    json_array_get(values, i)))
			return false;
	}
	return true;
}

static bool add_condition(struct parser *parser, struct str name)
{
	const json_t *value = json_object_get(parser->filter, name.ptr);
	struct native_condition condition;

	if (!native_find_condition(name, &condition))
		return native_set_error(parser->err, parser->op->arena, ERR_UNPROCESSABLE,
			NATIVE_AT("/filter/", name), "A filter has no such member.");
	if (json_is_array(value) && condition.repeatable)
		return add_array(parser, name, &condition, value);
	return add_value(parser, NATIVE_AT("/filter/", name), &condition, value);
}

/* ---- the filter ---- */

static bool put_text(const struct parser *parser, struct str *text)
{
	struct buf out = BUF_INIT;
	bool ok;

	for (size_t i = 0; i < parser->count; i++) {
		buf_putc(&out, i ? ',' : '{');
		buf_put_json_string(&out, parser->names[i]);
		buf_putc(&out, ':');
		json_put(&out, json_object_get(parser->filter, parser->names[i].ptr));
	}
	buf_putc(&out, '}');
	ok = buf_ok(&out) || err_no_memory(parser->err);
	if (ok && out.len > NATIVE_BULK_FILTER_MAX)
		ok = FILTER_ERROR(parser, "A filter has at most %d bytes of JSON text.",
			NATIVE_BULK_FILTER_MAX);
	if (ok) {
		*text = arena_copy(parser->op->arena, buf_str(&out));
		ok = text->ptr || err_no_memory(parser->err);
	}
	buf_free(&out);
	return ok;
}

static bool parse_conditions(struct parser *parser)
{
	struct native_query query = {
		.request = parser->request, .op = parser->op, .err = parser->err, .of_bulk = true
	};

	for (size_t i = 0; i < parser->count; i++) {
		if (!add_condition(parser, parser->names[i]))
			return false;
	}
	parser->op->list.allow_partial = true;
	return native_parse_query(&query);
}

bool native_parse_bulk_filter(struct op *op, json_t *value, struct str *text, struct err *err)
{
	struct parser parser = { .op = op, .filter = value, .err = err };

	if (value && !json_is_object(value))
		return FILTER_ERROR(&parser, "filter must be an object.");
	parser.request = arena_alloc(op->arena, sizeof(*parser.request));
	if (!parser.request)
		return err_no_memory(err);
	*parser.request = (struct request){ .arena = op->arena };
	return take_names(&parser) && put_text(&parser, text) && parse_conditions(&parser);
}
