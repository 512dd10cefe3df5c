#pragma once
/*
 * Counts that are made one after the other, in several slices, but shall be of one moment of the
 * tenant's tasks: if a commit comes between them, they begin again, up to limits. Private to the
 * store.
 */
#include "store/list/list.h"

struct moment {
	bool exact;	  /* the present try is of one moment, unless it is disturbed */
	uint64_t started; /* commits of the tenant when it began */
	unsigned tries;
	int64_t until_us; /* 0: the first try has not begun */
};

/*
 * A try begins. STEP_RETRY: a commit is under way. Beyond the limits (!exact) it counts what is
 * there, and is never disturbed.
 */
int moment_begin(struct moment *moment, const struct store *store, struct str tenant);
/* Whether the try has to begin again. */
bool moment_is_disturbed(const struct moment *moment, const struct store *store, struct str tenant);

/*
 * The dialects whose tasks can be counted, of those with these codes (count 0: of all): whether it
 * is one of them, and the next one behind a code; 0: none.
 */
bool stats_wants_dialect(
	const struct store *store, uint8_t dialect, const uint8_t *codes, size_t count);
uint8_t stats_next_dialect(
	const struct store *store, uint8_t after, const uint8_t *codes, size_t count);
