#include "serve/prefetch.h"

void prefetch_task(struct app *app, struct exchange *exchange)
{
	struct request *request = &exchange->request;
	struct op op = { 0 };
	struct err ignored = { 0 };

	if (exchange->work != WORK_OPERATION || !store_is_shared(app->store) ||
		(request->method != METHOD_GET && request->method != METHOD_HEAD))
		return;
	op.arena = request->arena;
	op.tenant = request->principal.tenant;
	op.now = request->now;
	op.tz = request->tz;
	/* At its turn the request is decoded again, and its errors are reported. */
	exchange->is_prefetched = exchange->route->decode(request, &op, &ignored) &&
				  store_prefetch(app->store, &op);
}
