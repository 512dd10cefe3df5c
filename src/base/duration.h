#pragma once
/* Durations as text: a whole number and a unit (s, m, h, d), such as "30d"; or "0". */
#include "base/buf.h"

/* Returns false and leaves *seconds unchanged if the text is not a duration of at most 2^32 s. */
bool duration_parse(uint64_t *seconds, const char *text);
/* Writes the number with the largest unit that divides it. */
void duration_put(uint64_t seconds, struct buf *out);
