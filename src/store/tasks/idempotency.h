#pragma once
/* Periods of Idempotency-Keys; shared by the file that uses keys and the one that removes them. */
#include "store/internal.h"

#define IDEMPOTENCY_PERIOD_MS (STORE_IDEMPOTENCY_HOURS * 3600000LL)

/* Number of the period of a time; keys are made and looked up by it. */
uint64_t idempotency_period(int64_t now);
