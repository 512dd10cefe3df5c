#pragma once
/*
 * Content codings of request bodies (RFC 9110 §8.4): gzip, also as x-gzip, and identity. Pure.
 */
#include "base/buf.h"
#include "base/err.h"

/* The value of Accept-Encoding in the response to another coding (RFC 9110 §15.5.16). */
#define CONTENT_CODINGS "gzip"
/* A body of more than CONTENT_RATIO_FREE bytes may have CONTENT_RATIO_MAX times its coded size. */
#define CONTENT_RATIO_FREE ((size_t)256 * 1024)
#define CONTENT_RATIO_MAX  200

/* Whether a value of Content-Encoding leaves the body unchanged: identity, or an empty value. */
bool content_coding_is_identity(struct str codings);
/*
 * Appends the decoded gzip body to out, at most `limit` bytes. ERR_CODING for a value of
 * Content-Encoding that is not exactly gzip or x-gzip; ERR_MALFORMED if the body is not gzip, is
 * cut off or is followed by other bytes; ERR_TOO_LARGE beyond the limits. A gzip body may have
 * several members (RFC 1952 §2.2). After an error, out may have a part of the body.
 */
bool content_decode(
	struct buf *out, struct str codings, struct str body, size_t limit, struct err *err);
