#pragma once
/* OP_RETRY: many failed tasks begin again, in slices. Private to the store. */
#include "store/internal.h"

/* Carries out the first slice; result->unfinished if more are needed. */
bool retry_open(struct store *store, const struct op *op, struct result *result, struct err *err);
/* One more slice, or with slice_steps 0 all of them. */
bool retry_go_on(struct result *result, unsigned slice_steps, struct err *err);
/* NULL is allowed. */
void retry_free(struct retry_run *run);
