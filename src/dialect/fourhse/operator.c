/* Parses what a filter says about one member. */
#include "base/date.h"
#include "dialect/fourhse/filter.h"

#define DAY_MS ((int64_t)86400000)

struct fourhse_condition *fourhse_add_part(struct fourhse_filter_parser *parser,
	struct fourhse_condition *parent, enum fourhse_condition_kind kind,
	const struct fourhse_member *member)
{
	struct fourhse_condition *part = arena_alloc(parser->arena, sizeof(*part));

	if (!part) {
		err_no_memory(parser->err);
		return NULL;
	}
	*part = (struct fourhse_condition){ .kind = kind, .member = member, .next = parent->parts };
	parent->parts = part;
	if (++parser->conditions > FOURHSE_CONDITIONS_MAX)
		ADD_ERROR(parser, "Filter should have at most %d conditions.",
			FOURHSE_CONDITIONS_MAX);
	return part;
}

/* ---- dates ---- */

/* A range that contains no time. */
static const struct list_time_range empty_range = { .to = { 1 } };

static bool is_null(const json_t *value)
{
	return json_is_null(value) ||
	       (json_is_string(value) && str_eq(json_str(value), STR("NULL")));
}

/* Whether a time has the form "2024-01-31 10:00:00", also with a T or a fraction. */
static bool has_no_zone(struct str text)
{
	size_t i = 19;

	if (text.len < i || !memchr(" Tt", text.ptr[10], 3))
		return false;
	while (i < text.len && memchr("0123456789.", text.ptr[i], 11))
		i++;
	return i == text.len;
}

/* A day, or a second or millisecond of RFC 3339; in UTC if the text has no zone. */
static bool parse_time(struct str text, int64_t *from, int64_t *to)
{
	char iso[48];

	if (date_parse_day(from, text)) {
		*to = *from + DAY_MS;
		return true;
	}
	if (has_no_zone(text) && text.len < sizeof(iso)) {
		memcpy(iso, text.ptr, text.len);
		iso[10] = 'T';
		iso[text.len] = 'Z';
		text = (struct str){ iso, text.len + 1 };
	}
	if (!date_parse(from, text))
		return false;
	*to = *from + (memchr(text.ptr, '.', text.len) ? 1 : 1000);
	return true;
}

/* The member equals one day. */
static bool add_day(struct fourhse_filter_parser *parser, struct fourhse_condition *parent,
	const struct fourhse_member *member, const json_t *value)
{
	struct fourhse_condition *part = fourhse_add_part(parser, parent, FOURHSE_TIME, member);
	int64_t from = 0;

	if (!part)
		return false;
	if (is_null(value))
		part->range = empty_range;
	else if (json_is_string(value) && date_parse_day(&from, json_str(value)))
		part->range = (struct list_time_range){ from, optional_time(from + DAY_MS) };
	else
		ADD_ERROR(parser, "The format of %s is invalid.", member->label);
	return true;
}

static bool add_days(struct fourhse_filter_parser *parser, struct fourhse_condition *parent,
	const struct fourhse_member *member, const json_t *list)
{
	struct fourhse_condition *any = fourhse_add_part(parser, parent, FOURHSE_ANY, member);
	bool ok = any != NULL;

	for (size_t i = 0; ok && i < json_array_size(list); i++)
		ok = add_day(parser, any, member, json_array_get(list, i));
	return ok;
}

/* ---- texts ---- */

/* The value as indexed. The text "NULL" means null: a form has no other way to send it. */
static struct str index_value(const struct fourhse_filter_parser *parser,
	const struct fourhse_member *member, const json_t *value)
{
	if (is_null(value))
		return member->source == FOURHSE_STATUS ? STR("") : STR("null");
	if (member->source == FOURHSE_FIELD)
		return fourhse_as_string(value, parser->arena);
	return json_is_string(value) ? arena_copy(parser->arena, json_str(value))
				     : json_text(value, parser->arena);
}

/* UUIDs are stored in lower case. */
static struct str canonical_uuid(const struct fourhse_filter_parser *parser, struct str json)
{
	struct str text = { json.ptr + 1, json.len - 2 };
	char lower[ID_TEXT_LEN + 1];
	struct id id;

	if (json.len != ID_TEXT_LEN + 2 || !id_parse(&id, text))
		return json;
	id_format(&id, lower);
	return json_quote(str_cstr(lower), parser->arena);
}

static bool add_value(struct fourhse_filter_parser *parser, const struct fourhse_member *member,
	const json_t *value, struct str *values, size_t *count)
{
	struct str text;

	if ((json_is_object(value) || json_is_array(value)) && !member->any_json) {
		ADD_ERROR(parser, "%s must be a string.", member->label);
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

/* The member has the value or, with any, one of an array of values; none if that is empty. */
static bool add_values(struct fourhse_filter_parser *parser, struct fourhse_condition *parent,
	const struct fourhse_member *member, const json_t *value, bool any)
{
	struct fourhse_condition *part = fourhse_add_part(parser, parent, FOURHSE_IN, member);
	size_t size = any ? json_array_size(value) : 1;
	struct str *values;
	bool ok = true;

	if (!part)
		return false;
	if (size > LIST_VALUES_MAX) {
		ADD_ERROR(parser, "%s should have at most %d values.", member->label,
			LIST_VALUES_MAX);
		return true;
	}
	values = arena_alloc(parser->arena, (size + 1) * sizeof(*values));
	if (!values)
		return err_no_memory(parser->err);
	part->values = values;
	for (size_t i = 0; ok && i < size; i++)
		ok = add_value(parser, member, any ? json_array_get(value, i) : value, values,
			&part->value_count);
	return ok;
}

bool fourhse_add_equals(struct fourhse_filter_parser *parser, struct fourhse_condition *parent,
	const struct fourhse_member *member, const json_t *value)
{
	if (member->source == FOURHSE_CREATED || member->source == FOURHSE_UPDATED)
		return add_day(parser, parent, member, value);
	return add_values(parser, parent, member, value, json_is_array(value));
}

/* ---- operators ---- */

static const char *const operators[FOURHSE_OPERATORS] = {
	[FOURHSE_OP_EQ] = "eq",
	[FOURHSE_OP_NEQ] = "neq",
	[FOURHSE_OP_IN] = "in",
	[FOURHSE_OP_NIN] = "nin",
	[FOURHSE_OP_LT] = "lt",
	[FOURHSE_OP_LTE] = "lte",
	[FOURHSE_OP_GT] = "gt",
	[FOURHSE_OP_GTE] = "gte",
	[FOURHSE_OP_LIKE] = "like",
};

enum fourhse_operator fourhse_find_operator(const char *name)
{
	enum fourhse_operator op = 0;

	while (op < FOURHSE_OPERATORS && !str_eq(str_cstr(name), str_cstr(operators[op])))
		op++;
	return op;
}

static bool add_in(struct fourhse_filter_parser *parser, struct fourhse_condition *parent,
	const struct fourhse_member *member, enum fourhse_operator op, const json_t *value)
{
	if (!json_is_array(value)) {
		ADD_ERROR(parser, "Operator \"%s\" requires multiple operands.", operators[op]);
		return true;
	}
	if (member->source == FOURHSE_CREATED || member->source == FOURHSE_UPDATED)
		return add_days(parser, parent, member, value);
	return add_values(parser, parent, member, value, true);
}

/* A value is a span of time: "gt" is after its end, "lte" before it. */
static bool add_comparison(struct fourhse_filter_parser *parser, struct fourhse_condition *parent,
	const struct fourhse_member *member, enum fourhse_operator op, const json_t *value)
{
	struct fourhse_condition *part = fourhse_add_part(parser, parent, FOURHSE_TIME, member);
	int64_t from = 0, to = 0;

	if (!part)
		return false;
	if (member->source != FOURHSE_CREATED && member->source != FOURHSE_UPDATED)
		ADD_ERROR(parser, "\"%s\" does not support operator \"%s\".", member->name,
			operators[op]);
	else if (!json_is_string(value) || !parse_time(json_str(value), &from, &to))
		ADD_ERROR(parser, "The format of %s is invalid.", member->label);
	else if (op == FOURHSE_OP_GT || op == FOURHSE_OP_GTE)
		part->range.from = op == FOURHSE_OP_GT ? to : from;
	else
		part->range.to = optional_time(op == FOURHSE_OP_LT ? from : to);
	return true;
}

static bool add_like(struct fourhse_filter_parser *parser, struct fourhse_condition *parent,
	const struct fourhse_member *member, const json_t *value)
{
	struct fourhse_condition *part = fourhse_add_part(parser, parent, FOURHSE_LIKE, member);
	struct fourhse_pattern *pattern = arena_alloc(parser->arena, sizeof(*pattern));
	struct str text;

	if (!part)
		return false;
	text = json_is_string(value) ? json_str(value) : json_text(value, parser->arena);
	if (!pattern || !text.ptr)
		return err_no_memory(parser->err);
	if (member->source == FOURHSE_CREATED || member->source == FOURHSE_UPDATED)
		ADD_ERROR(parser, "\"%s\" does not support operator \"like\".", member->name);
	else if (json_is_object(value) || json_is_array(value) || json_is_null(value))
		ADD_ERROR(parser, "%s must be a string.", member->label);
	else if (text.len > FOURHSE_LIKE_MAX)
		ADD_ERROR(parser, "%s should contain at most %d bytes.", member->label,
			FOURHSE_LIKE_MAX);
	else if (++parser->likes > FOURHSE_LIKES_MAX)
		ADD_ERROR(parser, "Operator \"like\" may be used at most %d times.",
			FOURHSE_LIKES_MAX);
	fourhse_pattern_init(pattern, text);
	part->pattern = pattern;
	return true;
}

bool fourhse_add_operator(struct fourhse_filter_parser *parser, struct fourhse_condition *parent,
	const struct fourhse_member *member, enum fourhse_operator op, const json_t *value)
{
	if (op == FOURHSE_OP_NEQ || op == FOURHSE_OP_NIN) {
		parent = fourhse_add_part(parser, parent, FOURHSE_NOT, NULL);
		if (!parent)
			return false;
	}
	switch (op) {
	case FOURHSE_OP_EQ:
	case FOURHSE_OP_NEQ:
		return fourhse_add_equals(parser, parent, member, value);
	case FOURHSE_OP_IN:
	case FOURHSE_OP_NIN:
		return add_in(parser, parent, member, op, value);
	case FOURHSE_OP_LIKE:
		return add_like(parser, parent, member, value);
	case FOURHSE_OP_LT:
	case FOURHSE_OP_LTE:
	case FOURHSE_OP_GT:
	case FOURHSE_OP_GTE:
	case FOURHSE_OPERATORS:
	default:
		return add_comparison(parser, parent, member, op, value);
	}
}
