#pragma once
/*
 * Runs an administrative call in the running service, or, while the service is down, in this
 * process with the locks of the instance held. A shared store needs no locks: other hosts use it
 * meanwhile, and the service of this one may start.
 */
#include "admin/admin.h"
#include "sys/instance.h"

/*
 * Takes the locks of the instance for this call, and finds the user that may use the store. A
 * shared store has no locks.
 * ERR_BUSY while another process has that of the home.
 */
bool ctl_admin_lock(const struct conf *conf, const struct admin_call *call,
	struct service_user *owner, struct instance_locks *locks, struct err *err);
/* The streams of a call; in NULL: it reads nothing. */
struct ctl_streams {
	FILE *in, *out, *errors;
};
/* With the locks: becomes that user permanently and runs the call. */
bool ctl_admin_run_alone(const struct conf *conf, const struct admin_call *call,
	const struct service_user *owner, const struct ctl_streams *streams, int *status,
	struct err *err);

/*
 * Runs the call on standard input and output. At a terminal, the columns of a list are aligned.
 * Returns the exit status. Errors are printed on standard error.
 */
int ctl_admin_run(const struct conf *conf, const struct admin_call *call);
