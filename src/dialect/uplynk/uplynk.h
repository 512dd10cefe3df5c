#pragma once
/*
 * Uplynk ingest points and their tasks, as README.md says:
 *
 *     GET    /ingest-points/tasks                all tasks
 *     GET    /ingest-points/tasks/{task}         one task
 *     GET    /slicers/ingest-points              all ingest points
 *     POST   /slicers/ingest-points              create one, and its CREATE task
 *     GET    /slicers/ingest-points/{point}      one ingest point
 *     PATCH  /slicers/ingest-points/{point}      change one, and make an UPDATE task
 *     DELETE /slicers/ingest-points/{point}      remove one, and make a DELETE task
 *
 * tables.c holds the tables and the answers about tasks, encode_point.c writes ingest points,
 * decode.c reads requests. Nobody else needs this header.
 */
#include "dialect/dialect.h"

#define UPLYNK_MEDIA_TYPE  "application/json"
#define UPLYNK_PREFIX	   "/api/v4/managed-slicer"
#define UPLYNK_TASKS_PATH  UPLYNK_PREFIX "/ingest-points/tasks"
#define UPLYNK_POINTS_PATH UPLYNK_PREFIX "/slicers/ingest-points"

/* The id of an ingest point as it is written: 32 lower-case hex digits, and a NUL. */
#define UPLYNK_HEX_LEN 32
void uplynk_format_id(const struct id *id, char text[UPLYNK_HEX_LEN + 1]);
/* Reads either form of an id, 36 characters or 32 hex digits; either case. */
bool uplynk_parse_id(struct id *id, struct str text);

/* Decoders of the rows of that name (http/route.h). */
bool uplynk_decode_tasks(struct request *request, struct op *op, struct err *err);
bool uplynk_decode_task(struct request *request, struct op *op, struct err *err);
bool uplynk_decode_points(struct request *request, struct op *op, struct err *err);
bool uplynk_decode_point(struct request *request, struct op *op, struct err *err);
bool uplynk_decode_create(struct request *request, struct op *op, struct err *err);
bool uplynk_decode_update(struct request *request, struct op *op, struct err *err);
bool uplynk_decode_delete(struct request *request, struct op *op, struct err *err);

/* "@id" and "@type" of an ingest point, without the closing brace. */
void uplynk_put_point_head(const struct id *id, struct buf *out);
/* A row of the list of ingest points (http/route.h). */
bool uplynk_put_point(const struct request *request, const struct task *point, struct buf *out);
/* The answer to a creation: the documentation has two members less there. */
void uplynk_put_created_point(const struct task *point, struct buf *out);

/* Encoders of the rows (http/route.h). */
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
void uplynk_encode_error(const struct request *request, const struct err *err, const char *text,
	struct response *response);
bool uplynk_native_defaults(const struct request *request, struct op *op, struct err *err);
bool uplynk_validate(const struct task *before, const struct task *task, struct err *err);
bool uplynk_sample(struct task *task, uint64_t i, struct arena *arena);
