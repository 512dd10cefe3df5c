#pragma once
/*
 * Internal to src/auth: list of the latest logins of a user (table STORE_LOGINS, key: the user's
 * id). A record is the keys of their refresh tokens, 32 bytes each; the login that was made or
 * renewed last is the first. The list bounds the records of tokens that a user can have. Entries of
 * logins that have ended stay until others displace them.
 */
#include "auth/token.h"
#include "store/auth_table.h"

#define LOGINS_MAX 250

struct login_list_change {
	char added[TOKEN_HASH_LEN + 1]; /* key of the login to put first */
	/* Set by login_list_put(): key of the login that left the list, or only zeros. */
	char dropped[TOKEN_HASH_LEN + 1];
};

/* An update for store_auth_edit, whose data is a struct login_list_change. */
bool login_list_put(struct str old, struct buf *value, void *data, struct err *err);
