#pragma once
/*
 * The URL of a file, parsed by libcurl, which also fetches it: so there is one reading of it. Only
 * http and https are accepted. No sentence has more of a URL than its host, since the rest may be a
 * secret of the client.
 */
#include <curl/curl.h>

#include "base/err.h"

#define SOURCE_HOST_SIZE 128

struct source {
	CURLU *url;
	bool is_redirected;
	/* For sentences: the host, cut; after a redirect "the target of a redirect". */
	char name[SOURCE_HOST_SIZE];
};

/*
 * Characters that a URL must encode, such as spaces, are encoded. Errors: ERR_UNPROCESSABLE. The
 * caller frees the source.
 */
bool source_parse(struct source *source, const char *url, struct err *err);
/*
 * The target of a redirect: location is relative to from. ERR_UNPROCESSABLE, also from https to
 * http, and for a name and password that belong to another host. The name and password of `from`
 * are kept for the same scheme, host and port.
 */
bool source_follow(
	struct source *next, const struct source *from, const char *location, struct err *err);
/* The last segment of the path, decoded: any bytes, also none. ERR_NO_MEMORY. */
bool source_file_name(const struct source *source, struct buf *name, struct err *err);
/*
 * Scheme, host, port and path, a line each: what identifies a file. The query of a redirect is
 * often a signature with a time. ERR_NO_MEMORY.
 */
bool source_target(const struct source *source, struct buf *target, struct err *err);
void source_free(struct source *source);
