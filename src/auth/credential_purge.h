#pragma once
/*
 * Removes tokens and keys some time after their end: tokens of logins after
 * TOKEN_LOGIN_RETENTION_MS, others after CREDENTIAL_RETENTION_MS. Removes nothing for a day after
 * the clock was set forward (store_clock_is_steady): if it is wrong, they have not ended yet.
 */
#include "base/err.h"
#include "store/auth_table.h"

/* Where the removal is. All zero: at the start. */
struct credential_purge {
	size_t table;
	struct store_auth_place place;
	unsigned removed; /* from this table */
};

/* Goes through the next part of a table. *more: the last table was not finished. */
bool credential_purge_run(
	struct store *store, struct credential_purge *purge, bool *more, struct err *err);
