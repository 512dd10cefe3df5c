#pragma once
/*
 * The word that was meant by a word with a typing error. Distances are those of optimal string
 * alignment: insertions, removals, replacements and exchanges of two neighbours.
 */
#include <stddef.h>

#define SUGGESTION_MAX 40 /* bytes; no longer word is compared */

/* Zero-initialise. */
struct suggestion {
	char best[SUGGESTION_MAX + 1]; /* empty: none is near enough */
	size_t distance;
};

/*
 * Keeps the candidate if it is nearer to the typed word than the others before: one error in three
 * bytes at most, and one at least. A longer word that begins as typed is one error away.
 */
void suggestion_try(struct suggestion *suggestion, const char *typed, const char *candidate);
