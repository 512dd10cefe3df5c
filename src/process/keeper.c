#include <poll.h>
#include <signal.h>

#include "admin/checkpoint.h"
#include "auth/key.h"
#include "auth/token_change.h"
#include "base/clock.h"
#include "base/log.h"
#include "process/child.h"
#include "sys/reserve.h"

#define LOOP_MS		     200
#define SECOND_MS	     1000
#define TRIM_MS		     5000
#define IDEMPOTENCY_PURGE_MS 600000
#define CREDENTIAL_PURGE_MS  3600000
#define OPEN_TRIES	     20
/* A checkpoint writes records too: less new log than this is not worth another one. */
#define CHECKPOINT_MIN_KB 16

struct keeper {
	const struct child_context *child;
	struct store *store;
	bool scarce; /* less than plenty of room */
};

static volatile sig_atomic_t leave;

static void note_signal(int signal)
{
	(void)signal;
	leave = 1;
}

static bool checkpoint_by_size(struct keeper *keeper, struct err *err)
{
	const struct conf *conf = keeper->child->conf;

	return checkpoint_write(keeper->store, conf, conf->checkpoint_mb * 1024, false, err);
}

static bool checkpoint_by_time(struct keeper *keeper, struct err *err)
{
	return checkpoint_write(keeper->store, keeper->child->conf, CHECKPOINT_MIN_KB, false, err);
}

static bool trim_logs(struct keeper *keeper, struct err *err)
{
	unsigned removed = 0;

	if (!checkpoint_trim(keeper->store, keeper->child->conf, false, &removed, err))
		return false;
	if (removed > 0)
		log_info("trim", "%u finished logs were removed", removed);
	return true;
}

/* Logins leave tokens behind; other credentials that ended are remembered for longer. */
static bool purge_credentials(struct keeper *keeper, struct err *err)
{
	int64_t now = clock_wall_ms();
	unsigned logins, tokens, keys;

	if (!token_purge(keeper->store, TOKEN_LOGIN_LABEL, now - TOKEN_LOGIN_RETENTION_MS, &logins,
		    err) ||
		!token_purge(keeper->store, NULL, now - CREDENTIAL_RETENTION_MS, &tokens, err) ||
		!key_purge(keeper->store, now - CREDENTIAL_RETENTION_MS, &keys, err))
		return false;
	if (logins + tokens + keys > 0)
		log_info("purge",
			"%u tokens of logins, %u other tokens and %u keys that had ended were "
			"removed",
			logins, tokens, keys);
	return true;
}

static bool sweep_deadlocks(struct keeper *keeper, struct err *err)
{
	return store_detect_deadlocks(keeper->store, err);
}

/* Between low and plenty everything stays as it is, so that it does not flicker. */
static bool check_free_space(struct keeper *keeper, struct err *err)
{
	_Atomic bool *read_only = &keeper->child->scoreboard->store.read_only;
	enum reserve_level room;

	if (!reserve_check(&room, keeper->child->conf, err))
		return false;
	if (room == RESERVE_LOW && !atomic_exchange(read_only, true))
		log_warn("disk-low", "less than %llu MB are free: writes are refused",
			(unsigned long long)keeper->child->conf->reserve_mb);
	if (room == RESERVE_PLENTY && atomic_exchange(read_only, false))
		log_info("disk-ok", "there is room again: writes are accepted");
	if (room == RESERVE_PLENTY)
		reserve_create(keeper->child->conf);
	keeper->scarce = room != RESERVE_PLENTY;
	return true;
}

/* While room shrinks: what waits in the cache is written as long as it fits. */
static bool checkpoint_early(struct keeper *keeper, struct err *err)
{
	return !keeper->scarce ||
	       checkpoint_write(keeper->store, keeper->child->conf, CHECKPOINT_MIN_KB, false, err);
}

static bool purge_idempotency_keys(struct keeper *keeper, struct err *err)
{
	uint64_t forgotten;

	return store_expire_idempotency(keeper->store, clock_wall_ms(), &forgotten, err);
}

static struct periodic_job {
	const char *name;
	int64_t interval_ms; /* 0: checkpoint_seconds */
	bool (*run)(struct keeper *keeper, struct err *err);
	int64_t next_ms;
	bool failing; /* said once */
} jobs[] = {
	{ .name = "free space", .interval_ms = LOOP_MS, .run = check_free_space },
	{ .name = "early checkpoint", .interval_ms = SECOND_MS, .run = checkpoint_early },
	{ .name = "checkpoint by size", .interval_ms = SECOND_MS, .run = checkpoint_by_size },
	{ .name = "checkpoint", .interval_ms = 0, .run = checkpoint_by_time },
	{ .name = "log removal", .interval_ms = TRIM_MS, .run = trim_logs },
	{ .name = "old keys", .interval_ms = IDEMPOTENCY_PURGE_MS, .run = purge_idempotency_keys },
	{ .name = "credential removal",
		.interval_ms = CREDENTIAL_PURGE_MS,
		.run = purge_credentials },
	{ .name = "deadlock sweep", .interval_ms = SECOND_MS, .run = sweep_deadlocks },
};

#define JOB_COUNT (sizeof(jobs) / sizeof(jobs[0]))

/* False when the environment is lost. */
static bool run_job(struct keeper *keeper, struct periodic_job *periodic_job)
{
	struct err err = { 0 };
	bool done = periodic_job->run(keeper, &err);

	if (!done && !periodic_job->failing)
		log_warn("keeper", "%s: %s", periodic_job->name, err_text(&err));
	else if (done && periodic_job->failing)
		log_info("keeper", "%s: works again", periodic_job->name);
	periodic_job->failing = !done;
	return done || err.code != ERR_PANIC;
}

/* False when the environment is lost. */
static bool run_due_jobs(struct keeper *keeper)
{
	int64_t seconds = (int64_t)keeper->child->conf->checkpoint_seconds;

	for (size_t i = 0; i < JOB_COUNT; i++) {
		int64_t now = clock_mono_ms();
		int64_t every = jobs[i].interval_ms ? jobs[i].interval_ms : seconds * SECOND_MS;

		/* The first checkpoint is due after its time, all else at once. */
		if (jobs[i].next_ms == 0 && jobs[i].interval_ms == 0)
			jobs[i].next_ms = now + every;
		if (now < jobs[i].next_ms)
			continue;
		jobs[i].next_ms = now + every;
		atomic_fetch_add(&keeper->child->slot->counters.heartbeats, 1);
		if (!run_job(keeper, &jobs[i]))
			return false;
	}
	return true;
}

/* Waits a round; false when it is time to leave. */
static bool wait_interval(const struct child_context *child)
{
	struct pollfd supervisor_pipe = { .fd = child->supervisor_pipe, .events = POLLIN };
	struct timespec round = { .tv_nsec = (long)LOOP_MS * 1000000 };
	sigset_t mask;

	sigfillset(&mask);
	sigdelset(&mask, SIGTERM);
	atomic_fetch_add(&child->slot->counters.heartbeats, 1);
	return ppoll(&supervisor_pipe, 1, &round, &mask) <= 0 && !leave;
}

static bool open_store(struct keeper *keeper, struct err *err)
{
	struct store_options options;
	bool opened = false;

	child_store_options(keeper->child, STORE_ATTACH, &options);
	for (int i = 0; i < OPEN_TRIES && !opened; i++) {
		opened = store_open(&keeper->store, &options, err);
		if (!opened && (err->code == ERR_PANIC || !wait_interval(keeper->child)))
			break;
	}
	return opened;
}

int keeper_main(const struct child_context *child)
{
	struct sigaction action = { .sa_handler = note_signal };
	struct keeper keeper = { .child = child };
	struct err err = { 0 };
	bool alive;

	leave = 0;
	sigaction(SIGTERM, &action, NULL);
	if (!open_store(&keeper, &err)) {
		if (leave)
			return 0;
		log_error("keeper", "the store cannot be opened: %s", err_text(&err));
		return err.code == ERR_PANIC ? STORE_EXIT_PANIC : 1;
	}
	do {
		alive = run_due_jobs(&keeper);
		child->slot->state = CHILD_READY;
	} while (alive && wait_interval(child));
	/* A last checkpoint makes the next start quick; without it nothing is lost. */
	if (alive && !checkpoint_write(keeper.store, child->conf, 0, false, &err)) {
		log_warn("keeper", "last checkpoint: %s", err_text(&err));
		alive = err.code != ERR_PANIC;
	}
	if (!alive)
		return STORE_EXIT_PANIC;
	store_close(keeper.store);
	return 0;
}
