#pragma once
/*
 * Internal to src/auth: the ids of credentials in the API. An id is the table and the key of the
 * record, encrypted with AES-SIV (RFC 5297) under a secret of the store, in base64url. The
 * encryption is deterministic, so a credential always has the same id, and no table of ids is
 * needed. It hides the key, because the key of a token is its hash, and a weak token that a user
 * has chosen could be guessed from the hash. Ids are authenticated: they cannot be forged or
 * modified.
 */
#include "auth/token.h"
#include "store/auth_table.h"
#include "task/access.h"

#define CREDENTIAL_KEY_SIZE (TOKEN_HASH_LEN + 1) /* of any table, with the NUL */

struct credential_ids {
	uint8_t secret[STORE_SECRET_SIZE];
};

/* Derives the secret; wipe `ids` after use. */
void credential_ids_init(struct credential_ids *ids, const struct store *store);
/*
 * key: the hash of a token in hex, or the id of a signing key. ERR_NO_MEMORY; ERR_INTERNAL for a
 * hash that is not hex.
 */
bool credential_id_make(const struct credential_ids *ids, enum store_table table, struct str key,
	char id[ACCESS_ID_SIZE], struct err *err);
/*
 * Reverses credential_id_make(). *valid is false, and nothing else is set, if the text is not an id
 * of this store. ERR_NO_MEMORY.
 */
bool credential_id_parse(const struct credential_ids *ids, struct str id, enum store_table *table,
	char key[CREDENTIAL_KEY_SIZE], bool *valid, struct err *err);
