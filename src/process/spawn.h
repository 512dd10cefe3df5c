#pragma once
/*
 * The supervisor's mechanism: the birth of a child. restart.h is the policy.
 */
#include "process/child.h"
#include "process/restart.h"

/* What each kind of child runs; the tests put their own here. */
struct child_mains {
	int (*main[ROLES])(const struct child_context *child);
};

struct spawn {
	struct scoreboard *scoreboard;
	const struct child_mains *roles;
	int listener, lock;	/* borrowed; -1 when there is none */
	int supervisor_pipe[2]; /* the supervisor alone holds the writing end, and never writes */
};

bool spawn_open(struct spawn *spawn, struct err *err);
void spawn_close(struct spawn *spawn);

/*
 * Forks the child that process describes (role, number, generation) and fills in the rest of it and
 * of the board slot with that index. client and head are an operator's, else -1 and STR_NULL.
 */
bool spawn_child(const struct spawn *spawn, const struct conf *conf, size_t slot,
	struct process *process, int client, struct str head, struct err *err);
/* "worker 1", "keeper": as in titles, logs and the status. */
void spawn_process_name(const struct process *process, char *name, size_t size);
