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
 * Private to this folder: tables.c has the routes, model.c statuses and indexes, history.c the
 * member status_history, rules.c the checks of tasks that arrive by the native API.
 */
#include "dialect/dialect.h"

#define VIRTSHELL_MEDIA_TYPE "application/json"
#define VIRTSHELL_STATUS_MAX 64 /* bytes */

/* Bytes. The sum of what is stored must be less than TASK_RECORD_MAX. */
#define VIRTSHELL_BODY_MAX	    ((size_t)16 * 1024 * 1024)
#define VIRTSHELL_OTHERS_MAX	    ((size_t)256 * 1024) /* of a body without the value of log */
#define VIRTSHELL_STORED_OTHERS_MAX ((size_t)512 * 1024) /* without log and status_history */
#define VIRTSHELL_LOG_MAX	    ((size_t)128 * 1024) /* JSON text */
#define VIRTSHELL_HISTORY_SIZE_MAX  ((size_t)64 * 1024)
#define VIRTSHELL_HISTORY_LOG_MAX   ((size_t)4 * 1024) /* of each report in it */
#define VIRTSHELL_HISTORY_MAX	    100		       /* reports */

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
task_kind_function virtshell_kind;
extern const struct error_override virtshell_error_overrides[];
void virtshell_encode_error(const struct request *request, const struct err *err, const char *text,
	struct response *response);
bool virtshell_validate(const struct task *before, const struct task *task, struct err *err);
bool virtshell_sample(struct task *task, uint64_t i, struct arena *arena);
extern const struct dialect_document virtshell_document;

/* ---- reports of agents ---- */

/*
 * struct op's hook of updates: an update of status or log appends the report that it replaces to
 * status_history, with its time of day in op->tz.
 */
bool virtshell_before_update(
	const struct op *op, const struct task *before, struct task *task, struct err *err);
/*
 * The same for a claim, a report of a worker and the end of a lease or delay, if it changes status
 * or log: agents and workers write one history. Other changes by the native API are no report.
 */
bool virtshell_native_complete(
	const struct op *op, const struct task *before, struct task *task, struct err *err);
/* "12:26:32.113000", as the original writes the time of a report. */
void virtshell_put_time_of_day(const struct tz *tz, int64_t ms, struct buf *out);
/*
 * Leaves room in the task for each later report: an error if the other members grow beyond their
 * limits. before is NULL for a new task.
 */
bool virtshell_check_room(const struct task *before, const struct task *task, struct err *err);

/* Whether the specification has this member. All others are stored and returned unchanged. */
bool virtshell_is_known_member(struct str name);
