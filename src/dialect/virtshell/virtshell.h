#pragma once
/*
 * VirtShell tasks, as README.md says:
 *
 *     GET    /tasks                     all tasks
 *     GET    /tasks/{key}               one task by UUID, else all of a status
 *     GET    /tasks/status/{status}     all of a status
 *     POST   /tasks                     create
 *     PUT    /tasks/{key}               update; also PUT /hosts/{key}
 *     DELETE /tasks/{key}               remove one
 *
 * tables.c holds the tables and the answers, decode.c reads requests. Nobody else
 * needs this header.
 */
#include "dialect/dialect.h"

enum virtshell_index {
	VIRTSHELL_BY_STATUS = INDEX_FIRST_OWN,
};

/* Decoders of the rows of that name (http/route.h). */
bool virtshell_decode_list(struct request *request, struct op *op, struct err *err);
bool virtshell_decode_status(struct request *request, struct op *op, struct err *err);
bool virtshell_decode_missing_status(struct request *request, struct op *op, struct err *err);
bool virtshell_decode_task_or_status(struct request *request, struct op *op, struct err *err);
bool virtshell_decode_create(struct request *request, struct op *op, struct err *err);
bool virtshell_decode_update(struct request *request, struct op *op, struct err *err);
bool virtshell_decode_delete(struct request *request, struct op *op, struct err *err);

/* struct dialect's. */
bool virtshell_validate(const struct task *before, const struct task *task, struct err *err);
/* Whether the specification names this member; all others are kept and given back untouched. */
bool virtshell_is_known_member(struct str name);
