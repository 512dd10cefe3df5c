#pragma once
/* Internal to src/admin: the commands task create, cancel and retry. */
#include "admin/admin.h"

/* In each struct admin_command. */
admin_check_fn admin_check_task_create, admin_check_task_retry;
bool admin_task_create(struct admin *admin, const struct admin_call *call, struct err *err);
bool admin_task_cancel(struct admin *admin, const struct admin_call *call, struct err *err);
bool admin_task_retry(struct admin *admin, const struct admin_call *call, struct err *err);
