#pragma once
/*
 * Requests that nginx makes of the application besides those of clients, named by the parameter
 * POLYTASK_CALL: the authorizer (auth/authorize.h), the token endpoint (auth/token_endpoint.h), and
 * the probe of load balancers.
 */
#include "serve/exchange.h"

/*
 * Whether the request is such a call. Sets exchange->call and account, and either exchange->work or
 * the whole response.
 */
bool calls_begin(const struct app *app, struct exchange *exchange);
/* WORK_AUTHORIZE. */
bool calls_authorize(struct app *app, struct exchange *exchange, struct err *err);
/* WORK_LOGIN: a request to the token endpoint. */
bool calls_log_in(struct app *app, struct exchange *exchange, struct err *err);
