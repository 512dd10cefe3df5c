#pragma once
/*
 * OP_BATCH. Each item is an OP_CREATE in a transaction of its own, in slices; those of an atomic
 * batch share one transaction.
 *
 * With an Idempotency-Key each item has a key of its own (idempotency.h), which is stored with the
 * task. So a batch that was cut off, by its client or by a death of the process, goes on where it
 * was when it is repeated, and creates no task twice. The key of the request itself has a row
 * without a record, whose fingerprint is compared before any item.
 *
 * An error that is not one of the item ends the batch. If tasks were created before, the remaining
 * items have this error.
 *
 * Private to the store.
 */
#include "store/internal.h"

/* Carries out the first slice; result->unfinished if more are needed. */
bool create_many_open(
	struct store *store, const struct op *op, struct result *result, struct err *err);
/* One more slice, or with slice_steps 0 all of them. */
bool create_many_go_on(struct result *result, unsigned slice_steps, struct err *err);
/* Bytes of memory; 0 without one. */
size_t create_many_memory(const struct batch_run *run);
/* NULL is allowed. */
void create_many_free(struct batch_run *run);
