#pragma once
/*
 * VirtShell tasks (README.md):
 *
 *     GET    /tasks                     all tasks
 *     GET    /tasks/{key}               one task by UUID, else all with a status
 *     GET    /tasks/status/{status}     all with a status
 *     POST   /tasks                     create
 *     PUT    /tasks/{key}               update; also PUT /hosts/{key}
 *     DELETE /tasks/{key}               remove one
 *
 * Private to this folder: tables.c has the routes, model.c statuses and indexes, rules.c the native
 * API's hook.
 */
#include "dialect/dialect.h"

#define VIRTSHELL_MEDIA_TYPE "application/json"

enum virtshell_index {
	VIRTSHELL_BY_STATUS = INDEX_FIRST_OWN,
};

/* Decoders of the routes (http/route.h). */
bool virtshell_decode_list(struct request *request, struct op *op, struct err *err);
bool virtshell_decode_status(struct request *request, struct op *op, struct err *err);
bool virtshell_decode_missing_status(struct request *request, struct op *op, struct err *err);
bool virtshell_decode_task_or_status(struct request *request, struct op *op, struct err *err);
bool virtshell_decode_create(struct request *request, struct op *op, struct err *err);
bool virtshell_decode_update(struct request *request, struct op *op, struct err *err);
bool virtshell_decode_delete(struct request *request, struct op *op, struct err *err);

/* Encoders of the routes (http/route.h). */
bool virtshell_put_task(const struct request *request, const struct task *task, struct buf *out);
bool virtshell_encode_end(
	const struct request *request, const struct result *result, struct buf *out);
bool virtshell_encode_tasks(const struct request *request, const struct result *result,
	struct response *response, struct err *err);
bool virtshell_encode_success(const struct request *request, const struct result *result,
	struct response *response, struct err *err);

/* Columns of struct dialect. */
extern const struct dialect_statuses virtshell_statuses;
extern const struct error_override virtshell_error_overrides[];
void virtshell_encode_error(const struct request *request, const struct err *err, const char *text,
	struct response *response);
bool virtshell_validate(const struct task *before, const struct task *task, struct err *err);
bool virtshell_sample(struct task *task, uint64_t i, struct arena *arena);

/* Whether the specification has this member. All others are stored and returned unchanged. */
bool virtshell_is_known_member(struct str name);
