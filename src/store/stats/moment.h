#pragma once
/*
 * Consistent counts: several counts, made one after the other in several slices, that describe
 * the tenant's tasks at one moment. If the tenant commits a change between them, all are repeated,
 * up to limits of tries and time. Private to the store.
 *
 * moment_begin() before the first count of each try; moment_is_disturbed() before each further
 * count, and at the end: if true, drop the counts and begin the next try.
 */
#include "store/list/list.h"

struct moment {
	bool exact;	  /* of one moment, unless disturbed; false: the limits are reached */
	uint64_t started; /* commits of the tenant when it began */
	unsigned tries;
	int64_t until_us; /* no exact try begins later; 0: not begun */
};

/*
 * Begins a try. All members are zero before the first one. STEP_RETRY: a commit is in progress;
 * call it again. After the limits moment->exact is false: the try counts whatever it finds, and is
 * never disturbed.
 */
int moment_begin(struct moment *moment, struct store *store, struct str tenant);
/* Whether the tenant has committed a change since the try began. */
bool moment_is_disturbed(const struct moment *moment, struct store *store, struct str tenant);

/* True if tasks of the dialect can be counted, and it is one of the codes; count 0: of all. */
bool stats_wants_dialect(
	const struct store *store, uint8_t dialect, const uint8_t *codes, size_t count);
/* The lowest such dialect with a code above `after`; 0: none. */
uint8_t stats_next_dialect(
	const struct store *store, uint8_t after, const uint8_t *codes, size_t count);
