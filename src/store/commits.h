#pragma once
/*
 * Part of store/internal.h, which includes it: what the end of a transaction means for others, the
 * counters that it raises, and those of commits and flushes.
 */

/* ---- wake.c ---- */

/* If two tenants have the same stripe, one also waits for the flushes of the other. */
size_t store_tenant_stripe(struct str tenant);
/* A transaction begins. */
void wake_reset(struct store *store);
/* The transaction creates, changes or removes the task. */
void wake_note(struct store *store, const struct task *task);
/* It was committed: raises the counters of what it has changed. */
void wake_raise(struct store *store);
/* Raises the counter of the feeds of a stripe. */
void wake_raise_feed(struct store *store, unsigned stripe);
/* Those of the workers of the tenant that get no tasks, and of all. */
void wake_raise_drains(struct store *store, struct str tenant);
/* That of webhooks. */
void wake_raise_webhooks(struct store *store);
/*
 * With rounds of a shared engine these functions only note what to raise. After the flush: raises
 * it; after one that has failed: forgets it.
 */
void wake_announce(struct store *store);
void wake_forget(struct store *store);

/* ---- lists.c ---- */

/* The counter in store_shared.list_changes of lists of the tenant and dialect. */
unsigned lists_stripe(struct str tenant, uint8_t dialect);
/* The same as wake_reset and wake_note for the lists that show the task. */
void lists_reset(struct store *store);
void lists_note(struct store *store, const struct task *task);
/* Before the commit is counted as done. */
void lists_raise(struct store *store);

/* ---- flush.c ---- */

/*
 * Commits the transaction and counts it (struct store_shared), unless store->uncounted: nothing
 * that a client can see depends on the commit. With store->of_no_tenant no response waits until it
 * is durable (store_is_flushed_for), but store_flush() flushes it.
 */
enum engine_status store_commit(struct store *store);
/*
 * Commits of the tenant and those without a tenant. Rows that are read between two calls are of one
 * moment of the tenant if the first has started == done, and the second the same `started`. Record
 * numbers of the index (engine_range.hint) are not: commits of all tenants move them.
 */
struct commit_counts {
	uint64_t started, done;
};
/* Within a step: a shared engine asks its server. */
int store_read_commits(struct store *store, struct str tenant, struct commit_counts *counts);
/* Whether a commit has started since `started` was read; true also if that cannot be found out. */
bool store_has_committed(struct store *store, struct str tenant, uint64_t started);

/* Whether commits are invisible to other processes until the flush of a round. */
static inline bool store_has_rounds(const struct store *store)
{
	return store->engine->ops->shared && !store->sync_commits;
}
