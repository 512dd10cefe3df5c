#pragma once
/*
 * Prefer: wait (RFC 7240 §4.3), for every dialect alike: a read of one task waits until the task is
 * another one than the client has, and a creation (route.waits_for_end) until the task has ended.
 * waiting_preferred.c has the rules.
 */
#include "serve/exchange.h"

/* Sets exchange->wait.preferred and op->wait_ms of a decoded operation that waits so. */
void preference_parse(struct exchange *exchange, struct op *op);
/* Adds Preference-Applied to the response of an operation that waits so, or could have waited. */
void preference_add_applied(struct exchange *exchange);
