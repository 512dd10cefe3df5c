#include "process/pool.h"

#include <sys/wait.h>

#define SLEEPING_MS 3000
#define BUSY_MS	    30000

int pool_vacant(
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

enum manner { CLEAN = 1, FAILED = 2, PANICKED = 4, ANYHOW = CLEAN | FAILED | PANICKED };
enum whether { NO = 1, YES = 2, EITHER = NO | YES };

#define IS(role) (1U << (role))
#define SERVERS	 (IS(ROLE_WORKER) | IS(ROLE_KEEPER))
#define JOINED	 (SERVERS | IS(ROLE_OPERATOR))

/* The first row that fits decides. */
static const struct {
	unsigned roles, manner, inside, dismissed, proven;
	enum pool_verdict verdict;
} rules[] = {
	{ IS(ROLE_RECOVER), CLEAN, EITHER, EITHER, EITHER, POOL_RECOVERED },
	{ IS(ROLE_RECOVER), ANYHOW, EITHER, EITHER, EITHER, POOL_UNRECOVERED },
	{ JOINED, PANICKED, EITHER, EITHER, EITHER, POOL_RECOVER },
	{ JOINED, ANYHOW, YES, EITHER, EITHER, POOL_RECOVER },
	{ SERVERS, ANYHOW, NO, NO, YES, POOL_REPLACE },
	{ SERVERS, ANYHOW, NO, NO, NO, POOL_THROTTLE },
};

static enum manner manner_of(int status)
{
	if (!WIFEXITED(status))
		return FAILED;
	if (WEXITSTATUS(status) == STORE_EXIT_PANIC)
		return PANICKED;
	return WEXITSTATUS(status) == 0 ? CLEAN : FAILED;
}

static unsigned whether(bool yes)
{
	return yes ? YES : NO;
}

enum pool_verdict pool_judge(const struct pool_death *death)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if ((rules[i].roles & IS(death->role)) &&
			(rules[i].manner & manner_of(death->status)) &&
			(rules[i].inside & whether(death->inside)) &&
			(rules[i].dismissed & whether(death->dismissed)) &&
			(rules[i].proven & whether(death->proven)))
			return rules[i].verdict;
	}
	return POOL_FORGET;
}

void pool_delay_extend(struct pool_delay *delay, int64_t now)
{
	if (now < delay->until)
		return;
	if (delay->delay == 0 || now - delay->until > delay->most)
		delay->delay = delay->least;
	else if (delay->delay < delay->most / 2)
		delay->delay *= 2;
	else
		delay->delay = delay->most;
	delay->until = now + delay->delay;
}

void pool_delay_reset(struct pool_delay *delay)
{
	delay->delay = 0;
	delay->until = 0;
}

static const struct {
	char state;
	int64_t least_ms;
	bool plus_stuck; /* stuck_seconds on top */
	bool stopped, busy;
} limits[] = {
	{ 'T', 0, .plus_stuck = true, .stopped = true },
	{ 't', 0, .plus_stuck = true, .stopped = true },
	{ 'S', SLEEPING_MS, .plus_stuck = true },
	{ 'D', BUSY_MS, .busy = true },
	{ 'R', BUSY_MS, .busy = true },
};

#define LIMITS (sizeof(limits) / sizeof(limits[0]))

static size_t limit_of(char state)
{
	size_t i = 0;

	while (i < LIMITS && limits[i].state != state)
		i++;
	return i;
}

bool pool_is_stuck(
	enum role role, char state, int64_t still_ms, uint64_t stuck_seconds, bool busy_sibling)
{
	size_t i = limit_of(state);
	int64_t limit;

	if (i == LIMITS)
		return false;
	/* These two may spend minutes in one call of the store. */
	if ((role == ROLE_OPERATOR || role == ROLE_RECOVER) && !limits[i].stopped)
		return false;
	/* A checkpoint, or the copy of many logs, is one call as well; only waiting is suspicious.
	 */
	if (role == ROLE_KEEPER && limits[i].busy)
		return false;
	limit = limits[i].least_ms + (limits[i].plus_stuck ? (int64_t)stuck_seconds * 1000 : 0);
	if (busy_sibling && !limits[i].stopped && limit < BUSY_MS)
		limit = BUSY_MS;
	return still_ms >= limit;
}

bool pool_is_stopped(char state)
{
	size_t i = limit_of(state);

	return i < LIMITS && limits[i].stopped;
}

bool pool_is_busy(char state)
{
	size_t i = limit_of(state);

	return i < LIMITS && limits[i].busy;
}
