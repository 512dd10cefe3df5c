#pragma once
/*
 * Numbers the counters of store_shared that hosts tell each other: first those that requests wait
 * for (wake.h), then those of drained workers by tenant, last that of webhooks. Private to hosts/.
 */
#include "base/buf.h"
#include "store/hosts/hosts.h"

#define COUNTERS (STORE_WAKE_COUNTERS + STORE_COMMIT_STRIPES + 1)

/*
 * Appends the numbers of the counters that differ from `told`, and makes them equal. The value of a
 * row: the numbers, each as its distance from the one before (packed.h).
 */
void counters_tell(const struct store *store, uint64_t *told, struct buf *value);
/* Raises the counters of a row that another host has written; they count as told. */
void counters_hear(struct store *store, uint64_t *told, struct str value);
/* The same for all counters. */
void counters_hear_all(struct store *store, uint64_t *told);
