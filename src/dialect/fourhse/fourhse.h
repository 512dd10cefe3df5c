#pragma once
/*
 * 4HSE v2 tasks (README.md):
 *
 *     GET, POST  /index          list, with a query or a body
 *     POST       /create         create
 *     GET        /view           one task; the id is in the query or in the path
 *     PUT, PATCH /update         change some members; likewise
 *     DELETE     /delete         remove one; likewise
 *
 * Private to this folder: tables.c has the routes, model.c statuses, indexes and members, params.c
 * parses queries and bodies, list.c turns them into list operations (condition.h: filters) and
 * decode.c into all others, page.c writes pagination header fields, rules.c has the native API's
 * hooks.
 */
#include "dialect/dialect.h"
#include "http/json.h"

#define FOURHSE_MEDIA_TYPE "application/json; charset=UTF-8"
#define FOURHSE_PREFIX	   "/v2/task"

enum fourhse_index {
	FOURHSE_BY_STATUS = INDEX_FIRST_OWN,
	FOURHSE_BY_HANDLER,
	FOURHSE_BY_USER_ID,
	FOURHSE_BY_ENTITY_ID,
	FOURHSE_BY_TASK_ID,
	FOURHSE_BY_REQUEST,
	FOURHSE_BY_RESPONSE,
	FOURHSE_BY_HANDLER_AND_STATUS,
	FOURHSE_BY_USER_ID_AND_STATUS,
	FOURHSE_BY_ENTITY_ID_AND_STATUS,
};

/* The source of a member's value. */
enum fourhse_source {
	FOURHSE_FIELD,
	FOURHSE_STATUS,
	FOURHSE_CREATED,
	FOURHSE_UPDATED,
};

struct fourhse_member {
	const char *name;
	const char *label; /* its name in sentences */
	uint8_t index;	   /* for filters and sort keys */
	enum fourhse_source source;
	size_t max_chars; /* characters; 0: no limit but that of the body */
	bool nullable;	  /* if not, it is a string that is not blank */
	bool any_json;	  /* accepts any JSON value, stored as its text in a string */
};

#define FOURHSE_MEMBER_COUNT 9
/* In the order of responses. */
extern const struct fourhse_member fourhse_members[FOURHSE_MEMBER_COUNT];
/* Returns NULL for an unknown name. */
const struct fourhse_member *fourhse_member_by_name(struct str name);

/* ---- ids and texts ---- */

#define FOURHSE_ID_MAX 64 /* characters of a task_id */
/* Bytes of JSON text that a back end reports by the native API. */
#define FOURHSE_RESPONSE_MAX ((size_t)256 * 1024)

/* The id in the path or the query, as sent; ptr is NULL if there is none. */
struct str fourhse_requested_id(const struct request *request);
/*
 * Derives the task's id from its task_id: a UUID is the id itself, any other text of 1 to
 * FOURHSE_ID_MAX characters is hashed. *text is the task_id as stored: a UUID in lower case.
 * Returns false with ERR_INVALID for any other text.
 */
bool fourhse_parse_task_id(
	struct id *id, struct str *text, struct str task_id, struct arena *arena, struct err *err);
/* Whether the text is empty or all white space. */
bool fourhse_is_blank(struct str text);
/*
 * JSON text of a string or null, in arena: a string and null as they are, any other value as its
 * JSON text in a string. STR_NULL without memory.
 */
struct str fourhse_as_string(const json_t *value, struct arena *arena);

/* ---- parameters (params.c) ---- */

/*
 * Parses the body into an object, which the caller owns. It is JSON, or a form whose bracketed
 * names ("filter[status]") become nested objects. An empty body is an empty object. A credential is
 * omitted.
 */
bool fourhse_parse_body(json_t **params, const struct request *request, struct err *err);
/* The parameters of a list: the body unless it is empty, else the query. */
bool fourhse_list_params(json_t **params, const struct request *request, struct err *err);
/* The last parameter of that name in the query, or STR_NULL. */
struct str fourhse_last_query_param(const struct request *request, const char *name);
/* Sets request->selected_fields from the query, once for all rows of a list. */
void fourhse_select_fields(struct request *request);
/* Whether a parameter is true, 1, or a string: "1", or "true" in any case. */
bool fourhse_json_is_true(const json_t *value);
bool fourhse_text_is_true(struct str text);

/* ---- pages (page.c) ---- */

#define FOURHSE_PER_PAGE_DEFAULT 100
#define FOURHSE_PER_PAGE_MAX	 500

/* Rows per page, and the page from 1, clamped to their limits. */
uint64_t fourhse_per_page(const json_t *params);
uint64_t fourhse_page(const json_t *params);
/* Adds the pagination header fields. The result has total and offset. */
bool fourhse_add_page_headers(const json_t *params, const struct request *request,
	const struct result *result, struct response *response, struct err *err);

/* ---- lists of invalid members (error.c) ---- */

/* Appends {"field","message"} to a list of invalid members. */
void fourhse_add_error(struct buf *list, const char *field, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Returns true if the list is empty; else sets ERR_UNPROCESSABLE with the list in err->detail. */
bool fourhse_finish_errors(struct buf *list, struct arena *arena, struct err *err);

/* ---- routes and columns ---- */

/* Decoders of the routes (http/route.h). */
bool fourhse_decode_list(struct request *request, struct op *op, struct err *err);
bool fourhse_decode_create(struct request *request, struct op *op, struct err *err);
bool fourhse_decode_read(struct request *request, struct op *op, struct err *err);
bool fourhse_decode_update(struct request *request, struct op *op, struct err *err);
bool fourhse_decode_delete(struct request *request, struct op *op, struct err *err);

/* Encoders of the routes (http/route.h). */
bool fourhse_encode_list(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool fourhse_encode_list_row(
	const struct request *request, const struct task *task, struct buf *out);
bool fourhse_encode_list_end(
	const struct request *request, const struct result *result, struct buf *out);
bool fourhse_encode_task(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool fourhse_encode_created(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool fourhse_encode_deleted(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool fourhse_encode_dependent_row(
	const struct request *request, const struct task *task, struct buf *out);
bool fourhse_encode_dependents_end(
	const struct request *request, const struct result *result, struct buf *out);

/* Columns of struct dialect. */
extern const struct dialect_statuses fourhse_statuses;
task_kind_function fourhse_kind;
extern const struct error_override fourhse_error_overrides[];
void fourhse_encode_error(const struct request *request, const struct err *err, const char *text,
	struct response *response);
bool fourhse_native_defaults(const struct request *request, struct op *op, struct err *err);
bool fourhse_check_address(const struct task *task, struct err *err);
bool fourhse_validate(const struct task *before, const struct task *task, struct err *err);
bool fourhse_sample(struct task *task, uint64_t i, struct arena *arena);
extern const struct dialect_document fourhse_document;
