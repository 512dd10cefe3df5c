#pragma once
/*
 * Runs an administrative call in the running service, or, while the service is down, in this
 * process with the instance lock held.
 */
#include "admin/admin.h"

/* Returns the exit status. Errors are printed on standard error. */
int ctl_admin_run(const struct conf *conf, const struct admin_call *call);
