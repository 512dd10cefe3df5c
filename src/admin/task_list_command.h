#pragma once
/* Internal to src/admin: the commands task list and task count. */
#include "admin/admin.h"

bool admin_task_list(struct admin *admin, const struct admin_call *call, struct err *err);
bool admin_task_count(struct admin *admin, const struct admin_call *call, struct err *err);
