#pragma once
/* Tasks that the service has to change by itself because their time has come (task_due()). */
#include "store/store.h"

/*
 * Finds the next one: with leases one whose lease has ended, else one whose delay or timeout has.
 * Of all tenants, in the order of the times. place: empty at the start of a pass, then as the last
 * call left it; tenant borrows from it. *found false: the pass has ended, or the index is being
 * rebuilt.
 */
bool store_next_due(struct store *store, int64_t now, bool leases, struct buf *place,
	struct str *tenant, struct id *id, bool *found, struct err *err);

struct store_due {
	struct str tenant;
	struct id id;
};

/*
 * Applies the op, an UPDATE without Idempotency-Key, companion and dependents, to each of the tasks
 * in one transaction, whose tenants and ids replace those of the op. It ends after until_us
 * (monotonic), but not before the first task; *done: how many are changed, from the first. One that
 * does not exist counts as changed. If any other cannot be changed, none is. It also ends before a
 * task of another tenant than the first one's.
 */
bool store_change_due(struct store *store, const struct op *op, const struct store_due *tasks,
	size_t count, int64_t until_us, size_t *done, struct err *err);
