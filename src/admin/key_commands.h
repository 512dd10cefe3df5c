#pragma once
/*
 * Commands on keys for signed requests.
 */
#include "admin/admin.h"

admin_run_fn admin_key_add, admin_key_list, admin_key_revoke, admin_key_rotate, admin_key_expire;
