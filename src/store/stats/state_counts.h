#pragma once
/* Counts of a tenant's tasks by state, without their kinds: quicker than OP_STATS. */
#include "store/store.h"

/* Pairs of kind and priority that are looked at for the ready task that has waited longest. */
#define STATE_COUNTS_PAIRS_MAX 64

struct state_counts {
	uint64_t states[TASK_STATES];	   /* without archived tasks */
	uint64_t ready;			   /* of TASK_PENDING: workers may claim them now */
	struct optional_time oldest_ready; /* since when one of these could be claimed */
};

/*
 * Counts the tasks of one dialect. The numbers may be of different moments. ERR_REBUILDING while
 * the index is rebuilt.
 */
bool store_count_states(struct store *store, struct str tenant, uint8_t dialect,
	struct state_counts *counts, struct err *err);
