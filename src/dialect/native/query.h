#pragma once
/*
 * Query parameters of GET /tasks. list.c reads them and calls filter.c for the filters. The filter
 * of a bulk (bulk.h) has the same conditions, as pairs of a query. Functions that return false have
 * set query->err.
 */
#include "dialect/native/native.h"

/* The state of the parser. */
struct native_query {
	const struct request *request;
	struct op *op;
	const struct dialect *dialect; /* NULL unless the query names exactly one */
	struct err *err;
	bool of_bulk; /* the pairs are members of the filter of a bulk */
};

/* The first occurrence of a parameter. */
struct native_param {
	size_t first; /* its index in request->query */
	struct str name, value;
};

#define NATIVE_QUERY_ERROR(query, name, ...)                                            \
	native_set_error((query)->err, (query)->request->arena,                         \
		(query)->of_bulk ? ERR_UNPROCESSABLE : ERR_INVALID,                     \
		(query)->of_bulk ? NATIVE_AT("/filter/", name) : NATIVE_AT_PARAM(name), \
		__VA_ARGS__)

/* JSON types of the value of a condition, as bits. */
enum native_json_type {
	NATIVE_JSON_STRING = 1,
	NATIVE_JSON_INTEGER = 2,
	NATIVE_JSON_BOOLEAN = 4,
	NATIVE_JSON_NULL = 8,
	NATIVE_JSON_NUMBER = 16, /* any */
	NATIVE_JSON_SCALAR = 31,
};

/* A parameter that is a condition for tasks, not about the page. */
struct native_condition {
	bool repeatable;
	unsigned types; /* as a member of a filter: enum native_json_type */
};

/*
 * Keeps the query for the links of the page (request->encoder_state). ERR_URI_TOO_LONG if they
 * would not fit in the response's head.
 */
bool native_keep_query(struct request *request, struct err *err);
/* PHP and axios write a repeated parameter as state[] or state[0]: renames it. */
void native_unwrap_arrays(struct request *request);
/* False: no condition has this name. */
bool native_find_condition(struct str name, struct native_condition *condition);
/* Reads all pairs of the query into op->list, which is zero but for its defaults. */
bool native_parse_query(struct native_query *query);
/* Whether an earlier parameter of the query has the name of this one. */
bool native_is_repeated(const struct request *request, size_t at);
/* Sets the dialects of the op. Call it first: filters and sort keys depend on the dialect. */
bool native_parse_dialects(struct native_query *query);
/*
 * The same for a query that is no list: the codes, in the request's arena, which the op then does
 * not have. *count 0: all dialects.
 */
bool native_take_dialects(struct native_query *query, const uint8_t **codes, size_t *count);
/* Each adds one filter with the values of all occurrences of the parameter. */
bool native_parse_failures(const struct native_query *query, const struct native_param *given);
bool native_parse_states(const struct native_query *query, const struct native_param *given);
bool native_parse_kinds(const struct native_query *query, const struct native_param *given);
bool native_parse_priorities(const struct native_query *query, const struct native_param *given);
bool native_parse_field_filter(const struct native_query *query, const struct native_param *given);

/* Whether the name is status, number or fields.x, which only some dialects index. */
bool native_is_dialect_field(struct str name);
/*
 * The index of that name in the table of the query's one dialect. Returns NULL and sets an error
 * for the parameter if there is no such index or not exactly one dialect.
 */
const struct index_field *native_require_index(
	const struct native_query *query, struct str parameter, struct str name);
