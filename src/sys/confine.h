#pragma once
/*
 * Confinement: privileges that a process of the service drops permanently, so that a process
 * compromised by a request can do little beyond its task. It cannot execute programs, access the
 * memory of other processes or change its user; a child process cannot create processes or sockets
 * either, but for the notifier, which can connect to hosts, and the processes of a shared store,
 * which can connect to its server. Forbidden system calls fail with EPERM.
 *
 * Core dumps and inspection by other processes of the same user are disabled as well, because
 * memory holds credentials and tasks.
 */
#include <stdbool.h>

/* Disables core dumps; only root can inspect the process (ptrace(2), /proc/PID/mem). */
void confine_memory(void);
/*
 * Call before the first fork; children inherit it. Drops all capabilities, except CAP_DAC_OVERRIDE
 * in a process that remains root: its home may be in a directory that only another user may enter.
 * On a kernel without seccomp(2) it logs a warning, and the service runs without the filter.
 */
void confine_supervisor(void);
/* What a child process does. */
enum confine_kind {
	CONFINE_CHILD,
	CONFINE_NOTIFIER, /* may connect to hosts, and have threads for the names of hosts */
};

/*
 * The sockets that a child may open and connect, a set: those that lead to the server of a shared
 * store (store_url.h). A filter cannot tell one address from another.
 */
enum confine_sockets {
	CONFINE_NO_SOCKETS = 0,
	CONFINE_LOCAL = 1, /* AF_UNIX */
	CONFINE_HOSTS = 2, /* AF_INET and AF_INET6, also for name servers */
};

/*
 * Call in a child before it reads its first byte from a client, and after looking up names of
 * users, which needs sockets on some systems. Also makes the child a better victim of the OOM
 * killer than the supervisor.
 */
void confine_child(enum confine_kind kind, unsigned sockets);
