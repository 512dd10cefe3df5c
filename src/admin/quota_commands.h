#pragma once
/* Internal to src/admin: the commands on quotas of tasks and bytes (store.h, "quotas"). */
#include "admin/admin.h"

admin_check_fn admin_check_quota_set;
admin_run_fn admin_quota_set, admin_quota_list, admin_quota_recount;
