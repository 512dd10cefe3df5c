#pragma once
/* Claims of a worker: one request at a time, which waits at the service until a task is ready. */
#include "worker/worker.h"

/* Claims if there is room for a job; ends the request if the worker stops. */
void claim_step(struct worker *worker, int64_t now);
/* When claim_step is to be called without an event; INT64_MAX: not at all. */
int64_t claim_wake_time(const struct worker *worker);
