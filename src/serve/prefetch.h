#pragma once
/* Tasks of requests that wait for their turns, which a shared engine reads together. */
#include "serve/exchange.h"

/*
 * If the request has a route that reads one task, and does not wait for a change: announces the
 * task to the store. Ignores errors.
 */
void prefetch_task(struct app *app, struct exchange *exchange);
