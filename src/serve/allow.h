#pragma once
/*
 * How often, and how many: what a principal is allowed by the configuration besides its rights.
 */
#include "serve/app.h"

/*
 * Takes one request of the principal's; ERR_TOO_MANY with retry_after when none is left. Fills in
 * request.allowance.
 */
bool allow_request(const struct app *app, struct exchange *exchange, struct err *err);
/* Gives a CREATE the quota of the day (UTC) that its dialect has; the store counts. */
void allow_create(const struct app *app, struct op *op);
