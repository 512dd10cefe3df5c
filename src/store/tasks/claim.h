#pragma once
/* Claims: ready tasks are given to a worker. Private to the store. */
#include "store/internal.h"

/* Whether any task may be claimed, and the index may be read: a read without locks. */
bool claim_has_task(struct store *store, const struct op *op, bool *found, struct err *err);
/*
 * Claims tasks as op->claim says, within a WRITE transaction; empties the result's claims first.
 * before: the task that op->claim.as_before refers to; NULL: none.
 */
int claim_tasks(struct store *store, const struct op *op, const struct task *before,
	struct result *result, struct err *err);
/* After the commit: decodes the records. */
bool claim_decode(const struct op *op, struct result *result, struct err *err);
