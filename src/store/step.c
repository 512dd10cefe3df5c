#include <errno.h>
#include <sched.h>
#include <time.h>

#include "base/log.h"
#include "store/internal.h"

#define DEADLOCKS_MAX 20
#define AGAINS_MAX    400

static const struct {
	int code;
	enum err_code err;
} expected[] = {
	{ DB_NOTFOUND, ERR_NOT_FOUND },
	{ DB_KEYEXIST, ERR_CONFLICT },
	{ DB_LOCK_DEADLOCK, ERR_BUSY },
	{ DB_LOCK_NOTGRANTED, ERR_BUSY },
	{ STEP_RETRY, ERR_BUSY },
	{ ENOSPC, ERR_DISK_FULL },
	{ EDQUOT, ERR_DISK_FULL },
	{ ENOMEM, ERR_NO_MEMORY },
};

void store_enter(struct store *store)
{
	if (store->depth++ == 0)
		atomic_store(store->place, STORE_IN_CALL);
}

void store_leave(struct store *store)
{
	if (--store->depth == 0)
		atomic_store(store->place, STORE_IDLE);
}

/* Every process of the environment shall notice, not only the one that met the error. */
static bool lose(struct store *store, int code, const char *what, struct err *err)
{
	if (!store->lost) {
		store->lost = true;
		log_error("store-lost", "%s: %s", what, db_strerror(code));
		if (code != DB_RUNRECOVERY)
			store->env->set_flags(store->env, DB_PANIC_ENVIRONMENT, 1);
	}
	return err_set(err, ERR_PANIC, NULL, NULL);
}

bool step_fail(struct store *store, int code, const char *what, struct err *err)
{
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		if (expected[i].code == code)
			return err_set(err, expected[i].err, NULL, NULL);
	}
	return lose(store, code, what, err);
}

bool store_may_write(const struct store *store, struct err *err)
{
	return !atomic_load(&store->shared->read_only) || err_set(err, ERR_DISK_FULL, NULL, NULL);
}

/* Up to 0.1 ms after the first deadlock, up to 6.4 ms after the seventh and later: xorshift64. */
static void back_off(struct store *store, int tries)
{
	struct timespec pause = { 0 };

	store->random ^= store->random << 13;
	store->random ^= store->random >> 7;
	store->random ^= store->random << 17;
	pause.tv_nsec = (long)(store->random % (100000U << (tries < 7 ? tries - 1 : 6)));
	nanosleep(&pause, NULL);
}

/*
 * The counters. A writer counts `started` before its commit and `done` after it; a flusher loads D
 * from `done` before it flushes, and raises `flushed` to D when that succeeded; a reader is safe
 * when it finds started <= flushed after it read.
 *
 * Why: a commit is in the log before anybody sees it. If D was taken after the reader's look, the
 * log that was flushed then holds what it saw. If D was taken before, D <= started then <= started
 * now <= D: no commit was between its two counts at that moment and none has begun since, so all
 * are in the flushed log.
 */
int store_commit(struct store *store, DB_TXN *txn)
{
	int rc;

	atomic_fetch_add(&store->shared->commits_started, 1);
	rc = txn->commit(txn, store->sync_commits ? DB_TXN_SYNC : DB_TXN_NOSYNC);
	atomic_fetch_add(&store->shared->commits_done, 1);
	return rc;
}

static void raise_flushed(struct store_shared *shared, uint64_t done)
{
	uint64_t flushed = atomic_load(&shared->commits_flushed);

	while (flushed < done &&
		!atomic_compare_exchange_weak(&shared->commits_flushed, &flushed, done))
		;
}

/* With sync_commits locks are held until the log is on disk: nothing is seen before. */
bool store_is_flushed(const struct store *store)
{
	return store->sync_commits || atomic_load(&store->shared->commits_started) <=
					      atomic_load(&store->shared->commits_flushed);
}

static bool flush(struct store *store, struct err *err)
{
	uint64_t done = atomic_load(&store->shared->commits_done);
	int rc;

	atomic_store(store->place, STORE_FLUSHING);
	rc = store->env->log_flush(store->env, NULL);
	atomic_store(store->place, STORE_IN_CALL);
	if (rc == ENOSPC || rc == EDQUOT)
		return err_set(err, ERR_UNKNOWN_OUTCOME, NULL, NULL);
	/* After a failed fsync the next one reports success, whatever was lost: never try again. */
	if (rc != 0)
		return lose(store, rc, "log flush", err);
	raise_flushed(store->shared, done);
	return true;
}

bool store_flush(struct store *store, struct err *err)
{
	bool ok;

	if (store_is_flushed(store))
		return true;
	store_enter(store);
	ok = flush(store, err);
	store_leave(store);
	return ok;
}

static int run_once(
	struct store *store, enum access access, store_step *step, void *data, struct err *err)
{
	DB_TXN *txn = NULL;
	int rc, undone;

	if (access == STEP_READ)
		return step(store, NULL, data, err);
	rc = store->env->txn_begin(store->env, NULL, &txn, 0);
	if (rc != 0)
		return rc;
	rc = step(store, txn, data, err);
	if (rc == 0 && access == STEP_WRITE)
		return store_commit(store, txn);
	undone = txn->abort(txn);
	return undone != 0 ? undone : rc;
}

bool step_run(
	struct store *store, enum access access, store_step *step, void *data, struct err *err)
{
	int deadlocks = 0, agains = 0;

	for (;;) {
		int rc = run_once(store, access, step, data, err);

		if (rc == 0)
			return true;
		if (rc == STEP_FAILED)
			return false;
		if (rc == DB_LOCK_DEADLOCK && ++deadlocks < DEADLOCKS_MAX)
			back_off(store, deadlocks);
		else if (rc == STEP_RETRY && ++agains < AGAINS_MAX)
			sched_yield();
		else
			return step_fail(store, rc, "store", err);
	}
}
