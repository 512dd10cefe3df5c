#pragma once
/*
 * Whether a list may have changed, from counters in shared memory that commits raise, without a
 * look at the tasks. A list has a tag: the epoch, and store_list_changes() before the list began.
 * While both are the same, a client that has the list with this tag has it as it is now.
 *
 * Why such a tag never hides a change. A counter is raised after the commit, whose effects are
 * visible then, and before the commit is counted as done.
 *
 *     list          number is read, then rows. A change that the rows do not show became visible
 *                   later, so its counter is raised later: it is not in the number
 *     comparison    if no commit of the tenant is under way, each change that was visible to
 *                   anybody by then has raised its counter. It is in the number that is read next,
 *                   which is another one: counters only grow, and so does their sum
 *
 * With a shared engine the number is the version of the tenant's scope (engine.h), which is read
 * before the list, and by the comparison.
 *
 * A list may show changes that are not in its number. Then the next comparison fails, and the list
 * is made once more than necessary. So it is if another tenant or dialect has the same counter.
 */
#include "store/store.h"

/*
 * A number that no other start of the service, and no recovery, has. So with a shared engine each
 * host has its own, and a list of one host is made again by another one.
 */
uint64_t store_list_epoch(const struct store *store);
/* Makes all tags invalid: tasks have been removed without a commit that says so. */
void store_change_list_epoch(struct store_shared *shared);
/*
 * The sum of the counters of the tenant's records of these dialects and resources. *comparable, or
 * NULL: it can be compared with that of a list, because no commit of the tenant, or of another one
 * with the same counters, is under way, and the server of a shared engine has told the number.
 */
uint64_t store_list_changes(struct store *store, struct str tenant, const uint8_t *dialects,
	size_t count, bool *comparable);
