#pragma once
/*
 * Commands on tasks and on the store as a whole.
 */
#include "admin/admin.h"

admin_run_fn admin_show, admin_verify, admin_checkpoint, admin_load_sample, admin_migrate,
	admin_reindex;
