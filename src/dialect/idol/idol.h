#pragma once
/*
 * IDOL import-tasks, as README.md says:
 *
 *     GET  /import-tasks                                   a page of them
 *     POST /import-tasks                                   create
 *     GET  /import-tasks/{id}                              one
 *     GET  /import-tasks/{id}/relationships/attachable     what it is about: the linkage
 *     GET  /import-tasks/{id}/attachable                   the same as a resource
 *     GET  /timeouts/trigger                               fails on purpose
 *
 * tables.c holds the tables and the refusals, error.c the error objects, encode.c the
 * answers; decode.c reads addresses and what all queries have, list.c those of lists,
 * decode_create.c bodies; rules.c knows what a task may be. Nobody else needs this header.
 */
#include "dialect/dialect.h"
#include "http/json.h"

#define IDOL_MEDIA_TYPE	       "application/vnd.api+json"
#define IDOL_RESOURCE_TYPE     "import-tasks"
#define IDOL_PAGE_SIZE_DEFAULT 20
#define IDOL_PAGE_SIZE_MAX     200

enum idol_index {
	IDOL_BY_NUMBER = INDEX_FIRST_OWN,
	IDOL_BY_STATUS,
	IDOL_BY_PRODUCT,
	IDOL_BY_DISTRIBUTOR,
	IDOL_BY_MASTER_TYPE,
	IDOL_BY_PRECISION,
	IDOL_BY_URL,
	IDOL_BY_MD5,
	IDOL_BY_SUPPORT_NUMBER,
};

/* ---- error objects ---- */

/* The framework's errors, by its names for them. */
enum idol_api_error {
	IDOL_INVALID_RESOURCE,	     /* type */
	IDOL_FILTER_NOT_ALLOWED,     /* filter */
	IDOL_INVALID_FIELD_VALUE,    /* value, field */
	IDOL_INVALID_FIELD,	     /* field, type */
	IDOL_PARAM_NOT_ALLOWED,	     /* param */
	IDOL_PAGE_PARAM_NOT_ALLOWED, /* param */
	IDOL_PARAM_MISSING,	     /* param */
	IDOL_INVALID_FILTER_VALUE,   /* value, filter */
	IDOL_INVALID_INCLUDE,	     /* relationship, type */
	IDOL_INVALID_SORT,	     /* field, type */
	IDOL_INVALID_LINKS_OBJECT,   /* - */
	IDOL_INVALID_PAGE_VALUE,     /* value, "size" or "number" */
	IDOL_PAGE_TOO_LARGE,	     /* - */
	IDOL_INVALID_FIELD_FORMAT,   /* - */
	IDOL_INVALID_FILTERS_SYNTAX, /* value */
	IDOL_INVALID_DATA_FORMAT,    /* - */
	IDOL_BODY_NOT_OBJECT,	     /* - */
	IDOL_NOT_FOUND,		     /* id */
	IDOL_NOT_ACCEPTABLE,	     /* media type */
	IDOL_UNSUPPORTED_MEDIA_TYPE, /* media type */
	IDOL_API_ERRORS
};

/* Writes one error object; what is echoed is cut after 200 bytes. */
void idol_put_api_error(
	struct buf *out, enum idol_api_error fault, struct str first, struct str second);
/* Writes one error object of code `status` for what the framework has no words of its own. */
void idol_put_http_error(struct buf *out, const char *title, struct str detail, int status);
/* Writes the error object of one broken rule of the model: "master-type - can't be blank". */
void idol_put_validation_error(
	struct buf *out, const char *pointer, const char *member, const char *why);
/* Fills in an error of this one object: err->detail is the whole document. Always false. */
bool idol_set_error(struct err *err, struct arena *arena, enum idol_api_error fault,
	struct str first, struct str second);
/* The same for all error objects that were written into `objects`. */
bool idol_set_errors(
	struct err *err, struct arena *arena, enum err_code code, const struct buf *objects);

/* ---- queries ---- */

struct idol_page {
	int64_t number, size;
};

/* What the query asks for, whether it is allowed or not. */
struct idol_page idol_parse_page(const struct request *request);
/* "filter[product-id]" is of "filter", and its key is "product-id". */
bool idol_split_brackets(struct str name, const char *object, struct str *key);
/* A whole number of any size, without what does not count: " +007" is "7". */
bool idol_parse_integer(struct str text, struct str *digits);
/* Accept, fields and include: what every row looks at first. Sets request->selected_fields. */
bool idol_check_query(struct request *request, struct err *err);

/* Decoders of the rows of that name (http/route.h). */
bool idol_decode_list(struct request *request, struct op *op, struct err *err);
bool idol_decode_read(struct request *request, struct op *op, struct err *err);
bool idol_decode_create(struct request *request, struct op *op, struct err *err);
bool idol_decode_trigger(struct request *request, struct op *op, struct err *err);

/* ---- the model ---- */

/* What a task is about: {"type":...,"id":...}. */
struct idol_linkage {
	const char *type; /* as shown */
	struct str id;	  /* borrowed, or number */
	char number[24];
	/* where it is none: the fault, and the value that it echoes or NULL */
	enum idol_api_error error;
	const json_t *bad_value;
};

/* False where it is none. The linkage borrows from data and must not move. */
bool idol_parse_linkage(struct idol_linkage *linkage, const json_t *data);
/* Sets attachable, and product-id when it is a product. */
bool idol_set_linkage(const struct idol_linkage *linkage, struct change *change,
	struct arena *arena, struct err *err);
/* Whether the text spells the type: any case, with or without - and _, singular or plural. */
bool idol_matches_type(struct str text, const char *plain);
bool idol_is_master_type(struct str word);
bool idol_is_md5(struct str text);
/* Every task has these, null if need be, or lists sorted by them would leave it out. Ends with
 * NULL.
 */
extern const char *const idol_members[];

/* ---- answers ---- */

/* Whether fields[import-tasks] may name it; adds its bit to *shown. */
bool idol_select_field(struct str name, unsigned *shown);
/* Encoders (http/route.h). */
bool idol_encode(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool idol_encode_linkage(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool idol_encode_related(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool idol_put_task(const struct request *request, const struct task *task, struct buf *out);
bool idol_encode_end(const struct request *request, const struct result *result, struct buf *out);

/* Columns of struct dialect. */
extern const struct dialect_statuses idol_statuses;
extern const struct error_override idol_error_overrides[];
void idol_encode_error(const struct request *request, const struct err *err, const char *text,
	struct response *response);
bool idol_native_defaults(const struct request *request, struct op *op, struct err *err);
bool idol_validate(const struct task *before, const struct task *task, struct err *err);
bool idol_sample(struct task *task, uint64_t i, struct arena *arena);
