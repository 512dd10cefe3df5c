#pragma once
/*
 * The index is derived from the tasks and can be rebuilt (HACKING, "Rebuilding the index"). Private
 * to the store.
 *
 *     state.c    what the index holds, in the meta table
 *     health.c   whether it may be read, in shared memory
 *     compare.c  a task against its entries, an entry against its task
 *     reindex.c  builds the index in slices
 *     lost.c     tasks on damaged pages
 */
#include "store/internal.h"

/* ---- state.c ---- */

/*
 * Finds out what the index holds when the store is opened. Alone: begins to build one that is
 * missing, empty, incomplete or made by other tables. Attached: ERR_INTERNAL if it was made by
 * other tables.
 */
bool index_settle(struct store *store, struct err *err);
/* Counts all entries of the index. */
int index_count(struct store *store, uint64_t *entries);
/* In a step: the first key of a range, `to` excluded; *found false if there is none. */
int index_first_key(struct store *store, const struct index_key *from, const struct index_key *to,
	struct index_key *key, bool *found);
/* Durably: the next recovery replaces the index by an empty one. */
bool index_mark_for_replacement(struct store *store, struct err *err);
/* Alone: replaces it at once. */
bool index_begin_replacement(struct store *store, struct err *err);
/*
 * Durably: the entries of all tasks are there, and lists may be served. left_out: damaged pages of
 * tasks, whose entries are missing (store_health.index_left_out).
 */
bool index_set_complete(struct store *store, uint64_t left_out, struct err *err);

/* ---- health.c: the state in shared memory ---- */

void index_set_health(struct store *store, enum index_health state);
/*
 * Whether the index has all entries, so that it may be read; false with ERR_REBUILDING and
 * retry_after. While it has not, writers write all entries of each task that they change.
 */
bool index_may_read(const struct store *store, struct err *err);
bool index_is_to_be_replaced(const struct store *store);

/* ---- compare.c ---- */

struct index_comparison {
	uint64_t tasks, unreadable;
	uint64_t matched, missing; /* entries */
};
static inline void index_comparison_add(
	struct index_comparison *sum, const struct index_comparison *part)
{
	sum->tasks += part->tasks;
	sum->unreadable += part->unreadable;
	sum->matched += part->matched;
	sum->missing += part->missing;
}

/* Adds a task: its key and its record. */
int compare_record(struct store *store, const struct index_key *key, struct str record,
	struct index_comparison *comparison);
/* Adds the task of that key, if it exists. for_update: locked until the transaction ends. */
int compare_task(struct store *store, const struct index_key *key, bool for_update,
	struct index_comparison *comparison);
/*
 * The key of the task that an entry belongs to; false if the entry has none. *is_task: it is the
 * one entry of each task that is of the field INDEX_BY_CREATED.
 */
bool index_entry_task(struct str entry, struct index_key *key, bool *is_task);
/* Whether no task has the entry. */
int compare_entry(struct store *store, struct str entry, bool for_update, bool *stray);

/* ---- reindex.c ---- */

struct rebuild;
/*
 * Builds and verifies the index until `until_us` (monotonic) or until it is complete (*more false).
 * Other processes may read and write tasks meanwhile.
 */
bool rebuild_run(struct store *store, int64_t until_us, bool *more, struct err *err);
/* Ends the rebuild in this process. The entries that it has built remain. */
void rebuild_free(struct store *store);