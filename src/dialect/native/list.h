#pragma once
/*
 * What the two files that read the query of a list share: list.c has the parameters,
 * filter.c those among them that become filters.
 */
#include "dialect/native/native.h"

/* A query, while it is read. */
struct native_query {
	const struct request *request;
	struct op *op;
	const struct dialect *dialect; /* when it names exactly one */
	struct err *err;
};

/* A parameter that the query has, at its first place. */
struct native_param {
	size_t first;
	struct str name, value;
};

#define NATIVE_QUERY_ERROR(query, name, ...)                                 \
	native_set_error((query)->err, (query)->request->arena, ERR_INVALID, \
		NATIVE_AT_PARAM(name), __VA_ARGS__)

/* Sets the op's dialect or dialects. Comes first: what else may be asked for depends on it. */
bool native_parse_dialects(struct native_query *query);
/* A filter of each; the parameter may stand several times, for further values. */
bool native_parse_states(const struct native_query *query, const struct native_param *given);
bool native_parse_field_filter(const struct native_query *query, const struct native_param *given);

/* Whether it is the name of something that only some dialects have: status, number, fields.x. */
bool native_is_dialect_field(struct str name);
/*
 * The row of the one dialect's table that has this name; NULL, and an error of the parameter, when
 * there is none, or not one dialect.
 */
const struct index_field *native_require_index(
	const struct native_query *query, struct str parameter, struct str name);
