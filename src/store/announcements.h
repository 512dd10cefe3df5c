#pragma once
/* What the commits of a round will tell others after its flush: a part of struct store (wake.c). */
#include "store/store.h"

/* Counters of store_shared that are to be raised, as bits. */
struct announcements {
	uint64_t ready, feeds, drains; /* by store_tenant_stripe() */
	uint64_t tasks[STORE_TASK_STRIPES / 64];
	bool changes_tasks, changes_webhooks;
};
