#pragma once
/*
 * Removal of finished tasks by their age (task/retention.h). Private to the store:
 *
 *     retention_pass.c  finds the tasks that may be due
 *     retention.c       decides by their records, and removes them
 */
#include "store/index/key.h"
#include "task/retention.h"

struct store;

/* Where a pass of the retention is (retention_pass.c). */
struct retention_pass {
	struct retention rules;
	char tenant[INDEX_TENANT_MAX]; /* the current tenant; empty: none yet */
	size_t tenant_len;
	size_t range;		/* number of its current range */
	struct index_key from;	/* where to go on in it; empty: at its beginning */
	uint64_t removed, kept; /* tasks, in this pass */
};

/* What the chores that remove by age know of the clock (chores.c). */
struct store_clock {
	int64_t wall_ms, mono_ms; /* when it was read last */
	int64_t wait_until_ms;	  /* monotonic: nothing is removed before */
	int64_t next_pass_ms;	  /* monotonic: of the retention */
	int64_t future_keys_ms;	  /* monotonic: since when keys of the future are known; 0: none */
};

#define RETENTION_BATCH 16 /* tasks of one transaction */

/* Tasks of one tenant that may be due. */
struct retention_batch {
	int64_t now;
	struct str tenant;
	struct id ids[RETENTION_BATCH];
	size_t count;
};
void retention_init(struct retention_pass *pass, const struct retention *rules);
/* Removes the due tasks of the batch and counts them in store->retention. Changes the batch. */
bool retention_remove(struct store *store, struct retention_batch *batch, struct err *err);
