#include "notify/attempt_metrics.h"

static const char *const names[ATTEMPT_OUTCOMES] = {
	[ATTEMPT_ACCEPTED] = "accepted",
	[ATTEMPT_REDIRECTED] = "redirected",
	[ATTEMPT_REFUSED] = "refused",
	[ATTEMPT_FAILED] = "failed",
	[ATTEMPT_UNREACHABLE] = "unreachable",
	[ATTEMPT_TIMEOUT] = "timeout",
	[ATTEMPT_BROKEN] = "broken",
	[ATTEMPT_UNSENT] = "unsent",
};

static const enum attempt_outcome by_class[] = {
	[2] = ATTEMPT_ACCEPTED,
	[3] = ATTEMPT_REDIRECTED,
	[4] = ATTEMPT_REFUSED,
};

static const enum attempt_outcome by_fault[] = {
	[TRANSFER_NOT_BEGUN] = ATTEMPT_UNSENT,
	[TRANSFER_UNREACHABLE] = ATTEMPT_UNREACHABLE,
	[TRANSFER_TIMEOUT] = ATTEMPT_TIMEOUT,
	[TRANSFER_BROKEN] = ATTEMPT_BROKEN,
};

const char *attempt_outcome_name(enum attempt_outcome outcome)
{
	return names[outcome];
}

enum attempt_outcome attempt_outcome(unsigned status, enum transfer_fault fault)
{
	if (status == 0)
		return by_fault[fault];
	return status >= 200 && status < 500 ? by_class[status / 100] : ATTEMPT_FAILED;
}

void attempt_metrics_add(
	struct attempt_metrics *metrics, enum attempt_outcome outcome, uint32_t took_ms)
{
	if (metrics)
		histogram_add(
			&metrics->durations[outcome], histogram_fast, (int64_t)took_ms * 1000);
}
