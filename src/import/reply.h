#pragma once
/*
 * What the response of a server means for the file: pure, without a connection. The rules are those
 * of RFC 9110: ranges (14), If-Range (13.1.5), validators (8.8).
 */
#include "base/err.h"
#include "import/partial.h"

#define REPLY_LENGTH_UNKNOWN (-1)
#define REPLY_LENGTH_INVALID (-2)

/* Values of header fields are NULL if the field is absent. */
struct reply {
	long status;
	int64_t content_length; /* or REPLY_LENGTH_UNKNOWN, REPLY_LENGTH_INVALID */
	const char *location, *content_range, *etag, *last_modified, *date;
};

enum reply_action {
	REPLY_WHOLE,	/* the body is the whole file: begin again */
	REPLY_REST,	/* the body goes on where the partial file ends */
	REPLY_RESTART,	/* the part cannot be added to the file: ask without a range */
	REPLY_REDIRECT, /* to location */
};

struct reply_plan {
	enum reply_action action;
	uint64_t total;			/* size of the whole file, or PARTIAL_TOTAL_UNKNOWN */
	uint64_t length;		/* of the body, or PARTIAL_TOTAL_UNKNOWN */
	struct partial_version version; /* REPLY_WHOLE: for later requests */
};

/*
 * partial: what there is; asked: whether a range was asked for. Errors: ERR_UNPROCESSABLE if the
 * server refuses for good, ERR_BUSY if it may answer later.
 */
bool reply_judge(const struct reply *reply, const struct partial *partial, bool asked,
	struct reply_plan *plan, struct err *err);
/* Parses a Content-Length: a decimal number up to INT64_MAX, else REPLY_LENGTH_INVALID. */
int64_t reply_parse_length(const char *text);
/* Parses "bytes 5-9/10"; a star as total is PARTIAL_TOTAL_UNKNOWN. */
bool reply_parse_range(const char *text, uint64_t *first, uint64_t *last, uint64_t *total);
