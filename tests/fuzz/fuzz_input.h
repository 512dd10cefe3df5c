#pragma once
/*
 * The input of a fuzz target is text, so that the corpus is readable: one part per line, and the rest
 * as the last part.
 */
#include "base/str.h"

/* Removes and returns the next line, without its LF; the whole rest if it has no LF. */
static inline struct str fuzz_line(struct str *rest)
{
	const char *end = rest->len ? memchr(rest->ptr, '\n', rest->len) : NULL;
	struct str line = { rest->ptr, end ? (size_t)(end - rest->ptr) : rest->len };

	*rest = str_skip(*rest, line.len + 1);
	return line;
}

/* Called by libFuzzer for each input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
