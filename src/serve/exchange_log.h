#pragma once
/*
 * The end of an exchange: its log line and its counts. polytaskd(8), LOG, documents events and
 * members.
 */
#include "serve/exchange.h"

/*
 * Counts the response (request_metrics.h) and writes the line. `scratch` is reused memory, `sent`
 * the length of the body in bytes. Refusals that need no credential are logged at a limited rate
 * per client address; the next line of this worker carries the number of lines suppressed.
 */
void exchange_log(
	struct app *app, const struct exchange *exchange, struct buf *scratch, uint64_t sent);
