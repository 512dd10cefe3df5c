#include "serve/batch.h"

#include "base/clock.h"

#define SHORT_ITEMS 25 /* that are created in a millisecond */
#define DAY_MS	    ((int64_t)24 * 3600 * 1000)

static uint64_t most_debt_us(const struct limit_rule *rule)
{
	return rule->burst * rule->interval_us + rule->overdraft_us;
}

static void charge(const struct app *app, struct exchange *exchange, uint64_t cost)
{
	const struct limit_rule *rule = &app->options.principal_rate;
	struct rate_status *status = &exchange->request.rate_status;

	if (!exchange->has_principal || rule->interval_us == 0 || cost == 0)
		return;
	limit_charge(app->limit, rule, exchange->account, cost, clock_mono_us());
	status->remaining -= cost < status->remaining ? cost : status->remaining;
	status->reset += limit_us_to_seconds(cost * rule->interval_us);
	if (status->reset > limit_us_to_seconds(most_debt_us(rule)))
		status->reset = limit_us_to_seconds(most_debt_us(rule));
}

bool batch_is_long(const struct op *op)
{
	return op->kind == OP_BATCH && op->batch->is_atomic && op->batch->count > SHORT_ITEMS;
}

void batch_begin(const struct app *app, struct exchange *exchange, struct op *op)
{
	int64_t today = op->now - op->now % DAY_MS;

	if (op->kind != OP_BATCH)
		return;
	if (exchange->runs == 0)
		charge(app, exchange, op->batch->count - 1);
	op->quota = (struct op_quota){ .from = today, .to = today + DAY_MS };
	op->item_quotas = app->options.creates_per_day;
}
