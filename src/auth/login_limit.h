#pragma once
/*
 * For this folder only: who may try a password. What counts is the name as it was sent, whether
 * anybody has it or not, and the address: so many failures of one name from one address, and 20
 * times as many of one name from everywhere, against guesses from many addresses. Then one in 10
 * seconds. Who is over it is told so without a look at the password, so that guessing on is no use.
 */
#include "base/limit.h"

#define LOGIN_LIMIT_INTERVAL_US 10000000U
#define LOGIN_LIMIT_NAME_FACTOR 20

enum login_limit_scope { LOGIN_LIMIT_PER_ADDRESS, LOGIN_LIMIT_PER_NAME, LOGIN_LIMIT_SCOPES };

struct login_limit {
	struct limit *limit; /* NULL: nobody is limited */
	int64_t now_us;
	uint64_t keys[LOGIN_LIMIT_SCOPES];
	struct limit_rule rules[LOGIN_LIMIT_SCOPES];
};

/* burst 0: nobody is limited. */
void login_limit_init(struct login_limit *login_limit, struct limit *limit, uint64_t burst,
	int64_t now_us, struct str name, struct str address);
/*
 * Counts one before it is known how it ends, so that those who come at the same time are counted,
 * too. False: one too many, nothing was counted; *seconds until the next.
 */
bool login_limit_take(const struct login_limit *login_limit, unsigned *seconds);
/* It was no failure. */
void login_limit_refund(const struct login_limit *login_limit);
