#pragma once
/*
 * The real supervisor with fake children, which open no store and no socket. A script in shared
 * memory says how they behave and counts what they did.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "process/scoreboard.h"
#include "sys/conf.h"

#define FAKE_SERVICE_WORKERS 2

enum injected_fault {
	INJECT_NONE,
	INJECT_INSIDE_STORE,
	INJECT_PANIC,
	INJECT_CANNOT_JOIN,
	INJECT_HANG,
	INJECT_EXIT,
	INJECT_IGNORE_SIGTERM
};

struct child_script {
	_Atomic int start_counts[ROLES];
	_Atomic int recover_failures; /* recoveries that still fail */
	_Atomic int report_code; /* enum err_code of the report before a failure; ERR_NONE: none */
	_Atomic int recover_ms;	 /* duration of a recovery; 0: 20 */
	_Atomic int injected_fault; /* enum injected_fault; in worker 1, CANNOT_JOIN in all */
	_Atomic int retired, orphaned;
	_Atomic bool hold_retiring;	      /* workers do not retire */
	_Atomic bool hold_operators;	      /* operators work until it is false */
	_Atomic int ready_generation;	      /* later ones do not become ready; 0: all do */
	_Atomic bool started_during_recovery; /* another child ran during a recovery */
	_Atomic int recovering;
};

extern struct child_script *script;
extern pid_t supervisor; /* 0: not running */

/* Setup and teardown of each test. The latter kills a supervisor that a failed test left. */
int fake_service_setup(void **state);
int fake_service_teardown(void **state);

struct service_state {
	char phase[32];
	int64_t generation, recoveries;
	pid_t keeper, workers[FAKE_SERVICE_WORKERS + 1];
	size_t processes;
	bool ready; /* the keeper and all workers are ready; no other child runs */
};

/* Resets the script and the configuration. */
void fake_service_prepare(void);
/* Between fake_service_prepare(), which sets 1, and the start. */
void fake_service_set_stuck_seconds(uint64_t seconds);
/* The same: the store is shared. No child connects to its server. */
void fake_service_share_store(void);
/* Forks the supervisor. */
void fake_service_start(void);
/* Prepares, starts and waits until the first generation is ready. */
struct service_state fake_service_start_ready(void);
/* Prepares, starts and waits until a recovery has begun, which takes ms. */
void fake_service_start_recovering(int ms);
const struct conf *fake_service_conf(void);
/* Sends SIGTERM and returns the status of waitpid(2). */
int fake_service_stop(void);
/* Sends SIGKILL to the supervisor only. */
void fake_service_kill(void);

/* Sends a control request. The caller frees the response; NULL if the connection fails. */
char *fake_service_request(const char *request, int *status);

/*
 * Waits until the service is ready with this generation and number of recoveries, and the pid of
 * worker 1 is not old_pid. The test fails after 15 s.
 */
struct service_state fake_service_wait_ready(pid_t old_pid, int64_t generation, int64_t recoveries);
bool fake_service_is_gone(pid_t pid);
