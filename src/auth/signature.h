#pragma once
/*
 * VirtShell's signature (contract §5.6, after the project's thesis), byte by byte, and the digests
 * that go with it. Pure; the cryptography is OpenSSL's.
 */
#include "base/buf.h"
#include "base/err.h"

#define SIGNATURE_TEXT_MAX 32 /* base64 of 20 bytes and a NUL */

struct signed_request {
	struct str method, host, content_md5, content_type, date;
	struct str resource; /* the path as sent, still encoded, without the query */
};

/* method LF host LF content-md5 LF content-type LF date LF resource, no LF at the end. */
void signature_string_to_sign(const struct signed_request *request, struct buf *out);
/* Base64 of HMAC-SHA1 over that string; false without memory. */
bool signature_make(
	const struct signed_request *request, struct str secret, char text[SIGNATURE_TEXT_MAX]);
/* Compares in constant time whatever the given one's length. */
bool signature_equal(struct str given, const char *made);
/*
 * Reads "Fri, 01 Jul 2011 19:37:58 +0000" (RFC 822 with a numeric zone or GMT/UT; two- or
 * four-digit years as RFC 5322 §4.3; the day's name is optional) into ms since 1970; false for
 * anything else.
 */
bool signature_date(struct str text, int64_t *ms);
/* Splits "UserId:Signature" at the last colon; false when a part is empty. */
bool signature_split(struct str header, struct str *user, struct str *signature);
/* Base64 of the MD5 of the body, as Content-MD5 carries it (RFC 1864). */
bool content_md5(struct str body, char text[SIGNATURE_TEXT_MAX]);
