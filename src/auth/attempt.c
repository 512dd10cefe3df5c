#include "auth/attempt.h"

void attempt_begin(struct attempt *attempt, struct limit *limit, uint64_t burst, int64_t now_us,
	struct str name, struct str address)
{
	uint8_t bytes[16];

	*attempt = (struct attempt){ .now_us = now_us };
	if (!limit || burst == 0)
		return;
	attempt->limit = limit;
	attempt->rules[ATTEMPT_HERE] = (struct limit_rule){ ATTEMPT_INTERVAL_US, burst };
	attempt->rules[ATTEMPT_ANYWHERE] = (struct limit_rule){ ATTEMPT_INTERVAL_US,
		burst * ATTEMPT_EVERYWHERE };
	attempt->keys[ATTEMPT_HERE] = limit_key(
		limit, LIMIT_LOGIN, name, limit_address(address, bytes));
	attempt->keys[ATTEMPT_ANYWHERE] = limit_key(limit, LIMIT_LOGIN_NAME, name, STR_NULL);
}

static void give(const struct attempt *attempt, enum attempt_scope scope)
{
	limit_give(attempt->limit, &attempt->rules[scope], attempt->keys[scope]);
}

bool attempt_take(const struct attempt *attempt, unsigned *seconds)
{
	struct limit_left left;

	for (int i = 0; attempt->limit && i < ATTEMPT_SCOPES; i++) {
		if (limit_take(attempt->limit, &attempt->rules[i], attempt->keys[i],
			    attempt->now_us, &left))
			continue;
		*seconds = limit_seconds(left.wait_us);
		if (i == ATTEMPT_ANYWHERE)
			give(attempt, ATTEMPT_HERE);
		return false;
	}
	return true;
}

void attempt_give(const struct attempt *attempt)
{
	if (!attempt->limit)
		return;
	give(attempt, ATTEMPT_HERE);
	give(attempt, ATTEMPT_ANYWHERE);
}
