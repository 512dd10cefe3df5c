#pragma once
/*
 * Configured limits per principal: the request rate, and the number of tasks created per day.
 */
#include "serve/exchange.h"

/*
 * Charges one request to the principal; sets exchange.account, exchange.tenant and
 * request.rate_status. Fails with ERR_TOO_MANY_REQUESTS and retry_after if the principal has none
 * left. A request that was charged before (exchange.is_charged) keeps these values.
 *
 * If the principal has a rate and the dialect has rate_fields, the response gets the header fields
 * RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-10): the burst, the seconds
 * after which an idle client has the whole of it again, what is left, and the seconds until it is
 * whole again.
 */
bool rate_take(const struct app *app, struct exchange *exchange, struct err *err);
/*
 * Charges the principal for the cost of the exchange: one more request for every RATE_COST_US of
 * processor time, if it took RATE_FREE_US, or for every RATE_COST_STEPS of result.steps, whichever
 * is more. The debt can exceed the burst by RATE_OVERDRAFT_US. All times in us.
 */
#define RATE_COST_US	  500
#define RATE_FREE_US	  5000
#define RATE_COST_STEPS	  128
#define RATE_OVERDRAFT_US 10000000
void rate_charge(const struct app *app, const struct exchange *exchange);
/* Sets the daily quota (UTC) of a CREATE in op->dialect; the store counts and enforces it. */
void rate_set_quota(const struct app *app, struct op *op);
