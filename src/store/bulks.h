#pragma once
/* The bulks that run (task/bulk.h): the keeper carries them out. */
#include "store/store.h"

struct bulk_work;

/* The state of the process that carries them out. Zero-initialise; store_bulks_free(). */
struct store_bulks {
	struct buf place;	/* in the pass over all bulks */
	struct bulk_work *work; /* on one of them; NULL: none yet */
	bool is_begun;		/* it goes on with the next call */
	int64_t flushed_ms;	/* monotonic: when the flushes were looked at last */
	uint64_t to_flush;	/* commits that had been made then */
};

/* What the store does not know about the tasks. */
struct store_bulk_rules {
	bulk_action_decode *decode;
	/* Makes the UPDATE by which the service changes the task of a bulk: its hooks and actor. */
	void (*update)(struct op *op);
	const struct tz *tz; /* struct op.tz */
};

/*
 * Goes on with one bulk until until_us (monotonic). After at most 1,000 tasks another one is next,
 * so the bulks of each tenant make progress. Tasks are changed in transactions of at most
 * BULK_TOGETHER_US. Each writes the counts and the place of the bulk as well, so it goes on from
 * there whatever is killed. Its commits are flushed 2 * BULK_FLUSH_MS later at the latest, if it is
 * called until *more is false. *more: there is work for another call. Waits (*more false) while the
 * index is built or the disk is nearly full.
 */
#define BULK_TOGETHER_US 500
#define BULK_FLUSH_MS	 200
bool store_run_bulks(struct store *store, struct store_bulks *bulks,
	const struct store_bulk_rules *rules, int64_t until_us, bool *more, struct err *err);
void store_bulks_free(struct store_bulks *bulks);
