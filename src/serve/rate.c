#include "serve/rate.h"

#include "auth/limit_domain.h"
#include "base/clock.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)

static bool take(const struct app *app, struct exchange *exchange, struct err *err)
{
	struct request *request = &exchange->request;
	const struct principal *who = &request->principal;
	const struct limit_rule *rule = &app->options.principal_rate;
	struct limit_status left;
	bool taken;

	exchange->account = limit_key(app->limit, LIMIT_PRINCIPAL, who->tenant, who->user);
	exchange->tenant = limit_key(app->limit, LIMIT_TENANT, who->tenant, STR_NULL);
	exchange->has_principal = true;
	if (rule->interval_us == 0)
		return true;
	taken = limit_take(app->limit, rule, exchange->account, exchange->began_us, &left);
	request->rate_status = (struct rate_status){ rule->burst, left.remaining,
		limit_us_to_seconds(left.reset_us) };
	if (taken)
		return true;
	err_set(err, ERR_TOO_MANY_REQUESTS, NULL, NULL);
	err->retry_after = limit_us_to_seconds(left.retry_us);
	return false;
}

/* Every response has them: no snprintf. */
static void add_fields(
	const struct limit_rule *rule, const struct rate_status *rate, struct response *response)
{
	struct buf *out = &response->headers;

	buf_puts(out, "RateLimit-Policy: \"requests\";q=");
	buf_put_number(out, (int64_t)rate->limit);
	buf_puts(out, ";w=");
	buf_put_number(out, limit_us_to_seconds(rate->limit * rule->interval_us));
	buf_puts(out, "\r\nRateLimit: \"requests\";r=");
	buf_put_number(out, (int64_t)rate->remaining);
	buf_puts(out, ";t=");
	buf_put_number(out, rate->reset);
	buf_puts(out, "\r\n");
}

bool rate_take(const struct app *app, struct exchange *exchange, struct err *err)
{
	const struct rate_status *rate = &exchange->request.rate_status;
	bool taken;

	if (!app->limit)
		return true;
	taken = exchange->is_charged || take(app, exchange, err);
	exchange->is_charged = taken;
	if (exchange->dialect->rate_fields && rate->limit > 0)
		add_fields(&app->options.principal_rate, rate, &exchange->response);
	return taken;
}

void rate_charge(const struct app *app, const struct exchange *exchange)
{
	uint64_t by_time = exchange->cost_us < RATE_FREE_US
				   ? 0
				   : (uint64_t)exchange->cost_us / RATE_COST_US;
	uint64_t by_steps = exchange->result.steps / RATE_COST_STEPS;

	if (exchange->has_principal && by_time + by_steps > 0)
		limit_charge(app->limit, &app->options.principal_rate, exchange->account,
			by_time > by_steps ? by_time : by_steps, clock_mono_us());
}

void rate_set_quota(const struct app *app, struct op *op)
{
	uint64_t quota = app->options.creates_per_day[op->dialect];
	int64_t today = op->now - op->now % DAY_MS;

	if (op->kind == OP_CREATE && quota > 0)
		op->quota = (struct op_quota){ quota, today, today + DAY_MS };
}
