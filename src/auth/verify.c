#include "auth/verify.h"

#include "auth/token.h"

bool verify_deny(struct outcome *outcome, const char *reason)
{
	outcome->reason = reason;
	return true;
}

bool verify_set_outcome(bool known, struct outcome *outcome, const struct err *err)
{
	if (known)
		return true;
	if (err->code != ERR_UNAUTHENTICATED)
		return false;
	if (strcmp(err->field, PRINCIPAL_EXPIRED) == 0)
		return verify_deny(outcome, AUTH_EXPIRED);
	if (strcmp(err->field, PRINCIPAL_REVOKED) == 0)
		return verify_deny(outcome, AUTH_REVOKED);
	return verify_deny(outcome, AUTH_DENIED);
}

bool verify_within_skew(const struct auth_request *auth_request, int64_t time)
{
	int64_t skew = time - auth_request->request->now;

	return skew <= auth_request->clock_skew_ms && -skew <= auth_request->clock_skew_ms;
}

/* ---- keys ---- */

#define DUMMY_SECRET "0000000000000000000000000000000000000000000000000000000000000000"

static bool find_key(
	struct store *store, struct str id, struct key *key, bool *known, struct err *err)
{
	char text[AUTH_NAME_MAX] = "";

	*known = false;
	if (!auth_is_key_id(id))
		return true;
	memcpy(text, id.ptr, id.len);
	*known = key_get(store, text, key, err);
	return *known || err->code == ERR_NOT_FOUND;
}

bool verify_find_signer(
	struct store *store, struct str id, int64_t now, struct signer *signer, struct err *err)
{
	struct key *key = &signer->key;
	bool known;

	*signer = (struct signer){ 0 };
	if (!find_key(store, id, key, &known, err))
		return false;
	signer->usable[0] = known;
	signer->usable[1] = known && key->previous_secret[0] && now < key->previous_expires;
	signer->secrets[0] = signer->usable[0] ? str_cstr(key->secret) : STR(DUMMY_SECRET);
	signer->secrets[1] = signer->usable[1] ? str_cstr(key->previous_secret) : STR(DUMMY_SECRET);
	return true;
}

bool verify_with_secrets(const struct signer *signer, verify_signature_fn *compare,
	const void *input, bool *matches, struct err *err)
{
	bool any = false;

	for (int i = 0; i < VERIFY_SECRETS; i++) {
		bool matched;

		if (!compare(input, signer->secrets[i], &matched, err))
			return false;
		any |= matched & signer->usable[i];
	}
	*matches = any;
	return true;
}

void verify_wipe_signer(struct signer *signer)
{
	explicit_bzero(signer, sizeof(*signer));
}

/* ---- credentials without a key ---- */

bool verify_missing(const struct auth_request *auth_request, const struct credential *credential,
	struct outcome *outcome, struct err *err)
{
	(void)auth_request, (void)credential, (void)err;
	return verify_deny(outcome, AUTH_MISSING);
}

bool verify_malformed(const struct auth_request *auth_request, const struct credential *credential,
	struct outcome *outcome, struct err *err)
{
	(void)auth_request, (void)credential, (void)err;
	return verify_deny(outcome, AUTH_DENIED);
}

bool verify_token(const struct auth_request *auth_request, const struct credential *credential,
	struct outcome *outcome, struct err *err)
{
	return verify_set_outcome(token_check(auth_request->store, credential->text,
					  auth_request->request->now, &outcome->who, err),
		outcome, err);
}
