/* Parses filters: the framework's DataFilter, with its sentences (README.md). */
#include "dialect/fourhse/filter.h"

static size_t count_operators(const json_t *value)
{
	size_t count = 0;
	const char *name;
	json_t *operand;

	/* The macro takes a non-const argument but does not modify it. */
	json_object_foreach ((json_t *)(uintptr_t)value, name, operand)
		count += fourhse_find_operator(name) != FOURHSE_OPERATORS;
	return count;
}

/* A value, or an object of operators. */
static bool add_attribute(struct fourhse_filter_parser *parser, struct fourhse_condition *parent,
	const char *name, json_t *value)
{
	const struct fourhse_member *member = fourhse_member_by_name(str_cstr(name));
	size_t count = count_operators(value);
	bool ok = true;
	const char *key;
	json_t *operand;

	if (!member) {
		ADD_ERROR(parser, "Unknown filter attribute \"%s\"", name);
		return true;
	}
	if (count == 0)
		return fourhse_add_equals(parser, parent, member, value);
	if (count < json_object_size(value)) {
		ADD_ERROR(parser,
			"Condition for \"%s\" should be either a value or valid operator "
			"specification.",
			name);
		return true;
	}
	json_object_foreach (value, key, operand)
		ok = ok && fourhse_add_operator(
				   parser, parent, member, fourhse_find_operator(key), operand);
	return ok;
}

static bool add_condition(
	struct fourhse_filter_parser *parser, struct fourhse_condition *all, json_t *condition);

/* Removes the part that was added last if it has no conditions, because it restricts nothing. */
static void drop_empty_part(struct fourhse_condition *parent)
{
	if (!parent->parts->parts)
		parent->parts = parent->parts->next;
}

/* A part of `or`, or that of `not`. */
static bool add_block(
	struct fourhse_filter_parser *parser, struct fourhse_condition *parent, json_t *condition)
{
	struct fourhse_condition *all = fourhse_add_part(parser, parent, FOURHSE_ALL, NULL);

	if (!all || !add_condition(parser, all, condition))
		return false;
	drop_empty_part(parent);
	return true;
}

static bool add_conjunction(struct fourhse_filter_parser *parser, struct fourhse_condition *parent,
	const char *name, const json_t *list)
{
	bool is_and = str_eq(str_cstr(name), STR("and")), ok;
	struct fourhse_condition *any = parent;

	if (!json_is_array(list)) {
		ADD_ERROR(parser, "Operator \"%s\" requires multiple operands.", name);
		return true;
	}
	if (!is_and)
		any = fourhse_add_part(parser, parent, FOURHSE_ANY, NULL);
	ok = any != NULL;
	for (size_t i = 0; ok && i < json_array_size(list); i++) {
		json_t *part = json_array_get(list, i);

		ok = is_and ? add_condition(parser, parent, part) : add_block(parser, any, part);
	}
	if (ok && !is_and)
		drop_empty_part(parent);
	return ok;
}

static bool add_negation(
	struct fourhse_filter_parser *parser, struct fourhse_condition *parent, json_t *condition)
{
	struct fourhse_condition *negated = fourhse_add_part(parser, parent, FOURHSE_NOT, NULL);

	if (!negated || !add_block(parser, negated, condition))
		return false;
	drop_empty_part(parent);
	return true;
}

static bool add_entry(struct fourhse_filter_parser *parser, struct fourhse_condition *all,
	const char *name, json_t *value)
{
	struct str key = str_cstr(name);

	if (str_eq(key, STR("and")) || str_eq(key, STR("or")))
		return add_conjunction(parser, all, name, value);
	if (str_eq(key, STR("not")))
		return add_negation(parser, all, value);
	if (fourhse_find_operator(name) == FOURHSE_OPERATORS)
		return add_attribute(parser, all, name, value);
	ADD_ERROR(parser, "Operator \"%s\" must be used with a search attribute.", name);
	return true;
}

/* Adds the conditions of an object to `all`. The depth of JSON and of forms bounds the calls. */
static bool add_condition(
	struct fourhse_filter_parser *parser, struct fourhse_condition *all, json_t *condition)
{
	bool ok = true;
	const char *name;
	json_t *value;

	if (json_array_size(condition) > 0)
		ADD_ERROR(parser, "Unknown filter attribute \"0\"");
	else if (!json_is_object(condition) && !json_is_array(condition))
		ADD_ERROR(parser, "The format of Filter is invalid.");
	json_object_foreach (condition, name, value)
		ok = ok && add_entry(parser, all, name, value);
	return ok;
}

bool fourhse_parse_filter(
	struct list_query *list, json_t *filter, struct arena *arena, struct err *err)
{
	struct fourhse_filter_parser parser = { .arena = arena, .err = err };
	struct fourhse_condition *root = arena_alloc(arena, sizeof(*root));
	bool ok;

	if (!root)
		return err_no_memory(err);
	*root = (struct fourhse_condition){ .kind = FOURHSE_ALL };
	ok = !filter || json_is_null(filter) || add_condition(&parser, root, filter);
	ok = ok && fourhse_finish_errors(&parser.errors, arena, err) &&
	     fourhse_plan_filter(list, root, arena, err);
	buf_free(&parser.errors);
	return ok;
}
