#pragma once
/*
 * All children of one supervisor: the table of processes, beside the board that they write.
 */
#include "process/spawn.h"

struct fleet {
	struct spawn spawn;
	struct board *board;
	struct process processes[BOARD_SLOTS];
	int generation; /* of those that are started now */
};

/* Starts one; a failure is logged. */
bool fleet_start(struct fleet *fleet, const struct conf *conf, enum role role, int number,
	int client, struct str head);
/* How many there are, of this role or (ROLE_NONE) of all. */
size_t fleet_count(const struct fleet *fleet, enum role role);
/* How many of this role and the present generation are ready. */
int fleet_count_ready(const struct fleet *fleet, enum role role);
void fleet_signal(const struct fleet *fleet, int signal);
/* Tells keepers and workers of earlier generations to leave, once. */
void fleet_retire_older(struct fleet *fleet);
/*
 * Waits for one that has ended, without blocking: fills in what is to be judged, logs it when
 * `log`, and frees its place. False when none has.
 */
bool fleet_reap(struct fleet *fleet, struct pool_death *death, bool log);
