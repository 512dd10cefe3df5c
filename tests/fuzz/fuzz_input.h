#pragma once
/*
 * The input of a fuzz target is text, so that the corpus is readable: one part per line, and the
 * rest as the last part.
 */
#include <stdlib.h>

#include "base/str.h"

/* Removes and returns the next line, without its LF; the whole rest if it has no LF. */
static inline struct str fuzz_line(struct str *rest)
{
	return str_split_next(rest, '\n');
}

static inline void check(bool holds)
{
	if (!holds)
		abort();
}

/* Called by libFuzzer for each input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
