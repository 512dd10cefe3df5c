#pragma once
/* A response as a value. Zero-initialise, let an encoder fill it, free with response_free. */
#include "base/buf.h"
#include "base/err.h"

struct response {
	int status;
	const char *reason;	/* a constant; NULL: the standard phrase of the status */
	const char *media_type; /* a constant; NULL: no body and no Content-Type */
	struct buf headers;	/* further header fields, each with CR LF */
	struct buf body;
	bool after_flush; /* must not be sent before the log is on disk */
};

void response_free(struct response *response);
void response_reset(struct response *response);
/* Adds a header field; omits it if the value has a control byte (response splitting). */
void response_add_header(struct response *response, const char *name, struct str value);
void response_add_number(struct response *response, const char *name, uint64_t value);
#define RETRY_AFTER_MAX 60 /* seconds */
/*
 * Adds Retry-After of 1 to RETRY_AFTER_MAX seconds if the status is temporary: 429 or 503 (RFC 6585
 * §4, RFC 9110 §15.6.4). Clients sleep as long as it says, so a quota of a day must not send hours.
 */
void response_add_retry_after(struct response *response, unsigned seconds);
/* Adds Location and frees the URL. If writing the URL failed, response_finish() fails. */
void response_add_location(struct response *response, struct buf *take_url);
/* Sets status and media type of a complete body; ERR_NO_MEMORY if a write to it failed. */
bool response_finish(
	struct response *response, int status, const char *media_type, struct err *err);
/* Writes the CGI header (RFC 3875 §6.3): Status, Content-Type, the fields, an empty line. */
void response_write_head(const struct response *response, struct buf *out);
/* The reason phrase of a status (RFC 9110 §15), or "Unknown". */
const char *response_reason(int status);
