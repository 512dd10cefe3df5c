#pragma once
/*
 * Vionlabs tasks (README.md):
 *
 *     GET    /{item}                                        all tasks of an item
 *     GET    /{item}/product/{product}/version/{version}    one task
 *     POST   the same path                                  create or reopen it
 *     DELETE the same path                                  deactivate it
 *
 * Private to this folder: tables.c has the routes, model.c statuses, indexes and values, rules.c
 * the native API's hooks, json.c the errors of Python's JSON parser.
 */
#include "dialect/dialect.h"

#define VIONLABS_MEDIA_TYPE "application/json"

enum vionlabs_index {
	VIONLABS_BY_ITEM = INDEX_FIRST_OWN,
};

/* Longest values, in characters. A path has at most 8192 bytes anyway. */
#define VIONLABS_ITEM_MAX    512
#define VIONLABS_VERSION_MAX 128

/* ---- values and identity (model.c) ---- */

/* Both end with NULL. */
extern const char *const vionlabs_products[];
/* In ascending order. */
extern const char *const vionlabs_priorities[];
/* The priority of a task whose client names none, or "low". */
#define VIONLABS_PRIORITY_LOW (-10)

/* The index of a value in its list, or -1. */
int vionlabs_value_index(const char *const *values, struct str name);
/* Sets the priority if the name is one of vionlabs_priorities. */
void vionlabs_set_priority(struct change *change, struct str name);
/*
 * Makes the priority of a task and its member `priority` agree: that which the native request has
 * set decides about the other one. ERR_UNPROCESSABLE if it has set both and they differ.
 */
bool vionlabs_native_complete(
	const struct op *op, const struct task *before, struct task *task, struct err *err);

/* The path segments that identify a task of a tenant. */
struct vionlabs_identity {
	struct str item, product, version;
};

/* Derives the task's id from its identity. */
bool vionlabs_make_id(const struct vionlabs_identity *identity, struct id *id, struct arena *arena,
	struct err *err);

/* ---- routes and columns ---- */

/* Decoders of the routes (http/route.h). */
bool vionlabs_decode_list(struct request *request, struct op *op, struct err *err);
bool vionlabs_decode_read(struct request *request, struct op *op, struct err *err);
bool vionlabs_decode_create(struct request *request, struct op *op, struct err *err);
bool vionlabs_decode_deactivate(struct request *request, struct op *op, struct err *err);

/* Encoders of the routes (http/route.h). */
bool vionlabs_encode_list(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool vionlabs_encode_row(const struct request *request, const struct task *task, struct buf *out);
bool vionlabs_encode_end(
	const struct request *request, const struct result *result, struct buf *out);
bool vionlabs_encode_task(const struct request *request, const struct result *result,
	struct response *response, struct err *err);

/* Columns of struct dialect. */
extern const struct dialect_statuses vionlabs_statuses;
task_kind_function vionlabs_kind;
extern const struct error_override vionlabs_error_overrides[];
void vionlabs_encode_error(const struct request *request, const struct err *err, const char *text,
	struct response *response);
bool vionlabs_native_defaults(const struct request *request, struct op *op, struct err *err);
bool vionlabs_validate(const struct task *before, const struct task *task, struct err *err);
bool vionlabs_check_address(const struct task *task, struct err *err);
bool vionlabs_sample(struct task *task, uint64_t i, struct arena *arena);
extern const struct dialect_document vionlabs_document;
extern const struct dialect_webhook vionlabs_webhook;

/* ---- problems ---- */

/*
 * One response reports all problems of a request, each as an object in the format of Pydantic 2.
 * problems collects the objects, separated by commas. loc is the content of a JSON array, input is
 * JSON text.
 */

/* A value that is not in the list of allowed ones. */
void vionlabs_put_enum_error(
	struct buf *problems, const char *loc, struct str input, const char *const *values);
void vionlabs_put_length_error(struct buf *problems, const char *loc, struct str input, size_t max);
/* The body is JSON but not an object. */
void vionlabs_put_object_error(struct buf *problems, struct str input);
/* The body is not JSON: at is the position in bytes. */
void vionlabs_put_json_error(struct buf *problems, size_t at, const char *why);
/* A problem that the framework does not have. */
void vionlabs_put_value_error(struct buf *problems, const char *loc, const char *sentence);
/*
 * Frees the list. Returns true if it was empty; otherwise sets ERR_UNPROCESSABLE with the JSON
 * array in err->detail (in arena), or ERR_NO_MEMORY.
 */
bool vionlabs_finish_errors(struct buf *problems, struct arena *arena, struct err *err);

/* ---- errors of Python's JSON parser (json.c) ---- */

/*
 * Returns the sentence of Python's JSON parser for a text, a constant, and sets *at to the position
 * of the error in bytes. Returns NULL if Python accepts the text, or finds no error within
 * JSON_DEPTH_MAX levels.
 */
const char *vionlabs_find_json_error(struct str text, size_t *at);
