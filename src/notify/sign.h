#pragma once
/*
 * The signature of Standard Webhooks 1.0 (standardwebhooks.com), by which a receiver knows that a
 * request is of this service and of this minute. Pure.
 */
#include "base/buf.h"
#include "task/webhook.h"

/*
 * Appends the value of webhook-signature: "v1," and the base64 of the HMAC-SHA256 of
 * `ID.SECONDS.BODY`, once for each secret of the webhook that is valid at that time, separated by
 * spaces. seconds since 1970 are those of webhook-timestamp. Without memory, out has failed.
 */
void sign_put(const struct webhook *webhook, struct str id, int64_t seconds, struct str body,
	struct buf *out);
