#include "auth/login_limit.h"

#include "auth/limit_domain.h"
#include "auth/user_name.h"

void login_limit_init(struct login_limit *login_limit, struct limit *limit, uint64_t burst,
	int64_t now_us, const struct login_attempt *attempt)
{
	char folded[USER_NAME_MAX];
	struct str name = attempt->name;

	*login_limit = (struct login_limit){ .now_us = now_us };
	if (!limit)
		return;
	login_limit->limit = limit;
	login_limit->rules[LOGIN_LIMIT_PER_NETWORK] = (struct limit_rule){
		.interval_us = LOGIN_LIMIT_NETWORK_INTERVAL_US, .burst = LOGIN_LIMIT_NETWORK_BURST
	};
	login_limit->keys[LOGIN_LIMIT_PER_NETWORK] = limit_key(
		limit, LIMIT_LOGIN_PER_NETWORK, attempt->network, STR_NULL);
	if (burst == 0)
		return;
	if (user_name_fold(name, folded))
		name = str_cstr(folded);
	login_limit->rules[LOGIN_LIMIT_PER_ADDRESS] = (struct limit_rule){
		.interval_us = LOGIN_LIMIT_INTERVAL_US, .burst = burst
	};
	login_limit->rules[LOGIN_LIMIT_PER_NAME] = (struct limit_rule){
		.interval_us = attempt->known_network ? 0 : LOGIN_LIMIT_NAME_INTERVAL_US,
		.burst = burst * LOGIN_LIMIT_NAME_FACTOR
	};
	login_limit->keys[LOGIN_LIMIT_PER_ADDRESS] = limit_key(
		limit, LIMIT_LOGIN_PER_ADDRESS, name, attempt->network);
	login_limit->keys[LOGIN_LIMIT_PER_NAME] = limit_key(
		limit, LIMIT_LOGIN_PER_NAME, name, STR_NULL);
}

static void refund(const struct login_limit *login_limit, enum login_limit_scope scope)
{
	limit_refund(login_limit->limit, &login_limit->rules[scope], login_limit->keys[scope]);
}

bool login_limit_take(const struct login_limit *login_limit, unsigned *seconds)
{
	struct limit_status left;

	for (int i = 0; login_limit->limit && i < LOGIN_LIMIT_SCOPES; i++) {
		if (limit_take(login_limit->limit, &login_limit->rules[i], login_limit->keys[i],
			    login_limit->now_us, &left))
			continue;
		*seconds = limit_us_to_seconds(left.retry_us);
		while (i-- > 0)
			refund(login_limit, (enum login_limit_scope)i);
		return false;
	}
	return true;
}

void login_limit_refund(const struct login_limit *login_limit)
{
	if (!login_limit->limit)
		return;
	refund(login_limit, LOGIN_LIMIT_PER_ADDRESS);
	refund(login_limit, LOGIN_LIMIT_PER_NAME);
}
