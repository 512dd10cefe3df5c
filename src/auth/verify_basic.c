/* Basic authentication (RFC 7617): the name of a user, and one of this user's tokens. */
#include <openssl/crypto.h>

#include "auth/token.h"
#include "auth/verify.h"

/* In a time that depends on the length of the names only up to USER_NAME_MAX. */
static bool is_same_name(const char *stored, struct str given)
{
	char left[USER_NAME_MAX] = { 0 }, right[USER_NAME_MAX] = { 0 };
	int fits = given.len < USER_NAME_MAX;

	memcpy(left, stored, strnlen(stored, USER_NAME_MAX - 1));
	if (fits && given.len > 0)
		memcpy(right, given.ptr, given.len);
	return ((CRYPTO_memcmp(left, right, USER_NAME_MAX) == 0) & fits) != 0;
}

/* In any case, as users are found everywhere (user.h). */
static bool names_owner(const struct user *owner, struct str given)
{
	char folded[USER_NAME_MAX] = "";
	int valid = user_name_fold(given, folded);
	int same = is_same_name(owner->name, given);
	int same_folded = is_same_name(owner->name, str_cstr(folded));

	return ((same | same_folded) & valid) != 0;
}

/* Only the owner of a token learns that it has ended. */
bool verify_basic(const struct auth_request *auth_request, const struct credential *credential,
	struct outcome *outcome, struct err *err)
{
	struct token_found found;
	bool known;

	if (!token_find(
		    auth_request->store, credential->text, auth_request->request->now, &found, err))
		return verify_set_outcome(false, outcome, err);
	if (!names_owner(&found.owner, credential->user) || found.token.is_refresh)
		return verify_deny(outcome, AUTH_DENIED);
	known = credential_terms_identity(
		&found.token.terms, &found.owner, found.validity, &outcome->who, err);
	return verify_set_outcome(known, outcome, err);
}
