#pragma once
/*
 * The next number of a tenant's tasks, in dialects whose ids are integers. Part of the contract of
 * the store (store.h). An operator sets it, so that clients keep the ids of another system.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct store;

/*
 * Sets the number of the next task of a tenant and dialect, 1 to TASK_NUMBER_SET_MAX. Durable when
 * it returns. ERR_CONFLICT if that number, or a higher one, was assigned before.
 */
bool store_set_next_number(
	struct store *store, struct str tenant, uint8_t dialect, uint64_t next, struct err *err);

struct store_next_number {
	struct str tenant;
	uint8_t dialect;
	uint64_t next;
};
/*
 * Calls back for every tenant and dialect whose numbers have begun, in no order, until it returns
 * false. No lock is held meanwhile.
 */
bool store_each_next_number(struct store *store,
	bool (*take)(const struct store_next_number *number, void *data), void *data,
	struct err *err);
