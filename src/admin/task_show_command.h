#pragma once
/* Internal to src/admin: the command task show. */
#include "admin/admin.h"

bool admin_task_show(struct admin *admin, const struct admin_call *call, struct err *err);
