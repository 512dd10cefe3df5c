#pragma once
/* Internal to src/admin: the commands task show and task watch. */
#include "admin/admin.h"

bool admin_task_show(struct admin *admin, const struct admin_call *call, struct err *err);
/*
 * One look at the task, which polytaskctl repeats: prints the tenant, and in a second line the task
 * in the form of the native API, or "null" if the tenant of --tenant does not have it.
 */
bool admin_task_watch(struct admin *admin, const struct admin_call *call, struct err *err);
