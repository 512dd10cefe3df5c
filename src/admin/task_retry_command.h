#pragma once
/* Internal to src/admin: task retry --all. */
#include "admin/admin.h"

/*
 * Lets failed tasks that match the options begin again, up to --max, by default 1000, and prints
 * how many. An error may leave a part of them retried; their number is printed then, too.
 */
bool task_retry_all(struct admin *admin, const struct admin_call *call, struct err *err);
