#pragma once
/*
 * Preferences of a request: the header field Prefer (RFC 7240). Of several preferences with
 * the same name, the first counts, even if its value is invalid and another field has the second.
 * Malformed and unknown preferences are ignored.
 */
#include "http/request.h"

#define PREFER_WAIT_MAX 50 /* seconds */

enum prefer_return { PREFER_NO_RETURN, PREFER_MINIMAL, PREFER_REPRESENTATION };

/* Which body of a successful response the client prefers (§4.2). */
enum prefer_return request_prefer_return(const struct request *request);
/*
 * Whether the client is willing to wait for a better response (§4.3), and for how long: 1 to
 * PREFER_WAIT_MAX seconds; a larger number is the maximum. Otherwise *seconds is unchanged.
 */
bool request_prefer_wait(const struct request *request, unsigned *seconds);
