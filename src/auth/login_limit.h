#pragma once
/*
 * Internal to src/auth: the rate limits of logins.
 *
 * Failures are counted per name and network: above the burst, one attempt per 10 s is allowed.
 * Against distributed guessing they are also counted per name over all networks from which the name
 * has not logged in before (user_network.h): above 20 times the burst, one attempt per second. So
 * guesses from elsewhere never refuse a user in a known network, and cost 15 ms of a second per
 * name at most. Names are counted in any case, whether such a user exists or not. A refused attempt
 * is not compared with the password, so further guesses reveal nothing.
 *
 * All comparisons with a password are counted per network, because of their cost: above
 * LOGIN_LIMIT_NETWORK_BURST, ten per second. Calls without a password do not use this up.
 */
#include "base/limit.h"

#define LOGIN_LIMIT_INTERVAL_US		10000000U
#define LOGIN_LIMIT_NAME_INTERVAL_US	1000000U
#define LOGIN_LIMIT_NAME_FACTOR		20
#define LOGIN_LIMIT_NETWORK_INTERVAL_US 100000U
#define LOGIN_LIMIT_NETWORK_BURST	50

enum login_limit_scope {
	LOGIN_LIMIT_PER_NETWORK,
	LOGIN_LIMIT_PER_ADDRESS,
	LOGIN_LIMIT_PER_NAME,
	LOGIN_LIMIT_SCOPES
};

struct login_limit {
	struct limit *limit; /* NULL: unlimited */
	int64_t now_us;
	uint64_t keys[LOGIN_LIMIT_SCOPES];
	struct limit_rule rules[LOGIN_LIMIT_SCOPES];
};

struct login_attempt {
	struct str name;
	struct str network; /* limit_network() of the address */
	bool known_network; /* the name has logged in from it */
};

/* limit NULL: unlimited; burst 0: only per network. now_us: monotonic. */
void login_limit_init(struct login_limit *login_limit, struct limit *limit, uint64_t burst,
	int64_t now_us, const struct login_attempt *attempt);
/*
 * Counts an attempt before its outcome is known, so that concurrent attempts count too. False if
 * the limit is reached: then nothing was counted and *seconds is the time until the next attempt.
 */
bool login_limit_take(const struct login_limit *login_limit, unsigned *seconds);
/* Takes an attempt out of the counts of failures, because it did not fail. */
void login_limit_refund(const struct login_limit *login_limit);
