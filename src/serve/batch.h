#pragma once
/* The limits of a batch (OP_BATCH): it costs what its items cost. */
#include "serve/exchange.h"

/*
 * Whether it is an atomic batch that takes milliseconds: a transaction cannot be cut in slices, so
 * the request waits for a turn of its own (TURN_WHOLE).
 */
bool batch_is_long(const struct op *op);
/*
 * If the operation is a batch, charges the principal for a request for each item but the first,
 * which rate_take() has counted, and sets the daily quotas. The debt is bounded as that of any
 * request (rate.h), and request.rate_status shows it.
 */
void batch_begin(const struct app *app, struct exchange *exchange, struct op *op);
