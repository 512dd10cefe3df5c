#pragma once
/*
 * The real supervisor over children that only pretend: what they are to do, and what was seen of
 * them, stands in memory shared with the test.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/conf.h"
#include "process/board.h"

#define PRETEND_WORKERS 2

enum trick { NO_TRICK, TRICK_INSIDE, TRICK_PANIC, TRICK_HANG, TRICK_FAIL, TRICK_STUBBORN };

struct script {
	_Atomic int births[ROLES];
	_Atomic int recover_failures; /* so many recoveries fail first */
	_Atomic bool recover_slow;
	_Atomic int trick; /* of worker 1 */
	_Atomic int retired, orphaned;
	_Atomic bool joined_early; /* somebody started while a recovery ran */
	_Atomic int recovering;
};

extern struct script *script;
extern pid_t supervisor; /* 0: none runs */

/* Around every test; the latter leaves nothing behind, also after a failed assertion. */
int pretend_setup(void **state);
int pretend_teardown(void **state);

/* A fresh script and configuration; then the supervisor, forked. */
void pretend_prepare(void);
void pretend_launch(void);
const struct conf *pretend_conf(void);
/* SIGTERM, and the status that waitpid gave. */
int pretend_end(void);
/* SIGKILL for the supervisor alone. */
void pretend_kill(void);

/* Sends a request; the caller frees. NULL when nobody answers. */
char *pretend_ask(const char *request, int *status);

struct seen {
	char phase[32];
	int64_t generation, recoveries;
	pid_t keeper, workers[PRETEND_WORKERS + 1];
	size_t processes;
	bool ready; /* keeper and all workers, and nobody else */
};

/* Waits until all are ready, worker 1 is not `old`, and generation and recoveries are as many. */
struct seen pretend_await(pid_t old, int64_t generation, int64_t recoveries);
bool pretend_is_gone(pid_t pid);
