#pragma once
/*
 * For this folder only: who may try a password. What counts is the name as it was sent, whether
 * anybody has it or not, and the address: so many failures of one name from one address, and 20
 * times as many of one name from everywhere, against guesses from many addresses. Then one in 10
 * seconds. Who is over it is told so without a look at the password, so that guessing on is no use.
 */
#include "base/limit.h"

#define ATTEMPT_INTERVAL_US 10000000U
#define ATTEMPT_EVERYWHERE  20

enum attempt_scope { ATTEMPT_HERE, ATTEMPT_ANYWHERE, ATTEMPT_SCOPES };

struct attempt {
	struct limit *limit; /* NULL: nobody is limited */
	int64_t now_us;
	uint64_t keys[ATTEMPT_SCOPES];
	struct limit_rule rules[ATTEMPT_SCOPES];
};

/* burst 0: nobody is limited. */
void attempt_begin(struct attempt *attempt, struct limit *limit, uint64_t burst, int64_t now_us,
	struct str name, struct str address);
/*
 * Counts one before it is known how it ends, so that those who come at the same time are counted,
 * too. False: one too many, nothing was counted; *seconds until the next.
 */
bool attempt_take(const struct attempt *attempt, unsigned *seconds);
/* It was no failure. */
void attempt_give(const struct attempt *attempt);
