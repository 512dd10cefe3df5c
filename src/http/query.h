#pragma once
/*
 * Percent-decoding (RFC 3986 §2.1) and queries (WHATWG form-urlencoded). Pure.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "http/request.h"

/* Whether a plus stands for itself or for a space, as in forms. */
enum query_plus { QUERY_PLUS_IS_PLUS, QUERY_PLUS_IS_SPACE };

/* Decodes into arena; ERR_MALFORMED for a bad escape, %00, or what is not UTF-8 afterwards. */
bool query_decode(struct str *out, struct str text, enum query_plus plus, struct arena *arena,
	struct err *err);
/*
 * Splits name=value&… (without '?') into at most max pairs, decoded; empty parts are skipped, a
 * name without '=' has an empty value. Also reads form bodies. ERR_TOO_LARGE past max.
 */
bool query_split(struct pair *pairs, size_t max, size_t *count, struct str text,
	struct arena *arena, struct err *err);
/* Escapes every byte that is not unreserved (RFC 3986 §2.3), a space as the plus says. */
void query_encode(struct buf *out, struct str text, enum query_plus plus);
