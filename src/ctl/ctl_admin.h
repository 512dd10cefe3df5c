#pragma once
/*
 * Runs an administrative call in the running service, or, while the service is down, in this
 * process with the instance lock held.
 */
#include "admin/admin.h"
#include "sys/service_user.h"

/*
 * Takes the instance lock for this call, and finds the user that may use the store. ERR_BUSY while
 * another process holds it.
 */
bool ctl_admin_lock(const struct conf *conf, const struct admin_call *call,
	struct service_user *owner, int *lock, struct err *err);
/* With the lock: becomes that user permanently and runs the call on standard output. */
bool ctl_admin_run_alone(const struct conf *conf, const struct admin_call *call,
	const struct service_user *owner, FILE *in, int *status, struct err *err);

/* Returns the exit status. Errors are printed on standard error. */
int ctl_admin_run(const struct conf *conf, const struct admin_call *call);
