#pragma once
/*
 * The headers of a signed VirtShell request, as curl would send it (auth/signature.h makes the
 * signature).
 */
#include "base/buf.h"
#include "base/err.h"

/* Borrowed texts; NULL: not given. */
struct sign {
	const char *user, *secret; /* the key's id and secret; both needed */
	const char *method, *url;  /* needed */
	const char *date;	   /* else now */
	const char *content_type;  /* else none, or for a body what curl -d sends */
	const char *content_md5;   /* else that of data */
	const char *data;
};

/* Appends header lines, ended by LF, for `curl -H @FILE`. */
bool sign_headers(const struct sign *sign, int64_t now, struct buf *out, struct err *err);
/*
 * Splits an http or https URL into what is signed: the host as sent, without the scheme's own port,
 * and the path without the query, its encoding kept.
 */
bool sign_split_url(const char *url, struct str *host, struct str *path, struct err *err);
