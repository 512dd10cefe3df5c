#pragma once
/*
 * The HTTP request of one attempt: what is sent for a delivery of a webhook. Pure.
 */
#include "base/buf.h"
#include "base/err.h"
#include "task/webhook.h"

#define NOTIFY_FIELDS_MAX (WEBHOOK_PAIRS_MAX + 8)

/* Zero-initialise; free with notify_request_free(), also after a failure. */
struct notify_request {
	enum webhook_method method;
	struct buf url;	  /* with a NUL, which len does not count; so with the lines */
	struct buf lines; /* "name: value", a NUL behind each */
	size_t line_count;
	struct buf body; /* empty for GET */
};

/*
 * Makes the request of an attempt at `now` (wall-clock ms). GET has the members of the body's
 * object as parameters of its query: texts as they are, other values as JSON text, null as an empty
 * one. is_signed: with the header fields of Standard Webhooks. ERR_NO_MEMORY; ERR_INVALID if a
 * header field is not one.
 */
bool notify_request_make(struct notify_request *request, const struct webhook *webhook,
	const struct delivery *delivery, bool is_signed, int64_t now, struct err *err);
void notify_request_free(struct notify_request *request);
