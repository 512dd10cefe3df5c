#pragma once
/*
 * Users, their tokens and their keys, kept in the store's small tables as JSON. A user belongs to
 * one tenant and has rights; a token or a key acts for a user, with its rights or fewer, everywhere
 * or in some dialects only.
 *
 * A token is shown once, when it is made, and kept as SHA-256. A key's secret must be recoverable,
 * because it signs: it lies in a table of its own (mode 0600).
 *
 * What ended is kept for a while, so that its bearer can be told why it does not work any more
 * (contract §4.8); then the keeper removes it. Changes are read, made and written in one
 * transaction: of two operators one comes after the other.
 */
#include "auth/password.h"
#include "base/err.h"
#include "base/id.h"
#include "store/store.h"

#define AUTH_NAME_MAX	  64
#define AUTH_TENANT_MAX	  32
#define AUTH_DIALECTS_MAX 64
#define AUTH_SECRET_MAX	  128
#define AUTH_TOKEN_MAX	  64

/* For so long the keeper leaves tokens and keys that ended or were revoked. */
#define AUTH_RETENTION_MS ((int64_t)30 * 24 * 3600 * 1000)

/* Times are wall ms. */

struct user {
	char name[AUTH_NAME_MAX];
	char id[ID_TEXT_LEN + 1];
	char tenant[AUTH_TENANT_MAX];
	unsigned rights;
	int64_t created, expires; /* expires 0: never */
	bool revoked;
	char password_hash[PASSWORD_HASH_SIZE]; /* empty: none, and none is right */
	int64_t password_changed;		/* when it was set or taken away; 0: not known */
	int64_t password_expires;		/* 0: never */
};

/* What a token and a key have in common: for whom, for what, until when. */
struct credential_terms {
	char user[AUTH_NAME_MAX];
	unsigned rights;
	char dialects[AUTH_DIALECTS_MAX]; /* names joined by commas; empty: all */
	int64_t created, expires;	  /* expires 0: never */
	int64_t revoked;		  /* 0: it is not */
};

struct token {
	char label[AUTH_NAME_MAX]; /* verbs go by it */
	struct credential_terms terms;
	int64_t replaced_at;		/* when another was made in its place; 0: it is the one */
	int64_t login_password_changed; /* password_since of the login that it was made for; -1: for none */
};

struct key {
	char id[AUTH_NAME_MAX]; /* VirtShell's UserId */
	struct credential_terms terms;
	char secret[AUTH_SECRET_MAX];
	char previous_secret[AUTH_SECRET_MAX]; /* signs as well until then; empty: none */
	int64_t previous_expires;
};

/* What a credential was found to be. */
struct identity {
	char user[ID_TEXT_LEN + 1];
	char tenant[AUTH_TENANT_MAX];
	unsigned rights;
	char dialects[AUTH_DIALECTS_MAX]; /* as in its terms */
};

/* Whether the credential may do anything in that dialect. */
bool identity_allows_dialect(const struct identity *who, struct str dialect);

/* Ordered: what holds of a user or a password holds of what was given for it. */
enum validity { VALIDITY_LIVE, VALIDITY_EXPIRED, VALIDITY_REVOKED };

/* Names: 1 to 63 of letters, digits and `._@-`; tenants: 1 to 31 of lower-case letters, digits,
 * '-'. */
bool auth_is_name(struct str name);
bool auth_is_tenant(struct str tenant);

/* ---- users ---- */

/* expires 0: never. */
bool user_add(struct store *store, const char *name, const char *tenant, unsigned rights,
	int64_t expires, int64_t now, struct user *made, struct err *err);
bool user_get(struct store *store, const char *name, struct user *user, struct err *err);
/* The user and with it every token and key stop working. */
bool user_revoke(struct store *store, const char *name, struct err *err);
/* The same from then on, and not before; 0: never. ERR_CONFLICT for one that is revoked. */
bool user_expire(struct store *store, const char *name, int64_t expires, struct err *err);
enum validity user_validity(const struct user *user, int64_t now);

/*
 * What password.h made of her password. Tokens that were given for the password before stop
 * working. ERR_CONFLICT when she is revoked.
 */
bool user_set_password(struct store *store, const char *name, const char *hash, int64_t expires,
	int64_t now, struct err *err);
/*
 * The same in place of another (ERR_NOT_FOUND where there is none); expires USER_SAME_LIFETIME: for as
 * long as that was set for.
 */
#define USER_SAME_LIFETIME ((int64_t)-1)
bool user_rotate_password(struct store *store, const char *name, const char *hash, int64_t expires,
	int64_t now, struct err *err);
/* Takes it away, with the tokens that were given for it. ERR_NOT_FOUND where there is none. */
bool user_revoke_password(struct store *store, const char *name, int64_t now, struct err *err);
/* Sets its end; 0: never. Tokens that were given for it live to their own. */
bool user_expire_password(struct store *store, const char *name, int64_t expires, struct err *err);
/* Whether she has one that opens something now. */
bool user_may_log_in(const struct user *user, int64_t now);

/* ---- tokens ---- */

/*
 * Makes a token of 256 random bits, "pt_" and base64url; text is the only copy. Of wanted count the
 * user, the rights (0: the user's), the dialects, created (now) and expires. ERR_CONFLICT while a
 * live token has the label: verbs go by it. Nobody holds the label meanwhile: two operators in the
 * same moment may share one, which only means that it is revoked as one.
 */
bool token_add(struct store *store, const char *label, const struct credential_terms *wanted,
	char text[AUTH_TOKEN_MAX], struct err *err);
/* The token of a login: it ends with the password that the user had when she was read. */
bool token_add_login(struct store *store, const struct user *user, int64_t expires, int64_t now,
	char text[AUTH_TOKEN_MAX], struct err *err);
/* Revokes all live tokens of that label; ERR_NOT_FOUND when there is none. */
bool token_revoke(struct store *store, const char *label, int64_t now, struct err *err);
/* Sets the end of the live token of that label; 0: never. One that was replaced keeps its own. */
bool token_expire(
	struct store *store, const char *label, int64_t expires, int64_t now, struct err *err);
/*
 * Makes another token in place of the live one of that label, on the same terms and for as long as
 * that was made for. The old one is revoked, or ends after overlap ms unless it would sooner.
 */
bool token_rotate(struct store *store, const char *label, int64_t overlap, int64_t now,
	char text[AUTH_TOKEN_MAX], struct err *err);
/* Removes the tokens of that label (NULL: of any) that ended or were revoked before then. */
bool token_purge(
	struct store *store, const char *label, int64_t before, unsigned *removed, struct err *err);
/*
 * Who bears this token now; ERR_UNAUTHENTICATED when nobody does, with one of these in err->field
 * when somebody did once. What is both is revoked.
 */
#define PRINCIPAL_EXPIRED "expired"
#define PRINCIPAL_REVOKED "revoked"
bool token_check(
	struct store *store, struct str text, int64_t now, struct identity *who, struct err *err);
/* What token_check would say of it. */
bool token_validity(struct store *store, const struct token *token, int64_t now,
	enum validity *validity, struct err *err);
/* Whether a text looks like one, and so must not be written anywhere. */
bool token_is_wellformed(struct str text);

/* ---- keys ---- */

/*
 * Makes a key. id NULL: the user's id, or a fresh one when that is taken; the id of a revoked key
 * is free. secret NULL: 32 random bytes in hex. wanted as in token_add.
 */
bool key_add(struct store *store, const char *id, const char *secret,
	const struct credential_terms *wanted, struct key *made, struct err *err);
bool key_get(struct store *store, const char *id, struct key *key, struct err *err);
/* ERR_NOT_FOUND when it is revoked already. */
bool key_revoke(struct store *store, const char *id, int64_t now, struct err *err);
/* 0: never. */
bool key_expire(struct store *store, const char *id, int64_t expires, struct err *err);
/*
 * Gives the key another secret (NULL: a random one), for as long as it was made for. The old one
 * signs for overlap ms more, but not past the key's end until now; one still older does not any
 * more.
 */
bool key_rotate(struct store *store, const char *id, const char *secret, int64_t overlap,
	int64_t now, struct key *made, struct err *err);
bool key_purge(struct store *store, int64_t before, unsigned *removed, struct err *err);
/* Who a key that signed correctly acts for; ERR_UNAUTHENTICATED as above. */
bool key_identity(struct store *store, const struct key *key, int64_t now, struct identity *who,
	struct err *err);
bool key_validity(struct store *store, const struct key *key, int64_t now, enum validity *validity,
	struct err *err);

/* ---- all of them ---- */

/* The callbacks may use the store. A record that cannot be read is left out, with a log line. */
bool user_each(struct store *store, bool (*take)(const struct user *user, void *data), void *data,
	struct err *err);
bool token_each(struct store *store, bool (*take)(const struct token *token, void *data),
	void *data, struct err *err);
bool key_each(struct store *store, bool (*take)(const struct key *key, void *data), void *data,
	struct err *err);
