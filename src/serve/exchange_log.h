#pragma once
/*
 * The log line of an exchange; polytaskd(8), LOG, documents events and members.
 */
#include "serve/exchange.h"

/*
 * Writes the line. `scratch` is reused memory, `sent` the length of the body in bytes. Refusals
 * that need no credential are logged at a limited rate per client address; the next line of this
 * worker carries the number of lines suppressed.
 */
void exchange_log(
	struct app *app, const struct exchange *exchange, struct buf *scratch, uint64_t sent);
