#pragma once
/* The command repair. */
#include "admin/admin.h"

admin_run_fn admin_repair;
