#pragma once
/* Internal to src/admin: the commands task show and task watch. */
#include "admin/admin.h"

bool admin_task_show(struct admin *admin, const struct admin_call *call, struct err *err);
/*
 * One look at the task, which polytaskctl repeats: prints the tenant, then the task in the form of
 * the native API, or "null" if the tenant of --tenant does not have it, then the counter of its
 * changes (store/wake.h). In the service, a look with --seen, which is the counter of the last one,
 * waits until it is another one: some seconds, but not longer than --timeout.
 */
bool admin_task_watch(struct admin *admin, const struct admin_call *call, struct err *err);
