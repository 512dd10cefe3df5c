#pragma once
/*
 * Operations that wait (op.wait_ms): the first attempt, and each further one after a counter of the
 * store was raised (parking.h). A claim is tried again. A wait for a change of one task
 * (op.check_wait) reads the task again, so that what its first attempt wrote is written once.
 */
#include "serve/exchange.h"

/*
 * Applies an operation with wait_ms > 0, or its next attempt. If exchange->wait.over, the result is
 * what there is now. exchange->wait says what the next attempt waits for.
 */
bool waiting_apply(
	struct app *app, struct exchange *exchange, const struct op *op, struct err *err);
/* Whether the request is a claim whose wait has ended: the result then is that there is no task. */
bool waiting_has_ended(struct exchange *exchange);
/* Whether the attempt has not found what the request waits for, and its time is not over. */
bool waiting_goes_on(const struct exchange *exchange);
