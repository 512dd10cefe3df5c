#pragma once
/*
 * Verification of the checksums of all pages: by the keeper in the background, at an even rate over
 * store_options.scrub_days, and at once for store_verify(). Damaged pages get into the table of
 * store_shared; they are no failure.
 */
#include "base/err.h"
#include "store/engine.h"

struct store;

/* The keeper's pass. */
struct store_scrub {
	struct engine_scrub at;
	bool loaded;
	int64_t began_ms, saved_ms; /* monotonic */
	int64_t last;		    /* end of the last whole pass, wall clock; 0: none */
};

/* One slice of the chore. */
bool scrub_some(struct store *store, bool low_space, bool *more, struct err *err);
/* Verifies all pages at once. */
bool scrub_all(struct store *store, struct err *err);
