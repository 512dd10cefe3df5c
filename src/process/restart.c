#include "process/restart.h"

#include <sys/wait.h>

/* Limits without a heartbeat; conf.stuck_seconds is added to the first. */
#define SLEEPING_MS 3000
#define BUSY_MS	    30000
#define RECOVER_MS  60000 /* without processor time, for a recovery */

int restart_next_number(
	const struct process *processes, size_t count, enum role role, int generation, int seats)
{
	for (int number = 1; number <= seats; number++) {
		size_t i = 0;

		while (i < count && (processes[i].pid == 0 || processes[i].role != role ||
					    processes[i].generation != generation ||
					    processes[i].number != number))
			i++;
		if (i == count)
			return number;
	}
	return 0;
}

enum exit_kind {
	EXIT_CLEAN = 1,
	EXIT_FAILED = 2,
	EXIT_PANIC = 4,
	ANY_EXIT = EXIT_CLEAN | EXIT_FAILED | EXIT_PANIC
};
enum tristate { NO = 1, YES = 2, EITHER = NO | YES };

#define ROLE_BIT(role) (1U << (role))
#define WORKER_ROLES   (ROLE_BIT(ROLE_WORKER) | ROLE_BIT(ROLE_WRITER) | ROLE_BIT(ROLE_READER))
#define SERVICE_ROLES  (WORKER_ROLES | ROLE_BIT(ROLE_KEEPER) | ROLE_BIT(ROLE_NOTIFIER))
#define LASTING_ROLES  (SERVICE_ROLES | ROLE_BIT(ROLE_MONITOR))
#define STORE_ROLES    (SERVICE_ROLES | ROLE_BIT(ROLE_OPERATOR))

/* The first matching row decides. */
static const struct {
	unsigned roles, exits, in_store, exit_requested, was_healthy, shared;
	enum restart_action action;
} rules[] = {
	{ ROLE_BIT(ROLE_RECOVER), EXIT_CLEAN, EITHER, EITHER, EITHER, EITHER, RECOVERY_DONE },
	{ ROLE_BIT(ROLE_RECOVER), ANY_EXIT, EITHER, EITHER, EITHER, EITHER, RECOVERY_FAILED },
	{ STORE_ROLES, EXIT_PANIC, EITHER, EITHER, EITHER, NO, RESTART_RECOVER },
	{ STORE_ROLES, ANY_EXIT, YES, EITHER, EITHER, NO, RESTART_RECOVER },
	{ LASTING_ROLES, ANY_EXIT, EITHER, NO, YES, EITHER, RESTART_NOW },
	{ LASTING_ROLES, ANY_EXIT, EITHER, NO, NO, EITHER, RESTART_DELAYED },
};

static enum exit_kind exit_kind_of(int status)
{
	if (!WIFEXITED(status))
		return EXIT_FAILED;
	if (WEXITSTATUS(status) == STORE_EXIT_PANIC)
		return EXIT_PANIC;
	return WEXITSTATUS(status) == 0 ? EXIT_CLEAN : EXIT_FAILED;
}

static unsigned tristate(bool yes)
{
	return yes ? YES : NO;
}

enum restart_action restart_decide(const struct child_exit *child)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if ((rules[i].roles & ROLE_BIT(child->role)) &&
			(rules[i].exits & exit_kind_of(child->status)) &&
			(rules[i].in_store & tristate(child->in_store)) &&
			(rules[i].exit_requested & tristate(child->exit_requested)) &&
			(rules[i].was_healthy & tristate(child->was_healthy)) &&
			(rules[i].shared & tristate(child->shared)))
			return rules[i].action;
	}
	return RESTART_NONE;
}

void restart_backoff_extend(struct restart_backoff *backoff, int64_t now)
{
	if (now < backoff->retry_at_ms)
		return;
	if (backoff->delay_ms == 0 || now - backoff->retry_at_ms > backoff->max_ms)
		backoff->delay_ms = backoff->min_ms;
	else if (backoff->delay_ms < backoff->max_ms / 2)
		backoff->delay_ms *= 2;
	else
		backoff->delay_ms = backoff->max_ms;
	backoff->retry_at_ms = now + backoff->delay_ms;
}

void restart_backoff_reset(struct restart_backoff *backoff)
{
	backoff->delay_ms = 0;
	backoff->retry_at_ms = 0;
}

static const struct {
	char state;
	int64_t limit_ms;
	bool plus_stuck_seconds;
	bool stopped, busy;
} limits[] = {
	{ 'T', 0, .plus_stuck_seconds = true, .stopped = true },
	{ 't', 0, .plus_stuck_seconds = true, .stopped = true },
	{ 'S', SLEEPING_MS, .plus_stuck_seconds = true },
	{ 'D', BUSY_MS, .busy = true },
	{ 'R', BUSY_MS, .busy = true },
};

#define LIMITS (sizeof(limits) / sizeof(limits[0]))

static size_t find_limit(char state)
{
	size_t i = 0;

	while (i < LIMITS && limits[i].state != state)
		i++;
	return i;
}

bool restart_child_is_stuck(
	enum role role, char state, int64_t silent_ms, uint64_t stuck_seconds, bool may_wait)
{
	size_t i = find_limit(state);
	int64_t limit;

	if (i == LIMITS)
		return false;
	/* One call of the store may take minutes. A recovery that only sleeps waits for nothing. */
	if (role == ROLE_RECOVER && !limits[i].stopped)
		return state == 'S' && silent_ms >= RECOVER_MS;
	if (role == ROLE_OPERATOR && !limits[i].stopped)
		return false;
	/* A checkpoint or the archiving of many logs is one call; sleeping in it is not normal. */
	if (role == ROLE_KEEPER && limits[i].busy)
		return false;
	limit = limits[i].limit_ms +
		(limits[i].plus_stuck_seconds ? (int64_t)stuck_seconds * 1000 : 0);
	if (may_wait && !limits[i].stopped && limit < BUSY_MS)
		limit = BUSY_MS;
	return silent_ms >= limit;
}

bool restart_state_is_stopped(char state)
{
	size_t i = find_limit(state);

	return i < LIMITS && limits[i].stopped;
}

bool restart_state_is_busy(char state)
{
	size_t i = find_limit(state);

	return i < LIMITS && limits[i].busy;
}
