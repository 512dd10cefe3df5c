#pragma once
/*
 * Commands on tokens.
 */
#include "admin/admin.h"

admin_run_fn admin_token_add, admin_token_list, admin_token_revoke, admin_token_rotate;
admin_run_fn admin_token_expire;
