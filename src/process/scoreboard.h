#pragma once
/*
 * What all processes of one service share: anonymous memory made before the first fork.
 * Each child writes its own slot, the supervisor reads them all; no locks, only atomics. The
 * supervisor trusts nothing here for its own bookkeeping (a child may have scribbled): pids come
 * from fork.
 */
#include <stdatomic.h>

#include "base/limit.h"
#include "serve/worker.h"

#define SCOREBOARD_SLOTS 160

enum role { ROLE_NONE, ROLE_RECOVER, ROLE_KEEPER, ROLE_WORKER, ROLE_OPERATOR, ROLES };
enum child_state { CHILD_STARTING, CHILD_READY, CHILD_RETIRING, CHILD_STATES };

struct scoreboard_slot {
	/* written by the supervisor before fork */
	_Atomic int role;   /* enum role; ROLE_NONE: the slot is free */
	_Atomic int number; /* "worker 1" */
	_Atomic int generation;
	_Atomic int64_t since; /* wall ms */
	/* written by the child */
	_Atomic int state;		 /* enum child_state */
	_Atomic int store_activity;	 /* enum store_activity; what a death here means */
	struct worker_counters counters; /* children besides workers count turns only */
};

struct scoreboard {
	struct store_shared store;
	_Atomic uint64_t recoveries;
	struct scoreboard_slot slots[SCOREBOARD_SLOTS];
	struct limit limit;
};

/* NULL when there is no memory, or no random bytes for the limiter. */
struct scoreboard *scoreboard_new(void);
void scoreboard_free(struct scoreboard *scoreboard);
const char *role_name(enum role role);
const char *child_state_name(enum child_state state);
