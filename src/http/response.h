#pragma once
/*
 * An answer as a value. Zero-initialise, fill, response_free. Encoders write status, headers and
 * body; nobody writes to a socket here.
 */
#include "base/buf.h"
#include "base/err.h"

struct response {
	int status;
	const char *reason;	/* a constant, instead of the status's own phrase; or NULL */
	const char *media_type; /* a constant; NULL: no body and no Content-Type */
	struct buf headers;	/* further header lines, each ended by CR LF */
	struct buf body;
	bool after_flush; /* leaves only after the log is on disk */
};

void response_free(struct response *response);
void response_reset(struct response *response);
/* Adds a header line. A value with a control byte is left out altogether: nobody splits an answer.
 */
void response_add_header(struct response *response, const char *name, struct str value);
/*
 * Says when to come again where the status is one that passes, 429 or 503 (RFC 6585 §4, RFC 9110
 * §15.6.4): after so many seconds, at least one.
 */
void response_add_retry_after(struct response *response, unsigned seconds);
/* Sets the status and the media type of a complete body; false with ERR_NO_MEMORY if a write failed. */
bool response_finish(
	struct response *response, int status, const char *media_type, struct err *err);
/*
 * Writes the CGI head (RFC 3875 §6.3: Status, Content-Type, the header lines, an empty line) into
 * out.
 */
void response_write_head(const struct response *response, struct buf *out);
/* The reason phrase of a status (RFC 9110 §15), "Unknown" for others. */
const char *response_reason(int status);
