#pragma once
/* The body of a request: its largest size, and its content coding. */
#include "serve/exchange.h"

/*
 * The largest body of the request, in bytes: the option body_limit, or that of the dialect (or
 * NULL) if it is higher. A read needs no large body, and its list would keep it in memory from
 * slice to slice.
 */
size_t body_limit(
	const struct app *app, const struct request *request, const struct dialect *dialect);
/* Removes the content coding of the body. ERR_CODING, ERR_TOO_LARGE, ERR_NO_MEMORY. */
bool body_decode(const struct app *app, struct exchange *exchange, struct err *err);
