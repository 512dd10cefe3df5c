#pragma once
/* How the work on a task has ended: what the last report says. */
#include <jansson.h>
#include <stdbool.h>

enum outcome_kind {
	OUTCOME_NONE, /* nothing is reported */
	OUTCOME_COMPLETE,
	OUTCOME_FAIL,
	OUTCOME_RELEASE,
};

/* Zero-initialise; the values are owned, NULL: absent. */
struct outcome {
	enum outcome_kind kind;
	bool retryable;		/* of OUTCOME_FAIL */
	unsigned delay_seconds; /* of OUTCOME_RELEASE */
	json_t *result;		/* of OUTCOME_COMPLETE */
	json_t *error;		/* of OUTCOME_FAIL */
	json_t *fields, *progress;
};

void outcome_free(struct outcome *outcome);
/* Replaces the outcome by a failure with this error, which is formatted. */
void outcome_fail(struct outcome *outcome, bool retryable, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
