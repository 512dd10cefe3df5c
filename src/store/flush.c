#include "base/clock.h"
#include "store/journal/journal.h"
#include "store/lists.h"
#include "store/usage/usage.h"

/*
 * A writer counts `started` before its commit and `done` after it. A flusher loads `done` before it
 * flushes and raises `flushed` to that number when it has succeeded. A reader may show what it has
 * read when it finds started <= flushed afterwards. HACKING, "The flush counters", has the proof.
 */

/* ---- commits ---- */

static struct store_commits *commits_of(struct store_shared *shared, struct str tenant)
{
	return tenant.len > 0 ? &shared->tenant_commits[store_tenant_stripe(tenant)]
			      : &shared->other_commits;
}

static void count_started(struct store *store)
{
	struct store_shared *shared = store->counted;

	atomic_fetch_add(&shared->commits.started, 1);
	if (store->usage.count == 0 && !store->of_no_tenant)
		atomic_fetch_add(&shared->other_commits.started, 1);
	for (size_t i = 0; i < store->usage.count; i++)
		atomic_fetch_add(
			&commits_of(shared, usage_tenant(&store->usage.rows[i]))->started, 1);
}

static void count_done(struct store *store)
{
	struct store_shared *shared = store->counted;

	lists_raise(store);
	if (store->usage.count == 0 && !store->of_no_tenant)
		atomic_fetch_add(&shared->other_commits.done, 1);
	for (size_t i = 0; i < store->usage.count; i++)
		atomic_fetch_add(&commits_of(shared, usage_tenant(&store->usage.rows[i]))->done, 1);
	atomic_fetch_add(&shared->commits.done, 1);
}

/* A transaction that writes tasks has noted their tenants in store->usage. */
enum engine_status store_commit(struct store *store)
{
	enum engine_status status;

	if (store->uncounted)
		return store->engine->ops->commit(store->engine);
	count_started(store);
	status = store->engine->ops->commit(store->engine);
	if (status == ENGINE_OK)
		journal_note_commit(store);
	count_done(store);
	wake_raise(store);
	if (status == ENGINE_OK)
		metrics_raise(store);
	return status;
}

static bool is_flushed(const struct store_commits *commits)
{
	return atomic_load(&commits->started) <= atomic_load(&commits->flushed);
}

/* With sync_commits locks are held until the commit is durable: nothing is visible before. */
bool store_is_flushed(const struct store *store)
{
	return store->sync_commits || is_flushed(&store->counted->commits);
}

bool store_is_flushed_for(const struct store *store, struct str tenant)
{
	return store_is_flushed(store) || (is_flushed(&store->counted->other_commits) &&
						  is_flushed(commits_of(store->counted, tenant)));
}

bool store_has_unflushed(const struct store *store)
{
	return store->engine->round_open;
}

bool store_is_deferred(const struct store *store)
{
	return store->is_deferred;
}

/* Transactions that this process has not flushed yet count: it sees them. */
static int read_version(struct store *store, struct str tenant, struct commit_counts *counts)
{
	struct engine_scope scope;
	int rc = (int)store->engine->ops->read_scope(store->engine, tenant, &scope);

	*counts = (struct commit_counts){ scope.version, scope.version };
	return rc;
}

int store_read_commits(struct store *store, struct str tenant, struct commit_counts *counts)
{
	const struct store_commits *own, *other = &store->shared->other_commits;

	if (store->engine->ops->shared)
		return read_version(store, tenant, counts);
	own = commits_of(store->shared, tenant);
	counts->done = atomic_load(&own->done) + atomic_load(&other->done);
	counts->started = atomic_load(&own->started) + atomic_load(&other->started);
	return 0;
}

bool store_has_committed(struct store *store, struct str tenant, uint64_t started)
{
	struct commit_counts counts;

	return store_read_commits(store, tenant, &counts) != 0 || counts.started != started;
}

static void reset(struct store_commits *commits)
{
	atomic_store(&commits->started, 0);
	atomic_store(&commits->done, 0);
	atomic_store(&commits->flushed, 0);
}

void store_reset_commits(struct store_shared *shared)
{
	contacts_unlock(&shared->contacts);
	reset(&shared->commits);
	reset(&shared->other_commits);
	for (size_t i = 0; i < STORE_COMMIT_STRIPES; i++)
		reset(&shared->tenant_commits[i]);
	for (size_t i = 0; i < STORE_PROCESSES; i++)
		atomic_store(&shared->journal_open[i], 0);
	store_change_list_epoch(shared);
}

/* ---- flushes ---- */

/* The commits that a flush covers. */
struct covered {
	uint64_t all, other, tenant[STORE_COMMIT_STRIPES];
};

/* The number of all is read first: a commit in it is in its part as well. */
static void read_done(struct store_shared *shared, struct covered *done)
{
	done->all = atomic_load(&shared->commits.done);
	done->other = atomic_load(&shared->other_commits.done);
	for (size_t i = 0; i < STORE_COMMIT_STRIPES; i++)
		done->tenant[i] = atomic_load(&shared->tenant_commits[i].done);
}

static void raise_one(struct store_commits *commits, uint64_t done)
{
	uint64_t flushed = atomic_load(&commits->flushed);

	while (flushed < done && !atomic_compare_exchange_weak(&commits->flushed, &flushed, done))
		;
}

static void raise_flushed(struct store_shared *shared, const struct covered *done)
{
	for (size_t i = 0; i < STORE_COMMIT_STRIPES; i++)
		raise_one(&shared->tenant_commits[i], done->tenant[i]);
	raise_one(&shared->other_commits, done->other);
	raise_one(&shared->commits, done->all);
}

/*
 * A round of a shared engine has ended: its commits are durable, or were not made, and are
 * forgotten in either case. If that is not known, others look for them once more than necessary.
 */
static void end_round(struct store *store, const struct covered *done, enum engine_status status)
{
	bool was_made = status == ENGINE_OK;

	raise_flushed(store->counted, done);
	if (was_made || status == ENGINE_UNKNOWN)
		wake_announce(store);
	else
		wake_forget(store);
	metrics_end_round(store, was_made);
}

/* A conflict with another host, or a server that cannot be reached: no disk has failed. */
static bool may_pass(enum engine_status status)
{
	return status == ENGINE_RETRY || status == ENGINE_AWAY || status == ENGINE_UNKNOWN;
}

static bool flush(struct store *store, struct err *err)
{
	enum engine_status status;
	struct store_metrics *metrics = &store->shared->metrics;
	struct covered done;
	uint64_t entries;
	int64_t began_us = clock_mono_us();

	read_done(store->counted, &done);
	entries = journal_committed(store);
	atomic_store(store->activity, STORE_FLUSHING);
	status = store->engine->ops->flush(store->engine);
	atomic_store(store->activity, STORE_IN_CALL);
	if (status == ENGINE_OK)
		atomic_fetch_add(&metrics->flushes, 1);
	else if (!may_pass(status))
		atomic_fetch_add(&metrics->failed_flushes, 1);
	if (store->engine->ops->shared)
		end_round(store, &done, status);
	if (status == ENGINE_FULL && !store->engine->ops->shared)
		return err_set(err, ERR_UNKNOWN_OUTCOME, NULL, NULL);
	if (status != ENGINE_OK)
		return store_fail(store, (int)status, err);
	journal_note_flush(store, entries);
	raise_flushed(store->counted, &done);
	histogram_add(&metrics->flush_times, histogram_fast, clock_mono_us() - began_us);
	return true;
}

bool store_flush(struct store *store, struct err *err)
{
	bool ok;

	if (store_is_flushed(store) && !store_has_unflushed(store))
		return true;
	store_enter(store);
	ok = flush(store, err);
	store_leave(store);
	return ok;
}
