#include "serve/preference.h"

#include <stdio.h>

#include "http/prefer.h"

static bool may_wait(const struct exchange *exchange, const struct op *op)
{
	enum method method = exchange->request.method;

	if (op->wait_ms > 0)
		return false;
	if (op->kind == OP_CREATE || (op->kind == OP_BULK && !op->bulk->dry_run))
		return exchange->route->waits_for_end;
	if (op->kind == OP_FEED)
		return !op->feed->is_stream;
	return op->kind == OP_READ && (method == METHOD_GET || method == METHOD_HEAD);
}

void preference_parse(struct exchange *exchange, struct op *op)
{
	unsigned *seconds = &exchange->wait.preferred;

	if (may_wait(exchange, op) && request_prefer_wait(&exchange->request, seconds))
		op->wait_ms = *seconds * INT64_C(1000);
}

void preference_add_applied(struct exchange *exchange)
{
	char text[24];

	if (exchange->wait.preferred == 0)
		return;
	snprintf(text, sizeof(text), "wait=%u", exchange->wait.preferred);
	response_add_header(&exchange->response, "Preference-Applied", str_cstr(text));
}
