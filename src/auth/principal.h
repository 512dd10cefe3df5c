#pragma once
/*
 * Users, their tokens and their keys, kept in the store's small tables as JSON. A user belongs to
 * one tenant and has rights; a token or a key acts for a user, with its rights or fewer.
 *
 * A token is shown once, when it is made, and kept as SHA-256. A key's secret must be recoverable,
 * because it signs: it lies in a table of its own (mode 0600).
 */
#include "auth/password.h"
#include "base/err.h"
#include "base/id.h"
#include "store/store.h"

#define AUTH_NAME_MAX	64
#define AUTH_TENANT_MAX 32
#define AUTH_SECRET_MAX 128
#define AUTH_TOKEN_MAX	64

struct user {
	char name[AUTH_NAME_MAX];
	char id[ID_TEXT_LEN + 1];
	char tenant[AUTH_TENANT_MAX];
	unsigned rights;
	int64_t created; /* ms */
	bool revoked;
	char password[PASSWORD_HASH_SIZE]; /* empty: none, and none is right */
};

struct token {
	char label[AUTH_NAME_MAX]; /* for humans; revoke goes by it */
	char user[AUTH_NAME_MAX];
	unsigned rights;
	int64_t created, expires; /* ms; expires 0: never */
};

struct key {
	char id[AUTH_NAME_MAX]; /* VirtShell's UserId */
	char user[AUTH_NAME_MAX];
	char secret[AUTH_SECRET_MAX];
	unsigned rights;
	int64_t created, expires;
};

/* What a credential was found to be. */
struct identity {
	char user[ID_TEXT_LEN + 1];
	char tenant[AUTH_TENANT_MAX];
	unsigned rights;
};

/* Names: 1 to 63 of letters, digits and `._@-`; tenants: 1 to 31 of lower-case letters, digits,
 * '-'. */
bool auth_is_name(struct str name);
bool auth_is_tenant(struct str tenant);

bool user_add(struct store *store, const char *name, const char *tenant, unsigned rights,
	int64_t now, struct user *made, struct err *err);
bool user_get(struct store *store, const char *name, struct user *user, struct err *err);
/* What password.h made of her password. */
bool user_set_password(struct store *store, const char *name, const char *hash, struct err *err);
/* The user and with it every token and key stop working. */
bool user_revoke(struct store *store, const char *name, struct err *err);

/* Makes a token of 256 random bits, "pt_" and base64url; text is the only copy. rights 0: the
 * user's. */
bool token_add(struct store *store, const char *user, const char *label, unsigned rights,
	int64_t expires, int64_t now, char text[AUTH_TOKEN_MAX], struct err *err);
/* Removes the tokens of that label that ended before then. */
bool token_purge(
	struct store *store, const char *label, int64_t before, unsigned *removed, struct err *err);
/* All tokens of that label; ERR_NOT_FOUND when there is none. */
bool token_revoke(struct store *store, const char *label, struct err *err);
/*
 * Who bears this token now; ERR_UNAUTHENTICATED when nobody does, with one of these in err->field
 * when somebody did once.
 */
#define PRINCIPAL_EXPIRED "expired"
#define PRINCIPAL_REVOKED "revoked"
bool token_check(
	struct store *store, struct str text, int64_t now, struct identity *who, struct err *err);

/* Makes a key. id NULL: the user's id, or a fresh one when that is taken. secret NULL: 32 random
 * bytes in hex. */
bool key_add(struct store *store, const char *user, const char *id, const char *secret,
	unsigned rights, int64_t expires, int64_t now, struct key *made, struct err *err);
bool key_get(struct store *store, const char *id, struct key *key, struct err *err);
bool key_revoke(struct store *store, const char *id, struct err *err);
/* Who a key that signed correctly acts for; ERR_UNAUTHENTICATED as above. */
bool key_identity(struct store *store, const struct key *key, int64_t now, struct identity *who,
	struct err *err);

bool user_each(struct store *store, bool (*take)(const struct user *user, void *data), void *data,
	struct err *err);
bool token_each(struct store *store, bool (*take)(const struct token *token, void *data),
	void *data, struct err *err);
bool key_each(struct store *store, bool (*take)(const struct key *key, void *data), void *data,
	struct err *err);
