#pragma once
/* Percent-encoding (RFC 3986 §2.1) and queries (WHATWG form-urlencoded). Pure. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "http/request.h"

/* A plus is a plus or, as in forms, a space. */
enum query_plus { QUERY_PLUS_IS_PLUS, QUERY_PLUS_IS_SPACE };

/* Decodes into arena; ERR_MALFORMED for an invalid escape, %00 or a result that is not UTF-8. */
bool query_decode(struct str *out, struct str text, enum query_plus plus, struct arena *arena,
	struct err *err);
/*
 * Splits a query without '?' or a form body into decoded pairs. Empty parts are skipped; a name
 * without '=' has an empty value. ERR_TOO_LARGE if there are more than max pairs.
 */
bool query_split(struct pair *pairs, size_t max, size_t *count, struct str text,
	struct arena *arena, struct err *err);
/* Escapes every byte that is not unreserved (RFC 3986 §2.3); a space becomes %20 or a plus. */
void query_encode(struct buf *out, struct str text, enum query_plus plus);
