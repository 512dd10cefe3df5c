#pragma once
/*
 * Internal to src/auth: the tokens of a login (table STORE_TOKENS, label TOKEN_LOGIN_LABEL). A
 * login has two records: the access token, which requests carry, and the refresh token, which
 * replaces both by new ones (RFC 6749 §6). Each has the key of the other. A login of an earlier
 * version has an access token only.
 *
 * Both end with the user, and when its password is changed or removed. A password that has expired
 * ends the refresh token only. Renewing removes the old records, so that only logins make the table
 * grow: two records each, until the keeper removes them TOKEN_LOGIN_RETENTION_MS after their end.
 */
#include "auth/token.h"

#define LOGIN_ACCESS_S	7200
#define LOGIN_REFRESH_S (7 * 24 * 3600)

/* The caller wipes them, also after a failure. */
struct login_tokens {
	char access[AUTH_TOKEN_MAX], refresh[AUTH_TOKEN_MAX];
};

/* Adds the tokens of a login. Their rights are user->rights, which the caller may have narrowed. */
bool login_tokens_add(struct store *store, const struct user *user, int64_t now,
	struct login_tokens *made, struct err *err);
/*
 * Replaces both tokens of a login. `asked`: the rights wanted, 0 for those of the old tokens; the
 * new tokens get the wanted rights that the user still has. *user gets the user with these rights.
 *
 * ERR_UNAUTHENTICATED if text is no live refresh token, or its user may not log in any more; then
 * err->field is the reason (principal.h), or empty if text is no refresh token at all. ERR_INVALID
 * if `asked` has a bit that the old tokens lack, or no right is left. Of concurrent calls with the
 * same token one succeeds.
 */
bool login_tokens_renew(struct store *store, struct str text, unsigned asked, int64_t now,
	struct login_tokens *made, struct user *user, struct err *err);
/*
 * Revokes a token, also one that an operator has added, and the other one of its login. Leaves
 * alone a token that is unknown or revoked, and an expired access token, as Doorkeeper does. `name`
 * gets the user of the token, or "" if the token is unknown.
 */
bool login_tokens_revoke(struct store *store, struct str text, int64_t now,
	char name[USER_NAME_MAX], struct err *err);
