#pragma once
/*
 * `task watch`: prints a line at each change of a task until it has ended. Each look at the task
 * waits for a change in the service, for some seconds. Looks begin 0.2 s after each other at least,
 * and 2 s if they end early without a change, as those without a service do.
 *
 * Once a service has answered, only a service is asked, so that the locks of the instance do not
 * keep it from starting again: while it is down, the watch waits for it. If the service is down
 * from the beginning, the watch reads the store once and then waits in the same way.
 */
#include "admin/admin.h"
#include "admin/exit_status.h"

/*
 * Returns the exit status: 0 if the task succeeded, EXIT_FAILED if it failed or was cancelled,
 * EXIT_NOT_YET at the timeout, EXIT_NOT_FOUND if it was removed. SIGINT ends the process with
 * EXIT_INTERRUPTED.
 */
int ctl_task_watch(const struct conf *conf, const struct admin_call *call);
