#pragma once
/*
 * Memory shared by all processes of one service, mapped before the first fork. Each child writes
 * its own slot and the supervisor reads all of them, with atomics instead of locks.
 *
 * The supervisor's own decisions about processes never depend on this memory, which a faulty child
 * may have overwritten: it has its own record of each child (struct process in restart.h).
 */
#include <stdatomic.h>

#include "base/limit.h"
#include "base/log_limit.h"
#include "notify/attempt_metrics.h"
#include "process/census.h"
#include "process/recovery.h"
#include "serve/worker.h"
#include "sys/open_files.h"

#define SCOREBOARD_SLOTS 160

enum role {
	ROLE_NONE,
	ROLE_RECOVER,
	ROLE_KEEPER,
	ROLE_WORKER, /* answers all requests */
	ROLE_WRITER, /* answers requests that change tasks */
	ROLE_READER, /* answers all other requests */
	ROLE_NOTIFIER,
	ROLE_MONITOR,
	ROLE_OPERATOR,
	ROLES
};
enum child_state { CHILD_STARTING, CHILD_READY, CHILD_RETIRING, CHILD_STATES };

struct scoreboard_slot {
	/* Written by the supervisor before fork: */
	_Atomic int role;   /* enum role; ROLE_NONE: the slot is free */
	_Atomic int number; /* 2 of "worker 2" */
	_Atomic int pid;
	_Atomic int generation;
	_Atomic int64_t since;	/* start, wall clock, ms since the epoch */
	_Atomic bool displaced; /* an operator: SIGTERM follows, to make room for another */
	/* Written by the child: */
	_Atomic int state;	       /* enum child_state */
	_Atomic int store_activity;    /* enum store_activity: decides what its exit means */
	_Atomic int64_t waiting_since; /* an operator: for its client; monotonic ms; 0: no */
	struct child_report report;
	struct open_files files;
	struct worker_counters counters; /* children other than workers only use heartbeats */
};

/* Written by the supervisor, for the monitor and the keeper. */
struct supervisor_state {
	_Atomic int64_t turn_ms;    /* of its last turn, monotonic */
	_Atomic int64_t started_ms; /* wall clock */
	_Atomic int generation;
	_Atomic bool serving; /* workers answer requests (service_is_serving) */
	_Atomic bool recovering;
	_Atomic int workers;	 /* that the configuration wants, in all roles; 0: not known yet */
	struct open_files files; /* of the supervisor */
	_Atomic int64_t watched_until; /* a client shows the census; monotonic ms */
};

struct scoreboard {
	struct store_shared store;
	_Atomic uint64_t recoveries;
	struct scoreboard_slot slots[SCOREBOARD_SLOTS];
	struct supervisor_state supervisor;
	struct worker_counters ended;	/* totals of the workers that have ended */
	_Atomic uint64_t ended_version; /* odd while those of one are added and its slot is freed */
	_Atomic uint64_t starts[ROLES], deaths[ROLES];
	struct request_metrics requests;
	struct attempt_metrics attempts; /* of webhooks */
	struct census census;
	struct limit limit;
	struct log_limits log_limits;
};

/* Returns NULL without memory, or without random bytes for the limiter. */
struct scoreboard *scoreboard_new(void);
void scoreboard_free(struct scoreboard *scoreboard);
/* The child of a slot has ended: keeps its totals and frees the slot. The supervisor only. */
void scoreboard_end_child(struct scoreboard *scoreboard, struct scoreboard_slot *slot);
/* A number that changes with each request that is answered. */
uint64_t scoreboard_served(const struct scoreboard *scoreboard);
/*
 * Adds up the counters of all workers; totals include those of workers that have ended, so they
 * never fall. False if the supervisor is stopped while it frees a slot.
 */
bool scoreboard_sum_counters(const struct scoreboard *scoreboard, struct worker_counters *sums);
const char *role_name(enum role role);
/* "reader 1", "keeper": the name in process titles, the log, the status and the metrics. */
void role_process_name(enum role role, int number, char *name, size_t size);
const char *child_state_name(enum child_state state);
