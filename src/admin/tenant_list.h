#pragma once
/* Internal to src/admin: the tenants of the store, for commands that take tasks of tenants. */
#include "store/store.h"

struct tenant_list {
	char **names; /* sorted; owned */
	size_t count;
	size_t capacity;
	bool restricts; /* false: every tenant is in the list */
};

/*
 * Reads the tenants that have a user, had a task or have a quota. A store without users takes every
 * tenant: it is being filled. A zeroed list takes every tenant too.
 */
bool tenant_list_read(struct tenant_list *list, struct store *store, struct err *err);
bool tenant_list_has(const struct tenant_list *list, struct str tenant);
void tenant_list_free(struct tenant_list *list);
