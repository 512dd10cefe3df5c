#pragma once
/*
 * The supervisor's policy: who is missing, what a death means, when to try again, who is stuck.
 * Pure: it calls nothing and changes only what it is given. spawn.h is the mechanism.
 */
#include <sys/types.h>

#include "process/scoreboard.h"

/* What the supervisor knows of one child from its own bookkeeping; its board slot has the same
 * index. */
struct process {
	pid_t pid; /* 0: free */
	enum role role;
	int number, generation;
	bool exit_requested; /* was told to leave: not missed when it has gone */
	uint64_t heartbeats; /* as last seen, and when they last moved */
	int64_t last_heartbeat_ms;
	int64_t stopped_since_ms; /* since when it is stopped; 0: it is not */
	int64_t sleeping_since_ms; /* since when it sleeps without running in between; 0: it does not */
};

/* The lowest number from 1 to seats that no such child of this generation has; 0 when all are
 * there. */
int restart_next_number(
	const struct process *processes, size_t count, enum role role, int generation, int seats);

enum restart_action {
	RESTART_NONE,	 /* nothing to do */
	RESTART_NOW,	 /* at once */
	RESTART_DELAYED, /* after a delay: we see the symptom of a lasting problem */
	RESTART_RECOVER, /* the store may be damaged: everybody goes, recover, start again */
	RECOVERY_DONE,	 /* the store is whole: start the others */
	RECOVERY_FAILED, /* recover again, after a delay */
};

struct child_exit {
	enum role role;
	int status;	  /* as waitpid gave it */
	bool in_store;	  /* its place word was not STORE_IDLE */
	bool was_healthy; /* it had served a request, or, as a keeper, been ready */
	bool exit_requested;
};

enum restart_action restart_decide(const struct child_exit *death);

/* A delay that doubles with every failure, and starts anew when things went well for `most`. */
struct restart_backoff {
	int64_t min_ms, max_ms;
	int64_t delay_ms, retry_at_ms; /* monotonic ms */
};

/* A failure at `now`; further ones before the delay is over count as the same. */
void restart_backoff_extend(struct restart_backoff *delay, int64_t now);
/* Things go well. */
void restart_backoff_reset(struct restart_backoff *delay);

/*
 * Whether a child that has shown no sign of life for still_ms in this process state (proc.h) is to
 * be killed. A sleeper may wait for a sibling that is busy with a slow disk: then it has as long as
 * one.
 */
bool restart_child_is_stuck(
	enum role role, char state, int64_t still_ms, uint64_t stuck_seconds, bool busy_sibling);
/* Whether it is stopped (a signal, a tracer); running or waiting for the disk. */
bool restart_state_is_stopped(char state);
bool restart_state_is_busy(char state);
