#pragma once
/* Bodies of multipart/form-data (RFC 7578, RFC 2046 §5.1). Pure. */
#include "base/err.h"
#include "http/request.h"

/*
 * Splits a body into pairs, borrowed from it, in order. Omits files and parts without a name.
 * content_type is the header field, for its boundary. ERR_MALFORMED also without the last boundary,
 * and for names and values that are not UTF-8 or have a NUL; ERR_TOO_LARGE if there are more than
 * max parts.
 */
bool multipart_split(struct pair *pairs, size_t max, size_t *count, struct str content_type,
	struct str body, struct err *err);
