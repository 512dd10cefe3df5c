#pragma once
/* New tasks. Private to the store; the functions run in a WRITE transaction. */
#include "store/internal.h"

/*
 * Creates the task of an op; its record is left in `record`. other is the task that it is the
 * companion of, or NULL.
 */
int create_task(struct store *store, const struct op *op, const struct task *other,
	struct buf *record, struct err *err);
/*
 * An OP_CREATE without a companion, with its Idempotency-Key, in a transaction that may have
 * others. Sets write->replayed.
 */
write_step create_once;
/* Creates op->companion, after the task whose record is in the result. */
int create_companion(
	struct store *store, struct result *result, const struct op *op, struct err *err);
