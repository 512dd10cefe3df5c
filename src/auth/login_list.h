#pragma once
/*
 * Internal to src/auth: the logins of a user that have not ended by their number (table
 * STORE_LOGINS, key: the user's id). A record is the keys of the refresh tokens, 32 bytes each, the
 * login that was made or renewed last first. It bounds the records of tokens that a user can have;
 * entries of logins that have ended meanwhile stay until others displace them.
 */
#include "auth/token.h"
#include "store/auth_table.h"

#define LOGINS_MAX 250

struct login_list_change {
	char added[TOKEN_HASH_LEN + 1]; /* key of the login to put first */
	/* Set by login_list_put(): key of the login that has no place any more, or only zeros. */
	char dropped[TOKEN_HASH_LEN + 1];
};

/* An update for store_auth_edit, whose data is a struct login_list_change. */
bool login_list_put(struct str old, struct buf *value, void *data, struct err *err);
