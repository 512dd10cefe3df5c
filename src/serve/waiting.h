#pragma once
/*
 * Operations that wait (op.wait_ms): the first attempt, and each further one after a counter of the
 * store was raised (parking.h). A claim is tried again. A wait for a change of one task
 * (op.check_wait, preference.h) reads the task again, so that what its first attempt wrote is
 * written once.
 */
#include "serve/exchange.h"

/*
 * Applies an operation with wait_ms > 0, or its next attempt. If exchange->wait.over, the result is
 * what there is now. exchange->wait says what the next attempt waits for.
 */
bool waiting_apply(
	struct app *app, struct exchange *exchange, const struct op *op, struct err *err);
/*
 * A bulk was created, which takes slices: from now on its request waits for the end of the bulk, if
 * its client prefers that.
 */
bool waiting_for_bulk(struct app *app, struct exchange *exchange, struct err *err);
/* Whether the request is a claim whose wait has ended: the result then is that there is no task. */
bool waiting_has_ended(struct exchange *exchange);
/* Whether the attempt has not found what the request waits for, and its time is not over. */
bool waiting_goes_on(const struct exchange *exchange);

/* ---- for the files of each kind of wait ---- */

/*
 * An attempt begins. Reads the counter that the request waits for, before the attempt: what changes
 * during the attempt raises it. line: exchange_wait.line.
 */
void waiting_begin(struct app *app, struct exchange *exchange, const struct op *op, uint64_t line,
	unsigned source);
/* Applies an operation that waits as its client prefers (preference.h), or its next attempt. */
bool waiting_for_preference(
	struct app *app, struct exchange *exchange, const struct op *op, struct err *err);
