#pragma once
/*
 * Configured limits per principal: the request rate, and the number of tasks created per day.
 */
#include "serve/exchange.h"

/*
 * Charges one request to the principal and sets request.rate_status. Fails with
 * ERR_TOO_MANY_REQUESTS and retry_after if the principal has none left.
 */
bool rate_take(const struct app *app, struct exchange *exchange, struct err *err);
/* Sets the daily quota (UTC) of a CREATE in op->dialect; the store counts and enforces it. */
void rate_set_quota(const struct app *app, struct op *op);
