#pragma once
/*
 * Header fields of a signed VirtShell request that curl sends (signature: auth/signature.h).
 */
#include "base/buf.h"
#include "base/err.h"

/* Texts are borrowed. Optional ones may be NULL. */
struct sign {
	const char *user, *secret; /* the key's id and secret; required */
	const char *method, *url;  /* required */
	const char *date;	   /* default: now */
	const char *content_type;  /* default: none, or what curl -d sends with a body */
	const char *content_md5;   /* default: that of data */
	const char *data;	   /* body, for content_md5 */
};

/* Appends header lines that end with LF, for `curl -H @FILE`. */
bool sign_headers(const struct sign *sign, int64_t now, struct buf *out, struct err *err);
/*
 * Splits an http or https URL into the signed parts: the host as sent, without the scheme's default
 * port, and the percent-encoded path without the query.
 */
bool sign_split_url(const char *url, struct str *host, struct str *path, struct err *err);
