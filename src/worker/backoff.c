#include "worker/backoff.h"

#include <stdlib.h>

#define DOUBLINGS_MAX 5 /* 32 s, more than the bound */

int64_t backoff_next(struct backoff *backoff, unsigned retry_after)
{
	unsigned doublings = backoff->failures < DOUBLINGS_MAX ? backoff->failures : DOUBLINGS_MAX;
	int64_t most = INT64_C(1000) << doublings, asked, delay;

	if (most > BACKOFF_MOST_MS)
		most = BACKOFF_MOST_MS;
	delay = BACKOFF_LEAST_MS + arc4random_uniform((uint32_t)(most - BACKOFF_LEAST_MS + 1));
	asked = INT64_C(1000) *
		(retry_after < BACKOFF_RETRY_AFTER_S ? retry_after : BACKOFF_RETRY_AFTER_S);
	backoff->failures++;
	return asked > delay ? asked : delay;
}
