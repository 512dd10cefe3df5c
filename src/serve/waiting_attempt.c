/* What the attempts of all kinds of waits begin with. */
#include "serve/waiting.h"
#include "store/wake.h"

void waiting_begin(struct app *app, struct exchange *exchange, const struct op *op, uint64_t line,
	unsigned source)
{
	struct exchange_wait *wait = &exchange->wait;

	if (!wait->resumed)
		wait->until_ms = exchange->began_us / 1000 + op->wait_ms;
	wait->line = line;
	wait->source = source;
	wait->seen = store_wake_count(app->store, source);
	wait->drains = store_drain_changes(app->store, op->tenant);
}
