#pragma once
/*
 * Turns an error into a response: in the format of the exchange's dialect, or as
 * {"error":"..."} if no dialect serves the path.
 */
#include "serve/exchange.h"

/*
 * Replaces the response. Header fields that were already set are kept: a 405 needs its Allow.
 * Sets the event and reason under which the exchange is logged.
 */
void refusal_write(struct exchange *exchange, const struct err *err);
