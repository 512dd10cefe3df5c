#pragma once
/*
 * All children of one supervisor: the table of processes, beside the board that they write.
 */
#include "process/spawn.h"

struct children {
	struct spawn spawn;
	struct scoreboard *scoreboard;
	struct process processes[SCOREBOARD_SLOTS];
	int generation; /* of those that are started now */
};

/* Starts one; a failure is logged. */
bool children_start(struct children *children, const struct conf *conf, enum role role, int number,
	int client, struct str head);
/* How many there are, of this role or (ROLE_NONE) of all. */
size_t children_count(const struct children *children, enum role role);
/* How many of this role and the present generation are ready. */
int children_count_ready(const struct children *children, enum role role);
void children_signal(const struct children *children, int signal);
/* Tells keepers and workers of earlier generations to leave, once. */
void children_retire_older(struct children *children);
/*
 * Waits for one that has ended, without blocking: fills in what is to be judged, logs it when
 * `log`, and frees its place. False when none has.
 */
bool children_reap(struct children *children, struct child_exit *death, bool log);
