#pragma once
/*
 * Words shared by users, tokens and keys: sizes, names, and the identity that a valid credential
 * yields. A user belongs to one tenant and has rights. Tokens (token.h) and keys (key.h) act for a
 * user, with all or some of its rights, in all or some dialects.
 *
 * Records live in the store's small tables as JSON (auth_record.h). All times are wall-clock ms
 * since the epoch.
 */
#include "base/id.h"
#include "base/str.h"

/* Sizes of text members, including the NUL. */
#define AUTH_NAME_MAX	  64
#define AUTH_TENANT_MAX	  32
#define AUTH_DIALECTS_MAX 64
#define AUTH_SECRET_MAX	  128
#define AUTH_TOKEN_MAX	  64

/* The user of a valid credential, and what the credential allows. */
struct identity {
	char user[ID_TEXT_LEN + 1];
	char tenant[AUTH_TENANT_MAX];
	unsigned rights;
	char dialects[AUTH_DIALECTS_MAX]; /* names joined by commas; empty: all */
	int64_t expires;		  /* ms: of the credential or its user; 0: never */
};

/*
 * Values of err->field with ERR_UNAUTHENTICATED, if the credential was valid once. A credential
 * that is both expired and revoked counts as revoked.
 */
#define PRINCIPAL_EXPIRED "expired"
#define PRINCIPAL_REVOKED "revoked"

bool identity_allows_dialect(const struct identity *who, struct str dialect);

/* 1 to 63 letters, digits and `._@-`: ids of keys. */
bool auth_is_key_id(struct str name);
/* 1 to 31 lower-case letters, digits and '-'. */
bool auth_is_tenant(struct str tenant);
/* 1 to most bytes of UTF-8 without control characters: labels, secrets, passwords. */
bool auth_is_text(struct str text, size_t most);
/* Lower-case letters and commas, or empty; fits AUTH_DIALECTS_MAX. Does not look the names up. */
bool auth_is_dialect_list(struct str dialects);
