#pragma once
/*
 * How often, and how many: what a principal is allowed by the configuration besides its rights.
 */
#include "serve/app.h"

/*
 * Takes one request of the principal's; ERR_TOO_MANY_REQUESTS with retry_after when none is left. Fills in
 * request.rate_status.
 */
bool rate_take(const struct app *app, struct exchange *exchange, struct err *err);
/* Gives a CREATE the quota of the day (UTC) that its dialect has; the store counts. */
void rate_set_quota(const struct app *app, struct op *op);
