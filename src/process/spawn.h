#pragma once
/*
 * Starts child processes. restart.h decides when.
 */
#include "process/child.h"
#include "process/restart.h"
#include "sys/instance.h"

struct spawn {
	struct scoreboard *scoreboard;
	child_main *const *mains;    /* by role */
	struct fcgi_sockets sockets; /* borrowed */
	int monitor_socket;	     /* borrowed; -1: none */
	/* Connections of retired workers, by socket; they outlive a recovery. */
	struct handover queues[FCGI_SOCKETS];
	struct instance_locks locks; /* of this process; a child inherits them */
	int supervisor_pipe[2];	     /* only the supervisor has the write end; it never writes */
};

bool spawn_open(struct spawn *spawn, struct err *err);
void spawn_close(struct spawn *spawn);

/*
 * Forks the child described by process (role, number, generation); fills in the rest of it and the
 * scoreboard slot. Fails with ERR_BUSY; the slot is then free.
 */
bool spawn_child(const struct spawn *spawn, const struct conf *conf, size_t slot,
	struct process *process, const struct child_client *client, struct err *err);
/* "reader 1", "keeper": the name in process titles, the log and the status. */
void spawn_process_name(const struct process *process, char *name, size_t size);
