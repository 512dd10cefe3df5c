#pragma once
/*
 * 4HSE v2 tasks, as README.md says:
 *
 *     GET, POST  /index          list, by a query or a body
 *     POST       /create         create
 *     GET        /view           one task; the id stands in the query or behind the address
 *     PUT, PATCH /update         change some members; likewise
 *     DELETE     /delete         remove one; likewise
 *
 * tables.c holds the tables and the answers, fourhse_encode_error.c what is said of errors,
 * fourhse_list_params.c reads queries and bodies of any form into JSON, decode.c makes
 * operations of them, list.c lists, page.c what is said about a list's pages, and
 * fourhse_validate.c judges tasks that come in by the native API. Nobody else needs this header.
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

/* Where a member stands in a task. */
enum fourhse_source {
	FOURHSE_FIELD,
	FOURHSE_STATUS,
	FOURHSE_CREATED,
	FOURHSE_UPDATED,
};

struct fourhse_member {
	const char *name;
	const char *label; /* as sentences call it */
	uint8_t index;	   /* what lists filter and sort by */
	enum fourhse_source source;
	size_t max_chars; /* characters; 0: as many as a body has */
	bool nullable;	  /* may be null; otherwise it is a string that is not blank */
	bool any_json;	  /* takes any JSON value, kept as its text in a string */
};

#define FOURHSE_MEMBER_COUNT 9
/* In the order in which they are shown. */
extern const struct fourhse_member fourhse_members[FOURHSE_MEMBER_COUNT];
/* NULL when there is none of that name. */
const struct fourhse_member *fourhse_member_by_name(struct str name);

/* ---- ids ---- */

#define FOURHSE_ID_MAX 64 /* characters of a task_id */

/*
 * The id that a request names, in its address or its query, as it was sent; ptr NULL when it names
 * none.
 */
struct str fourhse_requested_id(const struct request *request);
/*
 * The id of a task_id: that of a UUID is the UUID, other texts of 1 to FOURHSE_ID_MAX characters
 * give one made of their name. *text is how the task_id is kept: a UUID in lower case. False with
 * ERR_INVALID for any other text.
 */
bool fourhse_parse_task_id(
	struct id *id, struct str *text, struct str task_id, struct arena *arena, struct err *err);
/* Whether it is empty or all white space. */
bool fourhse_is_blank(struct str text);

/* ---- parameters (fourhse_list_params.c) ---- */

/*
 * The body as an object, which the caller owns: JSON, or a form whose bracketed names are nested
 * ("filter[status]"). An empty body is an empty object. A credential in it is left out.
 */
bool fourhse_parse_body(json_t **params, const struct request *request, struct err *err);
/* What a list is asked for with: the body when it says anything, else the query. */
bool fourhse_list_params(json_t **params, const struct request *request, struct err *err);
/* The last parameter of that name in the query, or STR_NULL. */
struct str fourhse_last_query_param(const struct request *request, const char *name);
/* Sets request->selected_fields by `fields` of the query: once, because a list asks for each of its rows. */
void fourhse_select_fields(struct request *request);
/* Whether a parameter means yes: true, 1, and as texts "1" and "true" in any case. */
bool fourhse_json_is_true(const json_t *value);
bool fourhse_text_is_true(struct str text);

/* ---- pages (page.c) ---- */

#define FOURHSE_PER_PAGE_DEFAULT 100
#define FOURHSE_PER_PAGE_MAX	 500

/* Rows a page, and which page from 1, brought into their limits. */
uint64_t fourhse_per_page(const json_t *params);
uint64_t fourhse_page(const json_t *params);
/* The headers of a list that total and offset are known of. */
bool fourhse_add_page_headers(const json_t *params, const struct request *request,
	const struct result *result, struct response *response, struct err *err);

/* ---- the rows' decoders (http/route.h) ---- */

bool fourhse_decode_list(struct request *request, struct op *op, struct err *err);
bool fourhse_decode_create(struct request *request, struct op *op, struct err *err);
bool fourhse_decode_read(struct request *request, struct op *op, struct err *err);
bool fourhse_decode_update(struct request *request, struct op *op, struct err *err);
bool fourhse_decode_delete(struct request *request, struct op *op, struct err *err);

/*
 * The value as a string's JSON text: a string as it is, anything else as its JSON text in a string,
 * null as null.
 */
struct str fourhse_as_string(const json_t *value, struct arena *arena);
/* Adds {"field","message"} to a list of what is not valid; the message is printed with a label. */
void fourhse_add_error(struct buf *list, const char *field, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Ends the list: ERR_UNPROCESSABLE with the whole in err->detail, or true when it is empty. */
bool fourhse_finish_errors(struct buf *list, struct arena *arena, struct err *err);

/* Encoders of the rows of that name (http/route.h). */
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
extern const struct error_override fourhse_error_overrides[];
void fourhse_encode_error(const struct request *request, const struct err *err, const char *text,
	struct response *response);
bool fourhse_native_defaults(const struct request *request, struct op *op, struct err *err);
bool fourhse_validate(const struct task *before, const struct task *task, struct err *err);
bool fourhse_sample(struct task *task, uint64_t i, struct arena *arena);
