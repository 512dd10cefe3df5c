#pragma once
/* Internal to src/admin: the task that the operand of a command names. */
#include "admin/native_call.h"
#include "auth/principal.h"

struct found_task {
	char tenant[AUTH_TENANT_MAX];
	char id[ID_TEXT_LEN + 1];
	enum task_state state;
	struct buf row; /* the task in the form of the native API */
};

/*
 * Finds a task: call->operand is an id or DIALECT:NUMBER. Without --tenant all tenants are
 * searched; exactly one may have it. ERR_INVALID, ERR_NOT_FOUND, or ERR_CONFLICT if several have
 * it. Zero-initialise; free with found_task_free.
 */
bool task_find(const struct native_client *client, const struct admin_call *call,
	struct found_task *found, struct err *err);
void found_task_free(struct found_task *found);

/* The tenant of --tenant, by default "default". ERR_INVALID if the store does not know it. */
bool task_tenant(const struct native_client *client, const struct admin_call *call,
	struct str *tenant, struct err *err);
