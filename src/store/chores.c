#include "base/clock.h"
#include "base/log.h"
#include "store/index/state.h"
#include "store/journal/journal.h"
#include "store/tasks/idempotency.h"
#include "store/webhooks/webhooks.h"

#define IDEMPOTENCY_EXPIRY_MS 600000
#define QUOTA_WATCH_MS	      600000
/* A damaged index is noticed after this time at the latest. */
#define INDEX_MS 200
/* Lists are refused meanwhile: more than other chores get. */
#define INDEX_DUTY_PERCENT 60
#define SNAPSHOT_WATCH_MS  60000
#define JOURNAL_TRIM_MS	   60000
#define SCRUB_MS	   1000
#define OUTBOX_TRIM_MS	   10000

/* ---- the clock ---- */

/* Changes of the clock that are not by time passing, in ms. */
#define CLOCK_STEP_MS 60000
#define CLOCK_WAIT_MS (24 * 3600000LL)

bool store_clock_is_steady(struct store *store)
{
	struct store_clock *clock = &store->clock;
	int64_t wall = clock_wall_ms(), mono = clock_mono_ms();
	int64_t step = wall - clock->wall_ms - (mono - clock->mono_ms);

	if (clock->wall_ms != 0 && step > CLOCK_STEP_MS) {
		clock->wait_until_ms = mono + CLOCK_WAIT_MS;
		log_warn("clock",
			"the clock was set forward by %lld s: nothing is removed by its age for "
			"24 hours, or until the next reload",
			(long long)(step / 1000));
	}
	clock->wall_ms = wall;
	clock->mono_ms = mono;
	return mono >= clock->wait_until_ms;
}

/* ---- chores of the store, besides those of its engine ---- */

/* A task stays up to 1/64 of its time longer, at least 1 s and at most 1 h. */
#define RETENTION_CHECK_MS	  1000
#define RETENTION_PASSES	  64
#define RETENTION_INTERVAL_MAX_MS 3600000

static int64_t retention_interval(int64_t shortest_ms)
{
	int64_t interval = shortest_ms / RETENTION_PASSES;

	return interval < RETENTION_INTERVAL_MAX_MS ? interval : RETENTION_INTERVAL_MAX_MS;
}

/*
 * Not while the disk is nearly full: removals write to the log, and do not make the files smaller.
 * Not without the index either, in which the tasks are found.
 */
static bool remove_finished(struct store *store, bool low_space, bool *more, struct err *err)
{
	int64_t shortest = retention_shortest(&store->retention.rules);
	bool steady = store_clock_is_steady(store);

	if (shortest == 0 || !steady || low_space || !store_index_is_complete(store) ||
		clock_mono_ms() < store->clock.next_pass_ms)
		return true;
	if (!store_remove_finished(store, clock_wall_ms(), more, err))
		return false;
	if (!*more)
		store->clock.next_pass_ms = clock_mono_ms() + retention_interval(shortest);
	return true;
}

/*
 * Keys that were made while the clock was ahead would be kept until it gets there. They are removed
 * when they have been seen for as long as a key is kept at most.
 */
static bool expire_future_keys(struct store *store, int64_t now, bool *more, struct err *err)
{
	uint64_t period = idempotency_period(now);
	int64_t *since = &store->clock.future_keys_ms, mono = clock_mono_ms();

	if (atomic_load(&store->shared->newest_key_period) <= period + 1)
		*since = 0;
	else if (*since == 0)
		*since = mono;
	else if (mono - *since > 2 * IDEMPOTENCY_PERIOD_MS)
		return idempotency_expire_future(store, now, more, err);
	return true;
}

static bool expire_keys(struct store *store, bool low_space, bool *more, struct err *err)
{
	int64_t now = clock_wall_ms();
	uint64_t expired;

	(void)low_space;
	if (!store_clock_is_steady(store))
		return true;
	return store_expire_idempotency(store, now, &expired, more, err) &&
	       (*more || expire_future_keys(store, now, more, err));
}

/*
 * A new file cannot take the place of one that other processes have open. So the recovery replaces
 * the index (index_settle), and this process ends as one that has lost the environment.
 */
static bool end_for_replacement(
	struct store *store, bool (*mark)(struct store *store, struct err *err), struct err *err)
{
	bool marked;

	store_enter(store);
	marked = mark(store, err);
	store_leave(store);
	return marked && err_set(err, ERR_PANIC, NULL,
				 "it is replaced by an empty one in the recovery that follows");
}

/* The same for the table usage. */
static bool check_usage(struct store *store, bool low_space, bool *more, struct err *err)
{
	(void)low_space, (void)more;
	return !atomic_load(&store->shared->remake_usage) ||
	       end_for_replacement(store, usage_mark_for_remake, err);
}

static bool check_journal(struct store *store, bool low_space, bool *more, struct err *err)
{
	(void)low_space, (void)more;
	return !atomic_load(&store->shared->empty_journal) ||
	       end_for_replacement(store, journal_mark_for_emptying, err);
}

static bool check_outbox(struct store *store, bool low_space, bool *more, struct err *err)
{
	(void)low_space, (void)more;
	return !atomic_load(&store->shared->empty_outbox) ||
	       end_for_replacement(store, outbox_mark_for_emptying, err);
}

static bool trim_outbox(struct store *store, bool low_space, bool *more, struct err *err)
{
	return outbox_trim(store, low_space, store_clock_is_steady(store), more, err);
}

static bool trim_journal(struct store *store, bool low_space, bool *more, struct err *err)
{
	return low_space || !store_clock_is_steady(store) || journal_trim(store, more, err);
}

static bool build_index(struct store *store, bool low_space, bool *more, struct err *err)
{
	if (index_is_to_be_replaced(store))
		return end_for_replacement(store, index_mark_for_replacement, err);
	if (store_index_is_complete(store) || low_space)
		return true;
	return rebuild_run(store, clock_mono_us() + STORE_SLICE_MS * 1000LL, more, err);
}

static const struct {
	struct store_chore chore;
	bool (*run)(struct store *store, bool low_space, bool *more, struct err *err);
} own_chores[] = {
	{ { .name = "index", .interval_ms = INDEX_MS, .duty_percent = INDEX_DUTY_PERCENT },
		build_index },
	{ { .name = "usage", .interval_ms = INDEX_MS }, check_usage },
	{ { .name = "journal damage", .interval_ms = INDEX_MS }, check_journal },
	{ { .name = "outbox damage", .interval_ms = INDEX_MS }, check_outbox },
	{ { .name = "outbox", .interval_ms = OUTBOX_TRIM_MS }, trim_outbox },
	{ { .name = "journal", .interval_ms = JOURNAL_TRIM_MS }, trim_journal },
	{ { .name = "idempotency keys", .interval_ms = IDEMPOTENCY_EXPIRY_MS }, expire_keys },
	{ { .name = "retention", .interval_ms = RETENTION_CHECK_MS }, remove_finished },
	{ { .name = "scrub", .interval_ms = SCRUB_MS }, scrub_some },
	{ { .name = "quotas", .interval_ms = QUOTA_WATCH_MS }, usage_watch },
	{ { .name = "exports", .interval_ms = SNAPSHOT_WATCH_MS }, snapshot_watch },
};

#define OWN_CHORES (sizeof(own_chores) / sizeof(own_chores[0]))

/* ---- all chores: first those of the engine ---- */

static size_t count_engine_chores(const struct store *store)
{
	const struct engine_chore *chores = store->engine->ops->chores;
	size_t count = 0;

	while (chores[count].name)
		count++;
	return count;
}

bool store_chore(const struct store *store, size_t number, struct store_chore *chore)
{
	const struct engine_chore *chores = store->engine->ops->chores;
	size_t count = count_engine_chores(store);

	if (number >= count + OWN_CHORES)
		return false;
	if (number < count)
		*chore = (struct store_chore){ chores[number].name, chores[number].interval_ms,
			chores[number].duty_percent };
	else
		*chore = own_chores[number - count].chore;
	return true;
}

bool store_run_chore(
	struct store *store, size_t number, bool low_space, bool *more, struct err *err)
{
	size_t count = count_engine_chores(store);
	enum engine_status status;

	*more = false;
	if (number >= count)
		return own_chores[number - count].run(store, low_space, more, err);
	store_enter(store);
	status = store->engine->ops->chores[number].run(store->engine, low_space, more);
	store_leave(store);
	return status == ENGINE_OK || store_fail(store, (int)status, err);
}
