#include "ctl/suggest.h"

#include <string.h>

#define PREFIX_AT_MIN 3

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Both have at most SUGGESTION_MAX bytes. Three rows of the matrix are enough. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][SUGGESTION_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *now = rows[2];

	for (size_t j = 0; j <= b_len; j++)
		last[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *oldest = before;

		now[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			now[j] = least(least(last[j], now[j - 1]) + 1,
				last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
		before = last;
		last = now;
		now = oldest;
	}
	return last[b_len];
}

void suggestion_try(struct suggestion *suggestion, const char *typed, const char *candidate)
{
	size_t typed_len = strlen(typed), len = strlen(candidate), found;

	if (typed_len == 0 || typed_len > SUGGESTION_MAX || len > SUGGESTION_MAX)
		return;
	found = distance(typed, typed_len, candidate, len);
	if (typed_len >= PREFIX_AT_MIN && strncmp(typed, candidate, typed_len) == 0)
		found = least(found, 1);
	if (found >= typed_len || (found > 1 && found > typed_len / 3))
		return;
	if (suggestion->best[0] && found >= suggestion->distance)
		return;
	memcpy(suggestion->best, candidate, len + 1);
	suggestion->distance = found;
}
