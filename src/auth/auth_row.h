#pragma once
/*
 * Validation of rows of an export that are about to be written to the tables of users, tokens and
 * keys. A row passes if commands and logins could have made its record: known members, each of its
 * type and within the limits of its command, and an owner that exists. A row that replaces another
 * record must not take it from its owner.
 *
 * A row that would revive an ended credential passes, but must not be written (rows.keep): that of
 * a user, token or key that the store has as revoked, or of a login that was renewed since the
 * export. Records that the store has removed since cannot be told from new ones.
 */
#include <jansson.h>

#include "base/err.h"
#include "store/store.h"

/* The rows of one import. The caller sets store and is_dialect, and frees the rest at the end. */
struct auth_rows {
	struct store *store;
	bool (*is_dialect)(struct str name); /* NULL: every name is one */
	json_t *ids;   /* folded name of a user -> id; NULL: the users were not read yet */
	json_t *names; /* id -> name as it is stored */
	bool keep;     /* do not write the last row that passed: the store keeps its record */
	uint64_t kept; /* number of such rows */
};

/* Whether the table, "users" for example, is one of these. */
bool auth_rows_have(struct str table);
/*
 * Checks a row of such a table. The caller writes a row that passes, unless rows->keep is set,
 * before it checks the next one. ERR_INVALID, with the member and the rule in the text;
 * ERR_CONFLICT if the name, but for its case, or the id belongs to another user, or the token or
 * key to another owner.
 */
bool auth_rows_check(struct auth_rows *rows, struct str table, struct str key, struct str value,
	struct err *err);
void auth_rows_free(struct auth_rows *rows);
