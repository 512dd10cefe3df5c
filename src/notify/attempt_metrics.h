#pragma once
/*
 * How the attempts of the notifier have ended and how long they took, in memory that its processes
 * share with the monitor. The figures only grow, and outlive the notifier. Tests of webhooks count.
 */
#include "base/histogram.h"
#include "notify/transfer.h"

enum attempt_outcome {
	ATTEMPT_ACCEPTED,    /* 2xx */
	ATTEMPT_REDIRECTED,  /* 3xx, which is not followed */
	ATTEMPT_REFUSED,     /* 4xx */
	ATTEMPT_FAILED,	     /* 5xx, or a status that HTTP does not have */
	ATTEMPT_UNREACHABLE, /* no connection: no address, an address that is not allowed, TLS */
	ATTEMPT_TIMEOUT,     /* connected, but without a response in time */
	ATTEMPT_BROKEN,	     /* connected, but without a whole response that is HTTP */
	ATTEMPT_UNSENT,	     /* the request could not be made */
	ATTEMPT_OUTCOMES
};

struct attempt_metrics {
	struct histogram durations[ATTEMPT_OUTCOMES]; /* by histogram_fast */
};

/* For labels. */
const char *attempt_outcome_name(enum attempt_outcome outcome);
/* status: of HTTP, 0 without a response. The fault counts only then. */
enum attempt_outcome attempt_outcome(unsigned status, enum transfer_fault fault);
/* metrics NULL: not counted. */
void attempt_metrics_add(
	struct attempt_metrics *metrics, enum attempt_outcome outcome, uint32_t took_ms);
