#pragma once
/*
 * The supervisor's policy: who is missing, what a death means, when to try again, who is stuck.
 * Pure: it calls nothing and changes only what it is given. spawn.h is the mechanism.
 */
#include <sys/types.h>

#include "process/board.h"

/* What the supervisor knows of one child from its own bookkeeping; its board slot has the same
 * index. */
struct process {
	pid_t pid; /* 0: free */
	enum role role;
	int number, generation;
	bool dismissed; /* was told to leave: not missed when it has gone */
	uint64_t turns; /* as last seen, and when they last moved */
	int64_t moved_ms;
	int64_t stopped_ms; /* since when it is stopped; 0: it is not */
	int64_t slept_ms;   /* since when it sleeps without running in between; 0: it does not */
};

/* The lowest number from 1 to seats that no such child of this generation has; 0 when all are
 * there. */
int pool_vacant(
	const struct process *processes, size_t count, enum role role, int generation, int seats);

enum pool_verdict {
	POOL_FORGET,	  /* nothing to do */
	POOL_REPLACE,	  /* at once */
	POOL_THROTTLE,	  /* after a delay: we see the symptom of a lasting problem */
	POOL_RECOVER,	  /* the store may be damaged: everybody goes, recover, start again */
	POOL_RECOVERED,	  /* the store is whole: start the others */
	POOL_UNRECOVERED, /* recover again, after a delay */
};

struct pool_death {
	enum role role;
	int status;  /* as waitpid gave it */
	bool inside; /* its place word was not STORE_OUTSIDE */
	bool proven; /* it had served a request, or, as a keeper, been ready */
	bool dismissed;
};

enum pool_verdict pool_judge(const struct pool_death *death);

/* A delay that doubles with every failure, and starts anew when things went well for `most`. */
struct pool_delay {
	int64_t least, most;
	int64_t delay, until; /* monotonic ms */
};

/* A failure at `now`; further ones before the delay is over count as the same. */
void pool_delay_extend(struct pool_delay *delay, int64_t now);
/* Things go well. */
void pool_delay_reset(struct pool_delay *delay);

/*
 * Whether a child that has shown no sign of life for still_ms in this process state (proc.h) is to
 * be killed. A sleeper may wait for a sibling that is busy with a slow disk: then it has as long as
 * one.
 */
bool pool_is_stuck(
	enum role role, char state, int64_t still_ms, uint64_t stuck_seconds, bool busy_sibling);
/* Whether it is stopped (a signal, a tracer); running or waiting for the disk. */
bool pool_is_stopped(char state);
bool pool_is_busy(char state);
