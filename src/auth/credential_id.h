#pragma once
/*
 * Internal to src/auth: the ids by which the API names credentials. An id is the base64url text of
 * the table and the key of the record, encrypted with AES-SIV (RFC 5297) under a secret of the
 * store: always the same one, so it needs no table, and whoever has it learns nothing about the
 * key. For the key of a token is its hash, and a token that a user has brought along can be weak
 * enough to be guessed from that. Nobody can make an id, nor change one.
 */
#include "auth/token.h"
#include "store/auth_table.h"
#include "task/access.h"

#define CREDENTIAL_KEY_SIZE (TOKEN_HASH_LEN + 1) /* of any table, with the NUL */

struct credential_ids {
	uint8_t secret[STORE_SECRET_SIZE];
};

void credential_ids_init(struct credential_ids *ids, const struct store *store);
/* key: the hash of a token in hex, or the id of a signing key. ERR_NO_MEMORY. */
bool credential_id_make(const struct credential_ids *ids, enum store_table table, struct str key,
	char id[ACCESS_ID_SIZE], struct err *err);
/* *valid is false for a text that is no id of this store. ERR_NO_MEMORY. */
bool credential_id_parse(const struct credential_ids *ids, struct str id, enum store_table *table,
	char key[CREDENTIAL_KEY_SIZE], bool *valid, struct err *err);
