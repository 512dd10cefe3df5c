#pragma once
/*
 * Bulks in the store (task/bulk.h). Private to the store.
 *
 *     create.c  OP_BULK: counts the tasks, creates the bulk
 *     token.c   the token that a dry run gives
 *     row.c     the row of a bulk that runs, its end
 *     run.h     carries bulks out, in slices (store/bulks.h)
 *
 * A bulk that runs is found by its entry in the index (DUE_BULK). It has a row in the meta table:
 * "bulk" NUL tenant NUL id -> total, done, refused, place, each packed. A row that is missing, as
 * after an import, is made again: the bulk begins again, and finds the tasks that are left.
 */
#include "store/internal.h"

/* Creation (8) and id of the task that was looked at last; len 0: none yet. */
struct bulk_place {
	size_t len;
	char bytes[8 + sizeof(struct id)];
};

struct bulk_row {
	struct bulk_counts counts;
	struct bulk_place place;
};

/* ---- row.c ---- */

/* See engine_ops.expect. */
void bulk_row_expect(struct store *store, struct str tenant, const struct id *id);
/* ENGINE_NOT_FOUND, ENGINE_DAMAGED. */
int bulk_row_get(struct store *store, struct str tenant, const struct id *id, bool for_update,
	struct bulk_row *row);
int bulk_row_put(
	struct store *store, struct str tenant, const struct id *id, const struct bulk_row *row);
/*
 * The change of a task that is a bulk, from old to task: ERR_CONFLICT unless the service makes it,
 * or it cancels a bulk that runs, or leaves the state of one that has ended. At the end the row is
 * removed, and its counts are in the task, with texts of op->arena. Returns 0, STEP_FAILED or a
 * status of the engine.
 */
int bulk_settle(struct store *store, const struct op *op, const struct task *old, struct task *task,
	struct err *err);
/* ERR_CONFLICT for a bulk that runs. */
bool bulk_may_remove(const struct task *task, struct err *err);
/* Sets progress, and result if it has succeeded, in op->arena. ENGINE_NO_MEMORY. */
int bulk_show_counts(const struct op *op, const struct bulk_counts *counts, struct task *task);

/* ---- token.c ---- */

void bulk_token_make(const struct store *store, const struct op *op, uint64_t count,
	char token[BULK_TOKEN_SIZE]);
/* Whether op->bulk->token allows the op, whose list has that many tasks. */
bool bulk_token_check(
	const struct store *store, const struct op *op, uint64_t count, struct err *err);

/* ---- create.c ---- */

bool bulk_open(struct store *store, const struct op *op, struct result *result, struct err *err);
bool bulk_go_on(struct result *result, unsigned slice_steps, struct err *err);
/* Bytes of memory; 0 without one. */
size_t bulk_memory(const struct bulk_run *run);
/* NULL is allowed. */
void bulk_free(struct bulk_run *run);
