#pragma once
/*
 * The native API (README.md): tasks of every dialect in one format.
 *
 *     GET    /tasks                 tasks that match the query
 *     POST   /tasks                 create one in any dialect, or many (batch.h)
 *     GET    /tasks/{id}            one
 *     PATCH  /tasks/{id}            merge patch
 *     DELETE /tasks/{id}            remove permanently
 *     POST   /tasks/{id}/archive    move it into the archive
 *     POST   /tasks/{id}/retry      a failed or cancelled task begins again
 *     POST   /retries               many failed ones
 *     POST   /bulk                  one action on all tasks that match (bulk.h)
 *     GET    /tasks/{id}/history    what happened to it; also /attempts
 *     GET    /events                what happens to tasks
 *     POST   /claims                ready tasks for a worker
 *     POST   /tasks/{id}/heartbeat  reports of the worker; also /complete, /fail, /release
 *     GET    /stats                 counts of tasks by dialect and kind
 *     GET    /stats/series          counts of created and ended tasks, by time
 *     GET    /health                what an operator should look at
 *     GET    /workers               workers: last seen, what they have
 *     POST   /workers/{name}/drain  gives a worker no more tasks, or tasks again
 *     POST   /webhooks              adds a webhook; the others are in tables.c
 *     GET    /me                    the caller: rights, limits
 *     GET    /users                 users of the tenant; /credentials are theirs (access.h)
 *     GET    /ingest-points         Uplynk's ingest points
 *     GET    /ingest-points/{point} one
 *     PATCH  /ingest-points/{point} change its fields
 *
 * Private to this folder: tables.c has the routes, model.c statuses, indexes and members; decode.c
 * decodes requests for tasks, members.c and policy.c parse members of their bodies, body.c shortens
 * the texts of workers in them; list.c and filter.c parse the query of a list, cursor.c cursors;
 * claim.c and report.c decode the requests of workers, history.c shows what became of them, stats.c
 * and series.c count tasks, workers.c shows workers, health.c figures of the service; webhook.h is
 * about webhooks; rules.c adapts a task to its dialect inside the transaction.
 */
#include "dialect/dialect.h"
#include "dialect/work.h"
#include "dialect/worker_text.h"
#include "http/json.h"
#include "task/member.h"
#include "task/policy.h"

#define NATIVE_LIMIT_DEFAULT  50		    /* rows per page */
#define NATIVE_LIMIT_BYTES    ((size_t)1024 * 1024) /* of records per page */
#define NATIVE_LIMIT_MAX      500
#define NATIVE_FIELDS_MAX     60
#define NATIVE_FIELD_NAME_MAX TASK_FIELD_NAME_MAX
#define NATIVE_STATUS_MAX     64 /* bytes */
/* Bytes of a list's query, without its cursor, in a link. Two links fit in nginx's buffer. */
#define NATIVE_LINK_QUERY_MAX	6000
#define NATIVE_TEXT_MAX		TASK_TEXT_MAX
#define NATIVE_BODY_MAX		((size_t)16 * 1024 * 1024) /* bytes; see body.c */
#define NATIVE_MEDIA_TYPE	"application/json"
#define NATIVE_TASKS_PATH	"/v1/tasks"
#define NATIVE_POINTS_PATH	"/v1/ingest-points"
#define NATIVE_DOCUMENTS_PATH	"/v1/openapi" /* public files, which the web server sends */
#define NATIVE_MERGE_PATCH_TYPE "application/merge-patch+json"
#define NATIVE_PATCH_TYPES	NATIVE_MERGE_PATCH_TYPE ", " NATIVE_MEDIA_TYPE

enum native_index {
	NATIVE_BY_KIND = INDEX_FIRST_OWN, /* tasks with a kind */
};

/* ---- decoders of the routes (http/route.h) ---- */

bool native_decode_list(struct request *request, struct op *op, struct err *err);
bool native_decode_create(struct request *request, struct op *op, struct err *err);
/* The same for the body alone, as one item of a batch. */
bool native_decode_task(const struct request *request, struct op *op, struct err *err);
bool native_decode_read(struct request *request, struct op *op, struct err *err);
bool native_decode_update(struct request *request, struct op *op, struct err *err);
bool native_decode_delete(struct request *request, struct op *op, struct err *err);
bool native_decode_archive(struct request *request, struct op *op, struct err *err);

bool native_decode_me(struct request *request, struct op *op, struct err *err);
bool native_encode_me(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
/* Appends a comma and the member rights. */
void native_put_rights(struct buf *out, unsigned rights);

bool native_decode_health(struct request *request, struct op *op, struct err *err);
bool native_encode_health(const struct request *request, const struct result *result,
	struct response *response, struct err *err);

/* Parameters of the list of points; ends with NULL. */
extern const char *const native_point_params[];
bool native_decode_points(struct request *request, struct op *op, struct err *err);
bool native_decode_point(struct request *request, struct op *op, struct err *err);
bool native_decode_point_update(struct request *request, struct op *op, struct err *err);
/* A missing Content-Type counts as the expected one (RFC 9110 §8.3). */
bool native_check_content_type(const struct request *request, bool patch, struct err *err);

/* ---- encoders of the routes (http/route.h) ---- */

/*
 * Whether the response to a write leaves the task out (Prefer: return=minimal). Says in the
 * response what was applied.
 */
bool native_prefers_minimal(const struct request *request, struct response *response);
typedef bool native_row_encoder(
	const struct request *request, const struct task *task, struct buf *out);
/* 200 with the task or point; 204 without it if a write prefers that. */
bool native_finish_record(const struct request *request, const struct result *result,
	native_row_encoder *encode_row, struct response *response, struct err *err);
bool native_encode_task(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
/* A new task with its Location, and this status. */
bool native_encode_new(const struct request *request, const struct result *result, int status,
	struct response *response, struct err *err);
bool native_encode_created(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool native_encode_deleted(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool native_encode_list(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
/* A JSON string, or null. */
void native_put_time(struct buf *out, struct optional_time time);
/* Appends `before`, which is a comma, a brace or empty, and the name of a member with its colon. */
void native_put_name(struct buf *out, const char *before, const char *name);
/* Each appends a comma and a member; null in place of an empty text. */
void native_put_text(struct buf *out, const char *name, struct str text);
void native_put_json(struct buf *out, const char *name, struct str json);
bool native_encode_row(const struct request *request, const struct task *task, struct buf *out);
bool native_encode_end(const struct request *request, const struct result *result, struct buf *out);
bool native_encode_links(const struct request *request, const struct result *result,
	struct response *response, struct err *err);

bool native_encode_point(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool native_encode_point_row(
	const struct request *request, const struct task *point, struct buf *out);

/* ---- the members that the API shows, in its order ---- */

/* Requests that may set a member: bits. */
enum native_request {
	NATIVE_READ_ONLY = 0,
	NATIVE_CREATE = 1,
	NATIVE_PATCH = 2,
	NATIVE_BOTH = 3,
	NATIVE_REPORT = 4, /* of a worker */
	NATIVE_ALL = 7,
};

struct native_member {
	const char *name;
	enum member member; /* its row in task_members */
	unsigned set_by;    /* enum native_request */
};

extern const struct native_member native_members[];
extern const size_t native_member_count;

/* ---- a task and its dialect ---- */

/* Members of a body that workers write: error, progress, log, the error_field of each dialect. */
#define NATIVE_WORKER_TEXTS 16

struct native_worker_texts {
	size_t count;
	struct worker_text rows[NATIVE_WORKER_TEXTS];
};

/* A body that sets members of a task. */
struct native_body {
	struct arena *arena;
	struct change *change;
	struct native_patch *patch; /* NULL: the body creates a task */
	bool *force;		    /* of a PATCH */
	struct err *err;
};

/* A merge patch, for the hook of its operation. Objects in it are patches of the stored value. */
struct native_patch {
	struct native_worker_texts texts;
	struct str progress;	 /* JSON text; empty: none */
	struct policy policy;	 /* members to set */
	unsigned policy_removed; /* bits of struct policy.set */
	size_t count;
	struct field fields[]; /* JSON text */
};

/* An empty patch; NULL without memory. */
struct native_patch *native_new_patch(struct arena *arena);
/* Sets a member in body->change. ERR_UNPROCESSABLE: unknown, read-only, or a wrong value. */
bool native_parse_member(const struct native_body *body, enum native_request request,
	struct str name, json_t *value);
/*
 * policy.c: the member `policy`. A patch of it is applied to the stored policy within the
 * transaction.
 */
bool native_parse_policy(const struct native_body *body, struct str name, json_t *value);
bool native_merge_policy(
	const struct op *op, const struct task *before, struct task *task, struct err *err);
/* Takes 1.0 for an integer, as JSON Schema does: JSON has one type of numbers. */
bool native_parse_integer(const json_t *value, json_int_t min, json_int_t max, json_int_t *number);
/* The task of the path. ERR_NOT_FOUND if the id is no UUID. */
bool native_parse_id(
	const struct request *request, struct op *op, enum op_kind kind, struct err *err);
/*
 * Reads a body. The texts of workers are shortened; without them it has at most body_limit bytes.
 * ERR_MALFORMED, ERR_TOO_LARGE. The caller owns *json.
 */
bool native_read_body(const struct request *request, struct native_worker_texts *texts,
	json_t **json, struct err *err);
/*
 * Reads a body that is an object without texts of workers, of at most body_limit bytes, after the
 * media types of the request are checked. The caller owns *json.
 */
bool native_read_object(const struct request *request, json_t **json, struct err *err);
/* ERR_TOO_LARGE if a field was shortened that is not the dialect's error_field. */
bool native_check_cut(const struct native_worker_texts *texts, const struct dialect *dialect,
	struct arena *arena, struct err *err);

/*
 * Sets the missing one of state and status. ERR_UNPROCESSABLE if the dialect does not have the
 * status or both disagree.
 */
bool native_complete_state(
	const struct dialect *dialect, struct change *change, struct arena *arena, struct err *err);
/* Merges two objects by RFC 7396; *merged is JSON text in arena. */
bool native_merge_patch(struct str *merged, struct str stored, struct str patch,
	struct arena *arena, struct err *err);
/* Turns an error of another dialect's hooks into a problem of the native API. Returns false. */
bool native_convert_error(struct err *err, struct arena *arena);

/* ---- cursors ---- */

/*
 * A cursor is the base64url text of a version byte, 8 bytes of SHA-256 over tenant, query and
 * position, and the position. A forged cursor gives no access beyond the query: the store reads
 * only within the bounds of the query.
 */
#define NATIVE_CURSOR_VERSION	   1
#define NATIVE_CURSOR_CHECKSUM_LEN 8
/* In the request's arena; ptr is NULL if memory is exhausted. */
struct str native_cursor_encode(const struct request *request, struct str position);
/* The cursor of a position, empty if that is empty. ERR_NO_MEMORY. */
bool native_next_cursor(const struct request *request, const struct buf *position,
	struct str *cursor, struct err *err);
/* ERR_INVALID if the cursor is damaged or belongs to another query. */
bool native_cursor_decode(
	const struct request *request, struct str cursor, struct str *position, struct err *err);

/* ---- problems (RFC 9457) ---- */

/* The part of a request that is at fault. */
struct native_location {
	const char *kind;   /* "pointer" (RFC 6901), "parameter", "header" */
	const char *parent; /* prefix of a pointer */
	struct str name;
	size_t item; /* of an array: its index + 1; 0: the whole member */
};

#define NATIVE_AT(parent_, name_) \
	((struct native_location){ .kind = "pointer", .parent = (parent_), .name = (name_) })
#define NATIVE_AT_MEMBER(name) NATIVE_AT("/", name)
#define NATIVE_AT_POLICY(name) NATIVE_AT("/policy/", name)
#define NATIVE_AT_FIELD(name)  NATIVE_AT("/fields/", name)
#define NATIVE_AT_PARAM(name_) \
	((struct native_location){ .kind = "parameter", .parent = "", .name = (name_) })
/* An item of an array; index from 0. */
#define NATIVE_AT_ITEM(parent_, name_, index) \
	((struct native_location){            \
		.kind = "pointer", .parent = (parent_), .name = (name_), .item = (index) + 1 })

/* Sets the error, with the response's member errors in err->detail. Returns false. */
bool native_set_error(struct err *err, struct arena *arena, enum err_code code,
	struct native_location place, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* ---- columns of struct dialect ---- */

extern const struct dialect_statuses native_statuses;
void native_encode_error(const struct request *request, const struct err *err, const char *text,
	struct response *response);
bool native_sample(struct task *task, uint64_t i, struct arena *arena);
