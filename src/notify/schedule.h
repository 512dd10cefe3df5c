#pragma once
/*
 * When a delivery is tried again, what the end of an attempt means, and how long a receiver that
 * fails is left alone. Pure.
 */
#include "base/err.h"
#include "task/webhook.h"

/* After 0 s, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h, each 20 % more or less. */
#define SCHEDULE_ATTEMPTS	 10
#define SCHEDULE_WAIT_MAX	 (INT64_C(24) * 3600 * 1000 * 6 / 5) /* ms: the longest of them */
#define SCHEDULE_RETRY_AFTER_MAX 3600 /* seconds: a longer Retry-After counts as this */
/* Without a delivery for this time, a webhook is disabled when one is given up, in ms. */
#define SCHEDULE_DISABLE_MS (INT64_C(3) * 86400 * 1000)
/* Failures of different deliveries in a row, after which the webhook pauses. */
#define SCHEDULE_FAILURES  3
#define SCHEDULE_PAUSE_MIN 1000 /* ms; doubles with each further failure */
#define SCHEDULE_PAUSE_MAX 300000

/* What an attempt has come to. */
struct schedule_answer {
	unsigned status;      /* of HTTP; 0: there was no response */
	uint32_t retry_after; /* seconds; 0: not sent */
};

/* What follows from it. */
struct schedule_verdict {
	enum delivery_state state;
	int64_t wait_ms; /* DELIVERY_PENDING: until the next attempt */
	bool gone;	 /* the receiver wants no more deliveries: the webhook is to be disabled */
};

/*
 * attempts: those of the delivery, with this one. A test is tried once. random: any number, for the
 * jitter.
 */
void schedule_decide(const struct schedule_answer *answer, unsigned attempts, bool test,
	uint32_t random, struct schedule_verdict *verdict);

/*
 * Whether the webhook is to be disabled because one of its deliveries was given up, and none has
 * succeeded for SCHEDULE_DISABLE_MS.
 */
bool schedule_must_disable(struct optional_time failing_since, int64_t now);

/*
 * A receiver that fails. After SCHEDULE_FAILURES of different deliveries nothing is sent for a
 * time, and then one delivery at once, until one succeeds or is refused. Zero: it works. A status
 * of 4xx refuses the delivery, not all of them: the receiver works; but not 408, 410, 425 and 429.
 * Times are monotonic ms.
 */
struct schedule_health {
	unsigned failures; /* in a row, of different deliveries */
	uint64_t failed;   /* number of the delivery that has failed last */
	int64_t pause_ms;  /* the last pause; 0: none */
	int64_t until;	   /* nothing is sent before */
};

/* Whether it fails, so that deliveries pause. */
bool schedule_is_failing(const struct schedule_health *health);
/* Notes the end of an attempt. Returns true if the receiver began to fail, or works again. */
bool schedule_note(struct schedule_health *health, const struct schedule_answer *answer,
	uint64_t delivery, int64_t now);
/* How many deliveries may be under way at once: 0, 1 or parallel. */
unsigned schedule_slots(const struct schedule_health *health, unsigned parallel, int64_t now);

/*
 * The value of Retry-After in seconds, at most SCHEDULE_RETRY_AFTER_MAX: a number or a date (RFC
 * 9110, section 10.2.3). 0 if it is neither, or has passed. now: wall-clock ms.
 */
uint32_t schedule_retry_after(struct str value, int64_t now);
