#pragma once
/*
 * The real supervisor over children that only pretend: what they are to do, and what was seen of
 * them, stands in memory shared with the test.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/conf.h"
#include "process/scoreboard.h"

#define FAKE_SERVICE_WORKERS 2

enum injected_fault {
	INJECT_NONE,
	INJECT_INSIDE_STORE,
	INJECT_PANIC,
	INJECT_HANG,
	INJECT_EXIT,
	INJECT_IGNORE_SIGTERM
};

struct child_script {
	_Atomic int start_counts[ROLES];
	_Atomic int recover_failures; /* so many recoveries fail first */
	_Atomic bool recover_slow;
	_Atomic int injected_fault; /* of worker 1 */
	_Atomic int retired, orphaned;
	_Atomic bool started_during_recovery; /* somebody started while a recovery ran */
	_Atomic int recovering;
};

extern struct child_script *script;
extern pid_t supervisor; /* 0: none runs */

/* Around every test; the latter leaves nothing behind, also after a failed assertion. */
int fake_service_setup(void **state);
int fake_service_teardown(void **state);

/* A fresh script and configuration; then the supervisor, forked. */
void fake_service_prepare(void);
void fake_service_start(void);
const struct conf *fake_service_conf(void);
/* SIGTERM, and the status that waitpid gave. */
int fake_service_stop(void);
/* SIGKILL for the supervisor alone. */
void fake_service_kill(void);

/* Sends a request; the caller frees. NULL when nobody answers. */
char *fake_service_request(const char *request, int *status);

struct service_state {
	char phase[32];
	int64_t generation, recoveries;
	pid_t keeper, workers[FAKE_SERVICE_WORKERS + 1];
	size_t processes;
	bool ready; /* keeper and all workers, and nobody else */
};

/* Waits until all are ready, worker 1 is not `old`, and generation and recoveries are as many. */
struct service_state fake_service_wait_ready(pid_t old, int64_t generation, int64_t recoveries);
bool fake_service_is_gone(pid_t pid);
