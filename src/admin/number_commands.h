#pragma once
/* Internal to src/admin: the commands on the next number of a tenant's tasks. */
#include "admin/admin.h"

admin_run_fn admin_number_set, admin_number_list;
