#pragma once
/*
 * The native API, as README.md says: tasks of every dialect in one shape.
 *
 *     GET    /tasks                 those that fit the query
 *     POST   /tasks                 create one of any dialect
 *     GET    /tasks/{id}            one
 *     PATCH  /tasks/{id}            merge patch
 *     DELETE /tasks/{id}            remove for good
 *     POST   /tasks/{id}/archive    take it out of the normal lists
 *
 * tables.c holds the tables and the answers, decode.c reads bodies, rules.c fits a
 * task to its dialect inside the transaction, list.c and native_cursor_encode.c read lists,
 * error.c says what is wrong. Nobody else needs this header.
 */
#include "dialect/dialect.h"
#include "http/json.h"
#include "task/member.h"

#define NATIVE_LIMIT_DEFAULT	50 /* rows, unless limit says otherwise */
#define NATIVE_LIMIT_MAX	500
#define NATIVE_FIELDS_MAX	60
#define NATIVE_FIELD_NAME_MAX	64   /* bytes of a field's name */
#define NATIVE_STATUS_MAX	64   /* bytes */
#define NATIVE_TEXT_MAX		4096 /* bytes of the JSON text of error and of progress */
#define NATIVE_MEDIA_TYPE	"application/json"
#define NATIVE_TASKS_PATH	"/v1/tasks"
#define NATIVE_MERGE_PATCH_TYPE "application/merge-patch+json"

/* ---- decoders of the rows of that name (http/route.h) ---- */

bool native_decode_list(struct request *request, struct op *op, struct err *err);
bool native_decode_create(struct request *request, struct op *op, struct err *err);
bool native_decode_read(struct request *request, struct op *op, struct err *err);
bool native_decode_update(struct request *request, struct op *op, struct err *err);
bool native_decode_delete(struct request *request, struct op *op, struct err *err);
bool native_decode_archive(struct request *request, struct op *op, struct err *err);

/* ---- encoders of these rows ---- */

bool native_encode_task(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool native_encode_created(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool native_encode_deleted(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool native_encode_list(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool native_encode_row(const struct request *request, const struct task *task, struct buf *out);
bool native_encode_end(const struct request *request, const struct result *result, struct buf *out);

/* ---- the members that the API shows, in its order ---- */

/* Requests that may set a member: bits. */
enum native_request { NATIVE_READ_ONLY = 0, NATIVE_CREATE = 1, NATIVE_PATCH = 2, NATIVE_BOTH = 3 };

struct native_member {
	const char *name;
	enum member member; /* its row in task_members */
	unsigned set_by;    /* enum native_request */
};

extern const struct native_member native_members[];
extern const size_t native_member_count;

/* ---- a task and its dialect ---- */

/* What a merge patch says where a value is an object: a patch of its own. */
struct native_nested_patches {
	struct str progress; /* JSON text, empty: none */
	size_t count;
	struct field fields[]; /* JSON text */
};

/*
 * Gives a new task's state and word the one that is not there; ERR_UNPROCESSABLE when the dialect
 * does not have the word, or the word stands for another state.
 */
bool native_complete_state(
	const struct dialect *dialect, struct change *change, struct arena *arena, struct err *err);
/* RFC 7396 for two objects, as JSON text in arena. */
bool native_merge_patch(struct str *merged, struct str stored, struct str patch,
	struct arena *arena, struct err *err);
/* struct op's: state and word by the task's dialect, merges (op->hook_data), the dialect's consent. */
bool native_before_write(
	const struct op *op, const struct task *before, struct task *task, struct err *err);
/* Turns what another dialect's prepare or admit refuses with into a problem of ours. */
bool native_convert_error(struct err *err, struct arena *arena);

/* ---- places in a list ---- */

/*
 * A cursor is base64url of: a version, 8 bytes of SHA-256 over tenant, query and position, the
 * position. Whoever makes one up gets no further than with the query itself: the store bounds what
 * it reads by the query.
 */
#define NATIVE_CURSOR_VERSION	   1
#define NATIVE_CURSOR_CHECKSUM_LEN 8
/* In the request's memory; ptr NULL without memory. */
struct str native_cursor_encode(const struct request *request, struct str position);
/* ERR_INVALID when it is damaged, or of another query. */
bool native_cursor_decode(
	const struct request *request, struct str cursor, struct str *position, struct err *err);

/* ---- problems (RFC 9457) ---- */

/* Where a problem lies. */
struct native_location {
	const char *kind;   /* "pointer" (RFC 6901), "parameter", "header" */
	const char *parent; /* what a pointer begins with */
	struct str name;
};

#define NATIVE_AT_MEMBER(name) ((struct native_location){ "pointer", "/", (name) })
#define NATIVE_AT_FIELD(name)  ((struct native_location){ "pointer", "/fields/", (name) })
#define NATIVE_AT_PARAM(name)  ((struct native_location){ "parameter", "", (name) })

/* Fills in the error, with what `errors` of the answer will be in err->detail; returns false. */
bool native_set_error(struct err *err, struct arena *arena, enum err_code code,
	struct native_location place, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* Columns of struct dialect. */
extern const struct dialect_statuses native_statuses;
extern const struct error_override native_error_overrides[];
void native_encode_error(const struct request *request, const struct err *err, const char *text,
	struct response *response);
bool native_sample(struct task *task, uint64_t i, struct arena *arena);
