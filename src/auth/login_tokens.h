#pragma once
/*
 * Internal to src/auth: the tokens of a login (table STORE_TOKENS, label TOKEN_LOGIN_LABEL). A
 * login has two records: the access token, which requests carry, and the refresh token, which
 * replaces both texts by new ones (RFC 6749 §6). Each has the key of the other. A login of an
 * earlier version has an access token only.
 *
 * All refresh tokens of a login begin with the same LOGIN_ID_LEN characters, 120 random bits, whose
 * hash is the key of their record. The record has the hash of the valid text, so any earlier text
 * is recognised without a record of its own: its use means that two clients have the login, and
 * ends the login (RFC 9700 §4.14.2). The text before the valid one is only refused for
 * LOGIN_REUSE_GRACE_MS, because a client may send it twice at once.
 *
 * A user has at most LOGINS_MAX logins (login_list.h): a further one removes the login whose tokens
 * are the oldest. This bounds the records of tokens, however often a client logs in.
 *
 * Both tokens end with the user, and when its password is changed or removed. A password that has
 * expired ends the refresh token only.
 */
#include "auth/token.h"
#include "store/auth_table.h"

#define LOGIN_ACCESS_S	     7200
#define LOGIN_REFRESH_S	     (7 * 24 * 3600)
#define LOGIN_REUSE_GRACE_MS 10000
#define LOGIN_ID_LEN	     23 /* with the prefix of tokens */

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
 * err->field is the reason (principal.h), or empty if text is no refresh token at all. A replaced
 * token ends the login, and logs it. ERR_INVALID if `asked` has a bit that the old tokens lack, or
 * no right is left. ERR_DISK_FULL while the disk is nearly full, as for other requests of clients;
 * then the tokens stay as they are. Of concurrent calls with the same token one succeeds.
 */
bool login_tokens_renew(struct store *store, struct str text, unsigned asked, int64_t now,
	struct login_tokens *made, struct user *user, struct err *err);
/*
 * Revokes a token, also one that an operator has added, and the other one of its login. A refresh
 * token that was replaced revokes its login. Leaves alone a token that is unknown or revoked, and
 * an expired access token, as Doorkeeper does. `name` gets the user of the token, or "" if the
 * token is unknown.
 */
bool login_tokens_revoke(struct store *store, struct str text, int64_t now,
	char name[USER_NAME_MAX], struct err *err);
/* Revokes both tokens of the login that `found`, either one of them, belongs to. Idempotent. */
bool login_tokens_end(
	struct store *store, const struct token_found *found, int64_t now, struct err *err);
