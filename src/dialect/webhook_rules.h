#pragma once
/* What the native API accepts as a webhook, for rows that come from an export. */
#include "base/arena.h"
#include "task/webhook.h"

/*
 * Makes the webhook that a request with these members would create: *made has the same id, tenant,
 * times, users, revision, reason and old secret, and everything else as the request leaves it. So a
 * webhook that a request can have made has the same record. Texts and arrays are in the arena or
 * borrowed from the first one. ERR_UNPROCESSABLE with the member at fault in the text. Pure.
 */
bool webhook_rules_apply(
	const struct webhook *webhook, struct arena *arena, struct webhook *made, struct err *err);
