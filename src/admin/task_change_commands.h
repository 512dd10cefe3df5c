#pragma once
/* Internal to src/admin: the commands task create, cancel and retry. */
#include "admin/admin.h"

bool admin_task_create(struct admin *admin, const struct admin_call *call, struct err *err);
bool admin_task_cancel(struct admin *admin, const struct admin_call *call, struct err *err);
bool admin_task_retry(struct admin *admin, const struct admin_call *call, struct err *err);
