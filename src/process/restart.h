#pragma once
/*
 * The supervisor's policy: which children are missing, how to react to an exit, when to retry, and
 * when a child is stuck. Pure functions; spawn.h and children.h are the mechanism.
 */
#include <sys/types.h>

#include "process/scoreboard.h"

/* The supervisor's own record of a child. Times are monotonic. */
struct process {
	pid_t pid; /* 0: the entry is free */
	enum role role;
	int number, generation;
	uid_t client_uid;	   /* of an operator: the user of its client */
	bool exit_requested;	   /* its exit needs no replacement */
	uint64_t heartbeats;	   /* as last read */
	int64_t last_heartbeat_ms; /* when they last changed */
	int64_t stopped_since_ms;  /* 0: not stopped */
	int64_t sleeping_since_ms; /* asleep at every check since then; 0: not asleep */
};

/*
 * Returns the lowest unused worker number (1..seats) of this role and generation, or 0 if all seats
 * are taken.
 */
int restart_next_number(
	const struct process *processes, size_t count, enum role role, int generation, int seats);

enum restart_action {
	RESTART_NONE, /* expected exit */
	RESTART_NOW,
	RESTART_DELAYED, /* back off: the child died before it did any work */
	/* The store may be damaged: kill all children, run recovery, restart. Never if it is shared. */
	RESTART_RECOVER,
	RECOVERY_DONE,	 /* the store is consistent: start the other children */
	RECOVERY_FAILED, /* retry recovery after a delay */
};

struct child_exit {
	enum role role;
	int status;	  /* of waitpid(2) */
	bool in_store;	  /* store_activity was not STORE_IDLE */
	bool was_healthy; /* had answered a request; keeper and notifier: had been ready */
	bool exit_requested;
	bool shared; /* its store is one that the server keeps whole, whatever a process does */
	const struct child_report *report; /* borrowed from its slot until the next child starts */
};

enum restart_action restart_decide(const struct child_exit *child);

/* A delay that doubles with every failure and restarts at min_ms after max_ms without one. */
struct restart_backoff {
	int64_t min_ms, max_ms;
	int64_t delay_ms;
	int64_t retry_at_ms; /* monotonic; 0: at once */
};

/* Counts a failure at `now`. Failures before retry_at_ms count as the same one. */
void restart_backoff_extend(struct restart_backoff *backoff, int64_t now);
void restart_backoff_reset(struct restart_backoff *backoff);

/*
 * Whether to kill a child that gave no heartbeat for silent_ms while in this state
 * (process_info.h). may_wait: a sleeping child may wait for a sibling that is busy with a slow
 * disk, or for the server of a shared store; it then gets the time of a busy one.
 */
bool restart_child_is_stuck(
	enum role role, char state, int64_t silent_ms, uint64_t stuck_seconds, bool may_wait);
/* Stopped by a signal or a tracer. */
bool restart_state_is_stopped(char state);
/* Running, or waiting for the disk. */
bool restart_state_is_busy(char state);
