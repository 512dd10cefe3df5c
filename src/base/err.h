#pragma once
/*
 * Errors. A function that can fail returns bool and takes a struct err last; if it returns false,
 * the error is filled in and no other output is written. The caller owns the error.
 *
 * Each code has a name (for logs, tests and problem types), an HTTP status that dialects may
 * override, and a default text. ERR_PLAIN_HTTP, ERR_MISDIRECTED and ERR_HTTP_VERSION occur in
 * nginx only (nginx/generate.c).
 */
#include "base/id.h"

#define ERR_LIST(X)                                                                                \
	X(ERR_MALFORMED, "malformed", 400, "The request could not be read.")                       \
	X(ERR_PLAIN_HTTP, "plain-http", 400,                                                       \
		"Use HTTPS. A credential sent without it must be replaced.")                       \
	X(ERR_INVALID, "invalid", 400, "A value in the request is not valid.")                     \
	X(ERR_MISSING, "missing", 400, "A required value is missing.")                             \
	X(ERR_UNAUTHENTICATED, "unauthenticated", 401, "No valid credential was sent.")            \
	X(ERR_FORBIDDEN, "forbidden", 403, "The credential does not allow this.")                  \
	X(ERR_STORAGE_QUOTA, "storage-quota", 403,                                                 \
		"The storage quota is used up; nothing was changed.")                              \
	X(ERR_NOT_FOUND, "not-found", 404, "There is no such task.")                               \
	X(ERR_NO_ROUTE, "no-route", 404, "There is nothing at this address.")                      \
	X(ERR_EVENTS_OFF, "events-off", 404,                                                       \
		"The journal is off (journal_entries = 0), so there are no events.")               \
	X(ERR_METHOD, "method", 405, "The method is not allowed here.")                            \
	X(ERR_NOT_ACCEPTABLE, "not-acceptable", 406, "No acceptable representation exists.")       \
	X(ERR_CONFLICT, "conflict", 409, "The request conflicts with the state of the task.")      \
	X(ERR_LEASE_LOST, "lease-lost", 409,                                                       \
		"The token is not that of the task's lease; nothing was changed.")                 \
	X(ERR_TOO_DEEP, "too-deep", 409,                                                           \
		"More than 100000 levels of tasks depend on this one; begin with a lower one.")    \
	X(ERR_GONE, "events-gone", 410, "The events cannot be read from this place on.")           \
	X(ERR_PRECONDITION, "precondition", 412, "The task has changed since it was read.")        \
	X(ERR_TOO_LARGE, "too-large", 413, "The request is too large.")                            \
	X(ERR_URI_TOO_LONG, "uri-too-long", 414, "The address is too long.")                       \
	X(ERR_MEDIA_TYPE, "media-type", 415, "The media type is not supported.")                   \
	X(ERR_CODING, "content-coding", 415, "The content coding of the body is not supported.")   \
	X(ERR_MISDIRECTED, "misdirected", 421, "The service does not answer for this host.")       \
	X(ERR_UNPROCESSABLE, "unprocessable", 422, "The request was understood but is not valid.") \
	X(ERR_TOO_BROAD, "too-broad", 422,                                                         \
		"Too many tasks fit this combination of filters and order; narrow it.")            \
	X(ERR_KEY_REUSED, "key-reused", 422,                                                       \
		"The Idempotency-Key was used before with another request.")                       \
	X(ERR_TOO_MANY_REQUESTS, "too-many", 429, "Too many requests.")                            \
	X(ERR_QUOTA, "quota", 429, "No more tasks may be created today.")                          \
	X(ERR_HEADER_TOO_LARGE, "header-too-large", 431,                                           \
		"The header of the request is too large.")                                         \
	X(ERR_INTERNAL, "internal", 500, "An internal error occurred.")                            \
	X(ERR_NO_MEMORY, "no-memory", 500, "Memory is exhausted.")                                 \
	X(ERR_DAMAGED, "damaged", 500, "Stored data are damaged; the operator has been informed.") \
	X(ERR_NOT_IMPLEMENTED, "not-implemented", 501, "The method is not implemented.")           \
	X(ERR_BUSY, "busy", 503, "The service is busy; try again shortly.")                        \
	X(ERR_REBUILDING, "index-rebuilding", 503,                                                 \
		"The index is being rebuilt; lists will work again shortly.")                      \
	X(ERR_UNKNOWN_OUTCOME, "unknown-outcome", 503,                                             \
		"The outcome is unknown; repeat with the same Idempotency-Key.")                   \
	X(ERR_DISK_FULL, "disk-full", 507, "The disk is full; nothing was changed.")               \
	X(ERR_PANIC, "panic", 503, "The store is being recovered; try again shortly.")             \
	X(ERR_HTTP_VERSION, "http-version", 505, "The HTTP version is not supported.")

enum err_code {
	ERR_NONE = 0,
#define X(code, name, status, text) code,
	ERR_LIST(X)
#undef X
		ERR_CODES
};

struct err {
	enum err_code code;
	char field[64]; /* member, parameter or header field at fault, or empty */
	char text[240]; /* one sentence for the client; no secrets, no paths of the host */
	/*
	 * A dialect's own form of the error if one sentence is not enough; with ERR_METHOD the
	 * value of Allow, with ERR_GONE the oldest place of the feed; otherwise empty. Borrowed
	 * from the request's arena.
	 */
	struct str detail;
	unsigned retry_after; /* seconds; 0: unknown */
	struct id task;	      /* ERR_CONFLICT of a creation: the task that exists; else zero */
};

/*
 * Fills in the error and returns false, for `return err_set(...)`. format NULL: the default text of
 * the code; field may be NULL. Text that is too long is cut.
 */
bool err_set(struct err *err, enum err_code code, const char *field, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The same for ERR_NO_MEMORY. */
bool err_no_memory(struct err *err);

const char *err_name(enum err_code code);
int err_status(enum err_code code);
/* The text, or the default text of the code if it is empty. */
const char *err_text(const struct err *err);
