#include "serve/allow.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)

bool allow_request(const struct app *app, struct exchange *exchange, struct err *err)
{
	struct request *request = &exchange->request;
	const struct principal *who = &request->principal;
	struct limit_left left;
	bool taken;

	if (!app->limit || app->principal.interval_us == 0)
		return true;
	taken = limit_take(app->limit, &app->principal,
		limit_key(app->limit, LIMIT_PRINCIPAL, who->tenant, who->user), exchange->began_us,
		&left);
	request->allowance = (struct allowance){ app->principal.burst, left.remaining,
		limit_seconds(left.whole_us) };
	if (taken)
		return true;
	err_set(err, ERR_TOO_MANY, NULL, NULL);
	err->retry_after = limit_seconds(left.wait_us);
	return false;
}

void allow_create(const struct app *app, struct op *op)
{
	uint64_t most = app->creates_a_day[op->dialect];
	int64_t today = op->now - op->now % DAY_MS;

	if (op->kind == OP_CREATE && most > 0)
		op->quota = (struct op_quota){ most, today, today + DAY_MS };
}
