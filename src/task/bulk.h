#pragma once
/*
 * Bulks (OP_BULK): one action on all tasks of a list, which the service carries out in slices. A
 * bulk is a task as well: running until all its tasks were looked at, with its counts as progress.
 * Its state can only be changed to cancelled, which ends it.
 *
 * Which tasks: those that match the query when their turn comes, were created before the bulk, and
 * were not changed since it was created. So a bulk that begins again does no task twice.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define BULK_KIND	"bulk" /* task.kind */
#define BULKS_OF_TENANT 8      /* at a time */
#define BULKS_SHARED	64     /* of all tenants; beyond that a tenant may have one */
#define BULKS_MAX	1024   /* of all tenants, in any case */
#define BULK_TOKEN_MS	600000
#define BULK_TOKEN_SIZE 64 /* with NUL; letters, digits, '-', '_' */

struct op;
struct task;

/*
 * BULK: counts the tasks of op.list, whose cursor, offset and limit do not count, in slices. Then,
 * unless dry_run, creates the task of op.change, with state running and what the action needs in
 * its fields: a bulk_action_decode reads them. With op.idempotency_key once only.
 *
 * ERR_CONFLICT, field "token": the token has expired or the count is another one; without a field:
 * as many bulks as there may be are running. ERR_UNPROCESSABLE, field "token": no dry run of this
 * tenant, actor and request has given it.
 */
struct op_bulk {
	bool dry_run;
	uint8_t dialect;    /* of the bulk's task; op.dialect is that of the list */
	struct str token;   /* of a dry run of the same request; empty: none */
	struct str request; /* what else the token belongs to: the query and the action as a text */
};

struct bulk_answer {
	bool is_dry_run;
	uint64_t count;		     /* tasks of the list; not of a repeated request */
	char token[BULK_TOKEN_SIZE]; /* of a dry run */
};

/*
 * Makes the operation that a bulk's task asks for: sets op->kind (UPDATE, ARCHIVE or REMOVE), what
 * it does to each task, its hooks and op->list. op->arena is set; the rest is zero. ERR_INTERNAL if
 * the task does not say it. Pure.
 */
typedef bool bulk_action_decode(const struct task *bulk, struct op *op, struct err *err);

/* What a bulk has done. Tasks that had changed are counted by none: they are left alone. */
struct bulk_counts {
	uint64_t total; /* tasks of the list when it was created */
	uint64_t done;
	uint64_t refused; /* by the rules of their dialect or state */
};

/* Writes the counts as a JSON object: progress and result of a bulk's task. */
void bulk_put_counts(const struct bulk_counts *counts, struct buf *out);
