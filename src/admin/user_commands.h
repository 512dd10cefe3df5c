#pragma once
/*
 * Commands on users and their passwords.
 */
#include "admin/admin.h"

admin_run_fn admin_user_add, admin_user_list, admin_user_revoke, admin_user_expire;
admin_run_fn admin_password_set, admin_password_list, admin_password_revoke;
admin_run_fn admin_password_rotate, admin_password_expire;
