#include "serve/prefetch.h"

#include "http/prefer.h"

/* At its turn the request is decoded again, and its errors are reported. */
static bool announce(struct app *app, struct exchange *exchange)
{
	struct request *request = &exchange->request;
	struct op op = { .arena = request->arena,
		.tenant = request->principal.tenant,
		.now = request->now,
		.tz = request->tz };
	struct err ignored = { 0 };
	unsigned seconds;

	if (app->wake_counters && request_prefer_wait(request, &seconds))
		return false;
	return exchange->route->decode(request, &op, &ignored) && store_prefetch(app->store, &op);
}

void prefetch_task(struct app *app, struct exchange *exchange)
{
	if (exchange->work == WORK_OPERATION && exchange->route->reads_task &&
		store_is_shared(app->store))
		exchange->is_prefetched = announce(app, exchange);
}
