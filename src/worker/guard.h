#pragma once
/*
 * Guard: a small process between the worker and one command. It starts the command and ends every
 * descendant of it, with SIGTERM and after a grace with SIGKILL,
 *
 *	- when the command has ended,
 *	- when the worker asks for it,
 *	- when the lease ends, also if the worker is stopped or blocked,
 *	- when the worker dies, in whatever way: then with a grace of 200 ms.
 *
 * It is the subreaper of its descendants, so a daemon that a command leaves is its child. If the
 * guard itself is killed, the kernel kills the command (PR_SET_PDEATHSIG), and the other
 * descendants become children of the worker, which ends them (orphans.h). The worker kills a guard
 * that does not end in time, because it may be stopped.
 */
#include <sys/types.h>

#include "base/err.h"

struct guard_command {
	const char *program; /* a path */
	char *const *argv;
	char *const *environment;
	int streams[4]; /* for its descriptors 0 to 3 */
	unsigned grace_seconds;
	int64_t end_at, kill_at; /* of the lease, as in struct guard_order */
};

enum guard_event {
	GUARD_NOT_STARTED, /* value: errno */
	GUARD_ENDED,	   /* value: the status as of waitpid() */
	GUARD_LEASE_OVER,  /* it ends the command because the lease ends */
	GUARD_LEFT,	   /* some descendants cannot be killed; it exits */
};

/* The guard writes these to `events` and closes it when it exits. */
struct guard_message {
	enum guard_event event;
	int value;
};

/* The worker writes these to `control`. Times are milliseconds of clock_boot_ms(). */
struct guard_order {
	bool stop;	 /* begin now; otherwise the lease has this end */
	int64_t end_at;	 /* SIGTERM, without stop */
	int64_t kill_at; /* SIGKILL */
};

struct guard {
	pid_t pid;
	int control; /* does not block; closed: the worker is dead */
	int events;  /* does not block */
};

/*
 * The caller owns both descriptors, closes the streams, and reaps the guard. ERR_INTERNAL if there
 * are too many processes or descriptors.
 */
bool guard_start(struct guard *guard, const struct guard_command *command, struct err *err);
/* An order is lost if the guard has ended, or is stopped and has many to read. */
void guard_send(const struct guard *guard, const struct guard_order *order);
