#pragma once
/* Internal to src/admin: the commands on webhooks, by the native API (native_call.h). */
#include "admin/admin.h"
#include "base/buf.h"

admin_run_fn admin_webhook_add, admin_webhook_list, admin_webhook_show, admin_webhook_set,
	admin_webhook_remove, admin_webhook_enable, admin_webhook_disable, admin_webhook_rotate,
	admin_webhook_test, admin_webhook_log, admin_webhook_redeliver;
/* --stdin, and the options that it replaces. */
bool admin_check_webhook_add(const struct admin_call *call, struct err *err);
bool admin_check_webhook_set(const struct admin_call *call, struct err *err);
/* Either times or deliveries. */
bool admin_check_webhook_redeliver(const struct admin_call *call, struct err *err);

/*
 * Sends a request and appends the body of its response. path: behind the webhook of the operand;
 * NULL: the request is about no webhook.
 */
bool webhook_send(struct admin *admin, const struct admin_call *call, const char *method,
	const char *path, struct str body, struct buf *response, struct err *err);
