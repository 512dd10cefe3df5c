#pragma once
/* A long poll of the feed of a tenant: OP_FEED with wait_ms. */
#include "serve/waiting.h"

/* As waiting_apply(). Each further attempt goes on where the last one ended. */
bool waiting_for_events(
	struct app *app, struct exchange *exchange, const struct op *op, struct err *err);
