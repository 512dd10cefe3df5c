#include "serve/prefetch.h"

/* At its turn the request is decoded again, and its errors are reported. */
static bool announce(struct app *app, struct exchange *exchange)
{
	struct request *request = &exchange->request;
	struct op op = { .arena = request->arena,
		.tenant = request->principal.tenant,
		.now = request->now,
		.tz = request->tz };
	struct err ignored = { 0 };

	return exchange->route->decode(request, &op, &ignored) && store_prefetch(app->store, &op);
}

void prefetch_task(struct app *app, struct exchange *exchange)
{
	enum method method = exchange->request.method;

	if (exchange->work == WORK_OPERATION && store_is_shared(app->store) &&
		(method == METHOD_GET || method == METHOD_HEAD))
		exchange->is_prefetched = announce(app, exchange);
}
