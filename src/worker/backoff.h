#pragma once
/*
 * Delay before a request is repeated. It is drawn between 500 ms and a bound of 1 s that doubles
 * with each failure in a row, up to 30 s. Zero-initialise; set it to zero after a success.
 */
#include <stdint.h>

#define BACKOFF_LEAST_MS      500
#define BACKOFF_MOST_MS	      30000
#define BACKOFF_RETRY_AFTER_S 3600 /* a longer Retry-After counts as this one */

struct backoff {
	unsigned failures; /* in a row */
};

/*
 * Counts one more failure; returns the delay in milliseconds. It is not less than Retry-After, in
 * seconds; 0: the response had none.
 */
int64_t backoff_next(struct backoff *backoff, unsigned retry_after);
