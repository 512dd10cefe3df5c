#pragma once
/*
 * Bearer tokens (table STORE_TOKENS, key: hex SHA-256 of the token). A token is "pt_" and 256
 * random bits in base64url, or the token of another system that a user keeps; its text exists only
 * in the caller's buffer, the store has the hash. Refresh tokens: login_tokens.h.
 * Operators refer to a token by its label (token_change.h).
 */
#include "auth/credential_terms.h"
#include "store/auth_table.h"

/* Label of all tokens issued for a password, and how long they are kept after their end. */
#define TOKEN_LOGIN_LABEL	 "oauth"
#define TOKEN_LOGIN_RETENTION_MS ((int64_t)24 * 3600 * 1000)

#define TOKEN_NO_LOGIN (-1)

#define TOKEN_HASH_LEN 64 /* hex digits of the SHA-256 */

struct token {
	char label[AUTH_NAME_MAX];
	struct credential_terms terms;
	int64_t replaced_at;		/* when token_rotate made its successor; 0: current */
	int64_t login_password_changed; /* user.password_changed at login; else TOKEN_NO_LOGIN */
	bool is_refresh;		/* renews a login; refused as a bearer token */
	char pair[TOKEN_HASH_LEN + 1];	/* key of the login's other token; empty: none */
	/* Of a refresh token: hashes of the valid text and of the one before it; empty: none. */
	char current[TOKEN_HASH_LEN + 1], before[TOKEN_HASH_LEN + 1];
};

/* The identity of a live token; else ERR_UNAUTHENTICATED (principal.h). */
bool token_check(
	struct store *store, struct str text, int64_t now, struct identity *who, struct err *err);
/* Combines the validity of the token, of its user and of the password of its login. */
bool token_validity(struct store *store, const struct token *token, int64_t now,
	enum validity *validity, struct err *err);
/* The same for a caller that has read the user. */
enum validity token_validity_with_owner(
	const struct token *token, const struct user *owner, int64_t now);
/* True if the text has the form of a token that was made here, and so must not be logged. */
bool token_is_wellformed(struct str text);
/* The callback may use the store. Skips unreadable records and logs them. */
bool token_each(struct store *store, bool (*take)(const struct token *token, void *data),
	void *data, struct err *err);

/* ---- for token_change.c, login_tokens.c, token_endpoint.c, auth_row.c and access*.c ---- */

extern const struct auth_record_kind token_kind;

/* A token that was found by its text, whatever its validity. */
struct token_found {
	char hash[TOKEN_HASH_LEN + 1];
	struct token token;
	struct user owner; /* zeroed if missing */
	enum validity validity;
};
/* ERR_UNAUTHENTICATED without a field if there is no such token. */
bool token_find(struct store *store, struct str text, int64_t now, struct token_found *found,
	struct err *err);
/* The same by the key of the record. */
bool token_find_record(struct store *store, const char *key, int64_t now, struct token_found *found,
	struct err *err);
/* SHA-256 in hex; ERR_NO_MEMORY. */
bool token_hash(struct str text, char hex[TOKEN_HASH_LEN + 1], struct err *err);
/* Makes a random token and its hash. */
bool token_generate(char text[AUTH_TOKEN_MAX], char hash[TOKEN_HASH_LEN + 1], struct err *err);
/* An update for store_auth_edit that inserts; data is the struct token. */
bool token_insert(struct str old, struct buf *value, void *data, struct err *err);
/* Stores the token of this text; ERR_CONFLICT if there is one. */
bool token_put_text(struct store *store, struct token *token, struct str text, struct err *err);
/* Generates the text and stores the token. */
bool token_put(
	struct store *store, struct token *token, char text[AUTH_TOKEN_MAX], struct err *err);
