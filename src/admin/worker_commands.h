#pragma once
/* Internal to src/admin: the commands on workers (task/workers.h). */
#include "admin/admin.h"

admin_run_fn admin_worker_list, admin_worker_drain, admin_worker_undrain;
