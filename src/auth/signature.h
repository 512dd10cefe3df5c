#pragma once
/*
 * VirtShell's request signature (src/dialect/virtshell/README.md). Pure; hashing by
 * OpenSSL.
 */
#include "base/buf.h"
#include "base/err.h"

#define SIGNATURE_TEXT_MAX 32 /* base64 of 20 bytes takes 28, and the NUL */

struct signed_request {
	struct str method, host, content_md5, content_type, date;
	struct str resource; /* path as sent, percent-encoded, without the query */
};

/* method LF host LF content-md5 LF content-type LF date LF resource; no LF at the end. */
void signature_string_to_sign(const struct signed_request *request, struct buf *out);
/* Base64 of HMAC-SHA1 over that string. False: no memory. */
bool signature_make(
	const struct signed_request *request, struct str secret, char text[SIGNATURE_TEXT_MAX]);
/* In constant time for any length of `given`. */
bool signature_equal(struct str given, const char *made);
/* Splits "UserId:Signature" at the last colon. False if either part is empty. */
bool signature_split(struct str header, struct str *user, struct str *signature);
