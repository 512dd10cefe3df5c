#pragma once
/*
 * Keys for signed requests (table STORE_SIGNING_KEYS, key: the id). The secret is stored in clear
 * text, because signatures are computed from it; the table is a file of its own with mode 0600.
 * Each change is one transaction. An end of 0 means never.
 */
#include "auth/credential_terms.h"
#include "store/auth_table.h"

struct key {
	char id[AUTH_NAME_MAX]; /* VirtShell's UserId, Uplynk's _owner */
	struct credential_terms terms;
	char secret[AUTH_SECRET_MAX];
	/* Also accepted until previous_expires; empty: none. */
	char previous_secret[AUTH_SECRET_MAX];
	int64_t previous_expires;
};

/*
 * Adds a key on the `wanted` terms; wanted->created is the current time, rights of 0 mean the
 * user's. id NULL: the user's id, or a new one if that is taken. secret NULL: 32 random bytes in
 * hex. ERR_CONFLICT if the id belongs to a key that is not revoked, or the user is not live;
 * ERR_INVALID.
 */
bool key_add(struct store *store, const char *id, const char *secret,
	const struct credential_terms *wanted, struct key *made, struct err *err);
bool key_get(struct store *store, const char *id, struct key *key, struct err *err);
/* ERR_NOT_FOUND if the key is already revoked. */
bool key_revoke(struct store *store, const char *id, int64_t now, struct err *err);
/* Sets the end of the key, even if it has expired. ERR_NOT_FOUND if the key is revoked. */
bool key_expire(struct store *store, const char *id, int64_t expires, struct err *err);
/*
 * Gives the key a new secret (NULL: a random one) and restarts its lifetime with the same duration.
 * The old secret remains valid for overlap ms, or until the key's old end if that is earlier; any
 * secret before that stops working. ERR_CONFLICT if the key has expired, the user is not live, or
 * another call changed the key meanwhile; ERR_NOT_FOUND if it is revoked.
 */
bool key_rotate(struct store *store, const char *id, const char *secret, int64_t overlap,
	int64_t now, struct key *made, struct err *err);
/*
 * Removes keys that expired or were revoked before then, in the next part of the table, as
 * token_purge() does.
 */
bool key_purge(struct store *store, int64_t before, struct store_auth_place *place,
	unsigned *removed, struct err *err);

/* The identity of a key whose signature was correct; else ERR_UNAUTHENTICATED (principal.h). */
bool key_identity(struct store *store, const struct key *key, int64_t now, struct identity *who,
	struct err *err);
/* The validity that key_identity would find. */
bool key_validity(struct store *store, const struct key *key, int64_t now, enum validity *validity,
	struct err *err);
/* The callback may use the store. Skips unreadable records and logs them. */
bool key_each(struct store *store, bool (*take)(const struct key *key, void *data), void *data,
	struct err *err);

/* ---- for auth_row.c ---- */

extern const struct auth_record_kind key_kind;
