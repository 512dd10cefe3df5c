#pragma once
/*
 * Counters in shared memory that parked requests wait for. Whichever process commits a change, its
 * commit raises them; they only grow. A request reads the counter before it looks at the tasks: if
 * it finds nothing, it looks again when the counter is another one.
 */
#include "store/store.h"

/*
 * The index in store_shared.wake_counters of the counter that a commit raises, by one, if it makes
 * a task of the tenant ready to be claimed. Those of other tenants may raise it too.
 */
unsigned store_ready_source(struct str tenant);
/* The same for commits that create, change or remove the task; those of others may raise it too. */
unsigned store_task_source(struct str tenant, const struct id *id);
/*
 * The same for transactions that have added to the journal of the tenant and have ended, also those
 * that were undone: the feed may go on behind their numbers.
 */
unsigned store_feed_source(struct str tenant);
/* The value of that counter. */
uint64_t store_wake_count(const struct store *store, unsigned source);

/* A number that grows with each OP_DRAIN of the tenant; those of others may raise it, too. */
uint64_t store_drain_changes(const struct store *store, struct str tenant);
/* Whether the worker gets no tasks (OP_DRAIN). Cheap while that number does not change. */
bool store_is_drained(
	struct store *store, struct str tenant, struct str worker, bool *drained, struct err *err);
