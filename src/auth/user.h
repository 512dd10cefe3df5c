#pragma once
/*
 * Users and their passwords (table STORE_USERS, key: the name). Each change is one transaction, so
 * concurrent changes are serialised. An end (`expires`) of 0 means never.
 *
 * Functions take a name in any case (user_name.h). A name of an older build can have capitals: it
 * is found as it was written, before any other, and no name that differs in case only can be added
 * beside it. Two such users that an older build has made stay apart.
 */
#include "auth/password.h"
#include "auth/principal.h"
#include "auth/user_name.h"
#include "auth/validity.h"
#include "base/err.h"
#include "store/auth_table.h"
#include "store/store.h"

#define USER_NETWORKS_MAX   8
#define USER_NETWORK_DIGITS 16 /* hex */
#define USER_NETWORKS_SIZE  (USER_NETWORKS_MAX * (USER_NETWORK_DIGITS + 1))

struct user {
	char name[USER_NAME_MAX];
	char id[ID_TEXT_LEN + 1];
	char tenant[AUTH_TENANT_MAX];
	unsigned rights;
	int64_t created, expires;
	bool revoked;
	char password_hash[PASSWORD_HASH_SIZE]; /* empty: login disabled */
	int64_t password_changed;		/* set or removed; 0: unknown */
	int64_t password_expires;
	/* Digests of the networks of logins, that of the latest first, joined by commas. */
	char networks[USER_NETWORKS_SIZE];
};

/* Adds a user with a new id. ERR_CONFLICT if the name exists, revoked or not; ERR_INVALID. */
bool user_add(struct store *store, const char *name, const char *tenant, unsigned rights,
	int64_t expires, int64_t now, struct user *made, struct err *err);
bool user_get(struct store *store, const char *name, struct user *user, struct err *err);
/* The user whose name is stored in exactly this form; ERR_NOT_FOUND. */
bool user_get_stored(struct store *store, const char *name, struct user *user, struct err *err);
/* Disables the user, the password and all tokens and keys, permanently. */
bool user_revoke(struct store *store, const char *name, struct err *err);
/* Disables the same from `expires` on. ERR_CONFLICT if the user is revoked. */
bool user_expire(struct store *store, const char *name, int64_t expires, struct err *err);
enum validity user_validity(const struct user *user, int64_t now);
/* The callback may use the store. Skips unreadable records and logs them. */
bool user_each(struct store *store, bool (*take)(const struct user *user, void *data), void *data,
	struct err *err);

/* ---- passwords ---- */

/*
 * Stores a hash from password_hash(). Tokens issued for the previous password stop working.
 * ERR_CONFLICT if the user is revoked.
 */
bool user_set_password(struct store *store, const char *name, const char *hash, int64_t expires,
	int64_t now, struct err *err);
/*
 * Like user_set_password, but ERR_NOT_FOUND if there is no password to replace. With expires
 * USER_SAME_LIFETIME the new password lasts as long as the old one was set for.
 */
#define USER_SAME_LIFETIME ((int64_t)-1)
bool user_rotate_password(struct store *store, const char *name, const char *hash, int64_t expires,
	int64_t now, struct err *err);
/* Removes the password and disables the tokens issued for it. ERR_NOT_FOUND if none exists. */
bool user_revoke_password(struct store *store, const char *name, int64_t now, struct err *err);
/* Tokens issued for the password keep their own end. ERR_NOT_FOUND if none exists. */
bool user_expire_password(struct store *store, const char *name, int64_t expires, struct err *err);
/* True if the user is live and has a password that has not expired. */
bool user_may_log_in(const struct user *user, int64_t now);

/* For a user with a password: VALIDITY_EXPIRED if only that has expired, else the user's. */
enum validity user_password_validity(const struct user *user, int64_t now);

/* ---- for user_network.c, auth_row.c and access*.c ---- */

extern const struct auth_record_kind user_kind;
