#pragma once
/*
 * IDOL import-tasks (README.md):
 *
 *     GET  /import-tasks                                   a page of tasks
 *     POST /import-tasks                                   create
 *     GET  /import-tasks/{id}                              one
 *     GET  /import-tasks/{id}/relationships/attachable     the linkage to its attachable
 *     GET  /import-tasks/{id}/attachable                   the attachable as a resource
 *     GET  /timeouts/trigger, /timeouts/trigger/{kind}     fails on purpose
 *
 * Private to this folder: tables.c has the routes, model.c statuses, indexes and credentials;
 * query.c checks Accept and the names of parameters, decode.c parses paths and common parameters,
 * list.c the parameters of lists, decode_create.c bodies; params.c has helpers for parameters,
 * rules.c the model's rules and the native API's hooks.
 */
#include "dialect/dialect.h"
#include "http/json.h"

#define IDOL_MEDIA_TYPE		"application/vnd.api+json"
#define IDOL_RESOURCE_TYPE	"import-tasks"
#define IDOL_PAGE_SIZE_DEFAULT	20
#define IDOL_PAGE_SIZE_MAX	200
#define IDOL_SUPPORT_NUMBER_MAX 255  /* characters */
#define IDOL_URL_MAX		8192 /* characters */

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

/* The errors of jsonapi-resources, with its names. The comment lists first and second. */
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

/* Writes one error object; first and second are truncated after 200 bytes. */
void idol_put_api_error(
	struct buf *out, enum idol_api_error fault, struct str first, struct str second);
/* Writes one error object for an error that the framework does not have; its code is the status. */
void idol_put_http_error(struct buf *out, const char *title, struct str detail, int status);
/* Writes the error object of a violated rule of the model: "master-type - can't be blank". */
void idol_put_validation_error(
	struct buf *out, const char *pointer, const char *member, const char *why);
/* Whether /timeouts/trigger has an error of this kind. */
bool idol_is_trigger_kind(struct str kind);
/* Sets an error with this one object: err->detail is the whole document. Returns false. */
bool idol_set_error(struct err *err, struct arena *arena, enum idol_api_error fault,
	struct str first, struct str second);
/* The same with all error objects in the buffer. */
bool idol_set_errors(
	struct err *err, struct arena *arena, enum err_code code, const struct buf *objects);

/* ---- queries ---- */

struct idol_page {
	int64_t number, size;
};

enum idol_page_key { IDOL_PAGE_UNKNOWN, IDOL_PAGE_NUMBER, IDOL_PAGE_SIZE };

/* The member of struct idol_page that page[key] sets. */
enum idol_page_key idol_find_page_key(struct str key);
/* The page in the query, not checked. */
struct idol_page idol_parse_page(const struct request *request);
/* Splits "filter[product-id]" into the object "filter" and the key "product-id". */
bool idol_split_brackets(struct str name, const char *object, struct str *key);
/* Parses an integer of at most 40 digits into its canonical form: " +007" is "7". */
bool idol_parse_integer(struct str text, struct str *digits);

/* Parameters by route: filter, sort and page are for lists; related objects include none. */
enum idol_query_kind { IDOL_QUERY_ONE, IDOL_QUERY_LIST, IDOL_QUERY_RELATED };

/*
 * The first checks of every route: Accept, the names of the parameters, fields, include. Sets
 * request->selected_fields and, if attachables are to be included, request->encoder_state.
 */
bool idol_check_query(struct request *request, enum idol_query_kind kind, struct err *err);
/* ERR_NOT_ACCEPTABLE unless Accept allows IDOL_MEDIA_TYPE without extensions. */
bool idol_check_accept(const struct request *request, struct err *err);
/* Whether a Content-Type has the parameter ext of JSON:API 1.1. */
bool idol_has_extension(struct str content_type);
/*
 * Rewrites request->query: values of an array, `sort[]=a&sort[]=b` or `sort[0]=a&sort[1]=b`, become
 * one comma-separated value of `sort`. Removes the credential; rejects unknown names.
 */
bool idol_normalize_query(struct request *request, bool list_route, struct err *err);

/* Decoders of the routes (http/route.h). */
bool idol_decode_list(struct request *request, struct op *op, struct err *err);
bool idol_decode_read(struct request *request, struct op *op, struct err *err);
bool idol_decode_related(struct request *request, struct op *op, struct err *err);
bool idol_decode_create(struct request *request, struct op *op, struct err *err);
bool idol_decode_trigger(struct request *request, struct op *op, struct err *err);

/* ---- the model ---- */

/* The attachable of a task: {"type":...,"id":...}. */
struct idol_linkage {
	const char *type; /* as shown */
	struct str id;	  /* borrowed, or number */
	char number[24];
	/* after a failure: the error, and the value to report or NULL */
	enum idol_api_error error;
	const json_t *bad_value;
};

/* Returns false if data is not a linkage. The linkage borrows from data and must not be moved. */
bool idol_parse_linkage(struct idol_linkage *linkage, const json_t *data);
/* The same for a linkage to a resource of that type alone, in any spelling; sets only the id. */
bool idol_parse_owner(struct idol_linkage *linkage, const json_t *data, const char *plain);
/* Sets attachable, and product-id if it is a product. */
bool idol_set_linkage(const struct idol_linkage *linkage, struct change *change,
	struct arena *arena, struct err *err);
/* Compares a type in any spelling: any case, with or without - and _, singular or plural. */
bool idol_matches_type(struct str text, const char *plain);
bool idol_is_master_type(struct str text);
bool idol_is_md5(struct str text);
/* Whether tasks can be linked to this type, in the spelling of responses. */
bool idol_is_attachable_type(struct str text);
/*
 * Members that every task has, null if unset, because a list sorted by a member omits tasks without
 * it. Ends with NULL.
 */
extern const char *const idol_members[];

/* ---- responses ---- */

/* The linkages of a page whose resources are included, each once: JSON texts in the arena. */
struct idol_included {
	struct str linkages[IDOL_PAGE_SIZE_MAX];
	size_t count;
};

/* Returns false if there is no such field; otherwise adds its bit to *shown. */
bool idol_select_field(struct str name, unsigned *shown);
/* Encoders of the routes (http/route.h). */
bool idol_encode(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool idol_encode_linkage(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool idol_encode_related(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool idol_put_task(const struct request *request, const struct task *task, struct buf *out);
bool idol_encode_end(const struct request *request, const struct result *result, struct buf *out);

/* Columns of struct dialect. */
extern const struct auth_policy idol_auth;
extern const struct dialect_statuses idol_statuses;
task_kind_function idol_kind;
extern const struct error_override idol_error_overrides[];
void idol_encode_error(const struct request *request, const struct err *err, const char *text,
	struct response *response);
bool idol_native_defaults(const struct request *request, struct op *op, struct err *err);
bool idol_validate(const struct task *before, const struct task *task, struct err *err);
bool idol_sample(struct task *task, uint64_t i, struct arena *arena);
extern const struct dialect_document idol_document;
