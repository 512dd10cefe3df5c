#pragma once
/* Internal to src/admin: the commands on webhooks, by the native API (native_call.h). */
#include "admin/admin.h"

admin_run_fn admin_webhook_add, admin_webhook_list, admin_webhook_show, admin_webhook_set,
	admin_webhook_remove, admin_webhook_enable, admin_webhook_disable, admin_webhook_rotate,
	admin_webhook_test, admin_webhook_log, admin_webhook_redeliver;
/* `add` takes either a URL or --stdin. */
bool admin_check_webhook_add(const struct admin_call *call, struct err *err);
