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
 * Adds the tenants that have a user, a quota or a webhook, or had a task, to a zeroed list. The
 * caller frees the list, also after an error.
 */
bool tenant_list_read(struct tenant_list *list, struct store *store, struct err *err);
/* True for every tenant if the list is zeroed or the store has no users: it is being filled. */
bool tenant_list_has(const struct tenant_list *list, struct str tenant);
/* The same for an import: ERR_UNPROCESSABLE if it is false. */
bool tenant_list_check(const struct tenant_list *list, struct str tenant, struct err *err);
/*
 * Prints a note to standard error, without failing the command, if tenant_list_has() is false: the
 * name may be misspelt. Read the list before the command writes.
 */
void tenant_list_note(const struct tenant_list *list, struct str tenant, struct admin *admin);
void tenant_list_free(struct tenant_list *list);
/*
 * Whether the name is valid and the store has the tenant: a mistyped one must not look like one
 * that is empty. ERR_INVALID.
 */
bool tenant_is_known(struct store *store, struct str tenant, struct err *err);
