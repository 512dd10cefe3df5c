#pragma once
/*
 * Uplynk ingest points and their tasks (README.md):
 *
 *     GET    /ingest-points/tasks                all tasks
 *     GET    /ingest-points/tasks/{task}         one task
 *     GET    /slicers/ingest-points              all ingest points
 *     POST   /slicers/ingest-points              create one and a CREATE task
 *     GET    /slicers/ingest-points/{point}      one ingest point
 *     PATCH  /slicers/ingest-points/{point}      change one, create an UPDATE task
 *     DELETE /slicers/ingest-points/{point}      create a DELETE task, whose end removes it
 *
 * Private to this folder: tables.c has the routes, model.c statuses and indexes, encode_point.c
 * ingest points, encode.c all other responses, rules.c the native API's hooks, point.c the removal
 * of points and the effects of their tasks.
 */
#include "dialect/dialect.h"

enum uplynk_index {
	UPLYNK_BY_POINT = INDEX_FIRST_OWN,
};

/* Longest values that a back end sets, in bytes. */
#define UPLYNK_DOMAIN_MAX 255
#define UPLYNK_URL_MAX	  2048

#define UPLYNK_MEDIA_TYPE  "application/json"
#define UPLYNK_PREFIX	   "/api/v4/managed-slicer"
#define UPLYNK_TASKS_PATH  UPLYNK_PREFIX "/ingest-points/tasks"
#define UPLYNK_POINTS_PATH UPLYNK_PREFIX "/slicers/ingest-points"

/* Writes the id of an ingest point: 32 lower-case hex digits and a NUL. */
#define UPLYNK_HEX_LEN 32
void uplynk_format_id(const struct id *id, char text[UPLYNK_HEX_LEN + 1]);
/* Parses an id of 36 characters or 32 hex digits, in either case. */
bool uplynk_parse_id(struct id *id, struct str text);

/* ---- the life of a point (point.c) ---- */

/* Whether its DELETE task has not ended. */
bool uplynk_point_is_removing(const struct task *point);
/* The JSON text with the id of that task. */
struct str uplynk_point_removal(const struct task *point);
/* struct op.before_write: the point is removed when the task, op->companion, completes. */
bool uplynk_begin_removal(
	const struct op *op, const struct task *before, struct task *task, struct err *err);
/* struct op.before_write: ERR_CONFLICT while the point is being removed. */
bool uplynk_check_point(
	const struct op *op, const struct task *before, struct task *task, struct err *err);
/* struct op.complete: the DELETE task has all members of its point. */
bool uplynk_copy_point(
	const struct op *op, const struct task *point, struct task *task, struct err *err);
/* struct op.follow */
bool uplynk_native_follow(const struct op *op, const struct task *before, const struct task *after,
	struct op *next, struct err *err);
/* Checks the members that a completed task sets in its point. */
bool uplynk_validate_results(const struct task *task, struct err *err);

/* Decoders of the routes (http/route.h). */
bool uplynk_decode_tasks(struct request *request, struct op *op, struct err *err);
bool uplynk_decode_task(struct request *request, struct op *op, struct err *err);
bool uplynk_decode_points(struct request *request, struct op *op, struct err *err);
bool uplynk_decode_point(struct request *request, struct op *op, struct err *err);
bool uplynk_decode_create(struct request *request, struct op *op, struct err *err);
bool uplynk_decode_update(struct request *request, struct op *op, struct err *err);
bool uplynk_decode_delete(struct request *request, struct op *op, struct err *err);

/* "@id" and "@type" of an ingest point, without the closing brace. */
void uplynk_put_point_head(const struct id *id, struct buf *out);
/* One ingest point, as the row encoder of their list (http/route.h). */
bool uplynk_put_point(const struct request *request, const struct task *point, struct buf *out);
/* The response to a creation, which has two members less. */
void uplynk_put_created_point(const struct task *point, struct buf *out);

/* Encoders of the routes (http/route.h). */
bool uplynk_put_task(const struct request *request, const struct task *task, struct buf *out);
bool uplynk_encode_end(const struct request *request, const struct result *result, struct buf *out);
bool uplynk_encode_tasks(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool uplynk_encode_points(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool uplynk_encode_deleted(const struct request *request, const struct result *result,
	struct response *response, struct err *err);

/* Columns of struct dialect. */
extern const struct dialect_statuses uplynk_statuses;
task_kind_function uplynk_kind;
void uplynk_encode_error(const struct request *request, const struct err *err, const char *text,
	struct response *response);
bool uplynk_native_defaults(const struct request *request, struct op *op, struct err *err);
/* Whether a point has the members that a creation sets, within their limits. */
bool uplynk_validate_members(const struct task *point, struct err *err);
bool uplynk_validate(const struct task *before, const struct task *task, struct err *err);
bool uplynk_sample(struct task *task, uint64_t i, struct arena *arena);
extern const struct dialect_document uplynk_document;
