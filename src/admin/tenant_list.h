#pragma once
/* Internal to src/admin: the tenants of the store, for commands that take tasks of tenants. */
#include "admin/admin.h"
#include "store/store.h"

struct tenant_list {
	char **names; /* sorted; owned */
	size_t count;
	size_t capacity;
	bool restricts; /* false: tenant_list_has() is true for every tenant */
};

/*
 * Adds the tenants that have a user, had a task or have a quota to a zeroed list. The caller frees
 * the list, also after an error.
 */
bool tenant_list_read(struct tenant_list *list, struct store *store, struct err *err);
/* True for every tenant if the list is zeroed or the store has no users: it is being filled. */
bool tenant_list_has(const struct tenant_list *list, struct str tenant);
/* The same for an import: ERR_UNPROCESSABLE if it is false. */
bool tenant_list_check(const struct tenant_list *list, struct str tenant, struct err *err);
/*
 * Prints a note, as an error that does not fail the command, if a zeroed list has been filled and
 * does not have the tenant: its name may be misspelt.
 */
void tenant_list_note(const struct tenant_list *list, struct str tenant, struct admin *admin);
void tenant_list_free(struct tenant_list *list);
