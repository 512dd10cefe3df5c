#pragma once
/*
 * A fuzz target's input is text of a few lines, so that the corpus can be read: each line one part,
 * the rest the last part.
 */
#include "base/str.h"

/* Cuts the next line off, without its LF; the whole rest when there is none. */
static inline struct str fuzz_line(struct str *rest)
{
	const char *end = rest->len ? memchr(rest->ptr, '\n', rest->len) : NULL;
	struct str line = { rest->ptr, end ? (size_t)(end - rest->ptr) : rest->len };

	*rest = str_skip(*rest, line.len + 1);
	return line;
}

/* libFuzzer calls this and nothing else. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
