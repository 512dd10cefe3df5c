#pragma once
/*
 * Query parameters. params.c reads them by the table of a route; filter.c has the filters of lists,
 * links.c the links of pages. The filter of a bulk (bulk.h) has the conditions of GET /tasks, as
 * pairs of a query. Functions that return false have set query->err.
 */
#include "dialect/native/native.h"

/* The state of the parser. */
struct native_query {
	const struct request *request;
	struct op *op;
	const struct dialect *dialect; /* NULL unless the query names exactly one */
	void *target;		       /* that the rows of the route fill; NULL: the op alone */
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

/* ---- links.c: `place` is the parameter that says where a page begins ---- */

#define NATIVE_CURSOR "cursor"

/* ERR_URI_TOO_LONG if the links of a page would not fit in the response's head. */
bool native_check_links(const struct request *request, const char *place, struct err *err);
/*
 * Adds the field Link, of a page of any route. next: the place of the next page, empty: this is the
 * last one.
 */
bool native_add_links(const struct request *request, const char *place, struct str next,
	struct response *response, struct err *err);

/* ---- params.c ---- */

enum native_repeat {
	NATIVE_ONCE,	 /* the parameter may be given once */
	NATIVE_EACH,	 /* parse is called for each occurrence */
	NATIVE_TOGETHER, /* parse is called for the first one, and reads all */
};

/* A parameter that a route reads. A table of them ends with { 0 }. */
struct native_query_row {
	const char *name; /* "fields.*": each name that begins so */
	enum native_repeat repeat;
	/* NULL: something else reads it. */
	bool (*parse)(const struct native_query *query, const struct native_param *given);
	unsigned types; /* enum native_json_type, of a condition for tasks; else 0 */
};

/* NULL: no row has this name. */
const struct native_query_row *native_find_row(
	const struct native_query_row *rows, struct str name);

/*
 * PHP and axios write a repeated parameter as state[] or state[0]. Renames each parameter that may
 * be repeated to its plain name. Call it before anything reads the query.
 */
void native_unwrap_arrays(struct request *request, const struct native_query_row *rows);
/* Reads the whole query. ERR_INVALID if a parameter is unknown, repeated or has a wrong value. */
bool native_parse_params(const struct native_query *query, const struct native_query_row *rows);
/* Of a list without parameters: a client must not take it for one that it has filtered. */
bool native_check_no_query(const struct request *request, struct err *err);
/* The parameter limit, from 1 to max. */
bool native_parse_limit(const struct native_query *query, const struct native_param *given,
	unsigned max, unsigned *limit);
/* Parses a parameter that is a time (RFC 3339) to ms since the epoch. */
bool native_parse_time(
	const struct native_query *query, const struct native_param *given, int64_t *ms);

/* ---- list.c ---- */

/* False: no condition for tasks has this name. */
bool native_find_condition(struct str name, struct native_condition *condition);
/* Reads all pairs of the query of GET /tasks into op->list, which is zero but for its defaults. */
bool native_parse_query(struct native_query *query);

/* ---- filter.c ---- */

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
