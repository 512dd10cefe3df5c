#pragma once
/*
 * Attempts that have ended and are not recorded in the store yet. They are recorded together.
 */
#include "store/webhooks/outbox.h"

#define OUTCOMES_TOGETHER 64
/* More than can be under way (TRANSFERS_MAX) while the store refuses changes. */
#define OUTCOMES_MAX 512

struct outcome {
	struct delivery_outcome outcome; /* its texts are those below */
	char error[DELIVERY_ERROR_MAX], answer[DELIVERY_ANSWER_MAX];
};

/* Zero-initialise; free with outcomes_free(). */
struct outcomes {
	struct outcome *at;
	size_t count;
};

void outcomes_free(struct outcomes *outcomes);
/* Copies it. False without memory or room: the attempt will be made again. */
bool outcomes_add(struct outcomes *outcomes, const struct delivery_outcome *outcome);
/*
 * Records all of them. Those that the store refuses for good are dropped, and warned of. Fails with
 * ERR_PANIC, and if the store accepts no changes now: the others are kept.
 */
bool outcomes_record(struct outcomes *outcomes, struct store *store, struct err *err);
