#pragma once
/* Internal to src/admin: the options of the commands on webhooks as bodies of the native API. */
#include "admin/admin.h"
#include "base/buf.h"

/* Of `webhook add` and `webhook set`, besides --tenant and --json. */
#define WEBHOOK_OPTIONS                                                                       \
	(ADMIN_BIT(ADMIN_NAME) | ADMIN_BIT(ADMIN_FORMAT) | ADMIN_BIT(ADMIN_METHOD) |          \
		ADMIN_BIT(ADMIN_HEADER) | ADMIN_BIT(ADMIN_QUERY) | ADMIN_BIT(ADMIN_DIALECT) | \
		ADMIN_BIT(ADMIN_KIND) | ADMIN_BIT(ADMIN_STATE) | ADMIN_BIT(ADMIN_TYPE) |      \
		ADMIN_BIT(ADMIN_PARALLEL))

/*
 * Appends the members that the options name, as an object, and the URL, unless it is NULL. An empty
 * value is null, which sets the default. ERR_INVALID: --header has no colon.
 */
bool webhook_options_put(
	const struct admin_call *call, const char *url, struct buf *body, struct err *err);
