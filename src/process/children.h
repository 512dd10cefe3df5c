#pragma once
/*
 * The table of child processes. The entry of a child has the same index as its scoreboard slot.
 */
#include "process/spawn.h"

struct children {
	struct spawn spawn;
	struct scoreboard *scoreboard;
	struct process processes[SCOREBOARD_SLOTS];
	int generation; /* of new children */
};

/* Starts a child; client NULL: it is no operator. Logs a failure. */
bool children_start(struct children *children, const struct conf *conf, enum role role, int number,
	const struct child_client *client);
/* The number of children in this role; ROLE_NONE counts all. */
size_t children_count(const struct children *children, enum role role);
/* The number of ready children in this role and the current generation. */
int children_count_ready(const struct children *children, enum role role);
/* Whether the ready workers, of any generation, answer all requests. */
bool children_answer(const struct children *children);
/* Those that have the store open, or open it: all but the monitor. */
size_t children_count_in_store(const struct children *children);
void children_kill_in_store(const struct children *children);
void children_signal(const struct children *children, int signal);
/*
 * A stopped process gets SIGTERM only when it goes on. The others get no SIGCONT: a debugger or a
 * leak sanitizer stops a process for itself, and would wait for ever.
 */
void children_continue_stopped(const struct children *children);
/* Whether no worker of a generation before this one begins another request. */
bool children_retired_before(const struct children *children, int generation);
/* Whether a child of a generation before this one is still starting. */
bool children_starting_before(const struct children *children, int generation);
/*
 * Asks the keepers, notifiers, monitors and workers of generations from `first` up to the newest to
 * exit, once each.
 */
void children_retire(struct children *children, int first);
/*
 * Reaps one ended child without blocking, frees its entry and, if `log`, logs the exit and counts a
 * death. Returns false and leaves *child unchanged if none has ended.
 */
bool children_reap(struct children *children, struct child_exit *child, bool log);
