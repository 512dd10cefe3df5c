#pragma once
/*
 * `bulk do`: counts the tasks by a dry run, asks at the terminal, and creates the bulk with the
 * token of the dry run, so that it is refused if other tasks match by then. Then it waits for the
 * end: each look at the task of the bulk waits in the service for a change of it. The service goes
 * on with the bulk if this process ends.
 */
#include "admin/admin.h"
#include "admin/exit_status.h"

/*
 * Returns the exit status: 0 if the bulk succeeded, EXIT_FAILED if it was cancelled or the answer
 * is no, EXIT_USAGE without a terminal, --yes and --dry-run, EXIT_NOT_YET if no service carries it
 * out.
 */
int ctl_bulk(const struct conf *conf, const struct admin_call *call);
