#pragma once
/*
 * Parser of filters. Private to filter.c, which parses `and`, `or`, `not` and the members' names,
 * and operator.c, which parses the condition of one member. The functions return false without
 * memory. They report an invalid filter to `errors`, return true and go on.
 */
#include "dialect/fourhse/condition.h"

struct fourhse_filter_parser {
	struct arena *arena;
	struct buf errors; /* one object at most: all concern the member filter */
	size_t conditions, likes;
	struct err *err;
};

/* Reports the problem if it is the first one. */
#define ADD_ERROR(parser, ...)                                                       \
	do {                                                                         \
		if ((parser)->errors.len == 0)                                       \
			fourhse_add_error(&(parser)->errors, "filter", __VA_ARGS__); \
	} while (0)

/* Adds a part in front of the other parts of parent; NULL without memory. */
struct fourhse_condition *fourhse_add_part(struct fourhse_filter_parser *parser,
	struct fourhse_condition *parent, enum fourhse_condition_kind kind,
	const struct fourhse_member *member);

enum fourhse_operator {
	FOURHSE_OP_EQ,
	FOURHSE_OP_NEQ,
	FOURHSE_OP_IN,
	FOURHSE_OP_NIN,
	FOURHSE_OP_LT,
	FOURHSE_OP_LTE,
	FOURHSE_OP_GT,
	FOURHSE_OP_GTE,
	FOURHSE_OP_LIKE,
	FOURHSE_OPERATORS,
};

/* FOURHSE_OPERATORS for any other name. */
enum fourhse_operator fourhse_find_operator(const char *name);
/* Adds to parent that the member has the value, or one of an array of values. */
bool fourhse_add_equals(struct fourhse_filter_parser *parser, struct fourhse_condition *parent,
	const struct fourhse_member *member, const json_t *value);
bool fourhse_add_operator(struct fourhse_filter_parser *parser, struct fourhse_condition *parent,
	const struct fourhse_member *member, enum fourhse_operator op, const json_t *value);
