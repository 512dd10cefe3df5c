#include "auth/uplynk_signature.h"
#include "auth/verify.h"

static bool signature_matches(const void *input, struct str secret, bool *matches, struct err *err)
{
	const struct credential *credential = input;
	char made[UPLYNK_SIG_LEN + 1];

	if (!uplynk_sign(credential->text, secret, made))
		return err_no_memory(err);
	*matches = uplynk_sig_equal(credential->signature, made);
	return true;
}

/*
 * The key's id is inside the message, so the message must be inflated before its signature can be
 * checked; input and output sizes are limited. Until the signature matches, the id only selects a
 * key and the timestamp is ignored. An unknown id costs the same as a wrong signature
 * (verify_find_signer).
 */
bool verify_uplynk(const struct auth_request *auth_request, const struct credential *credential,
	struct outcome *outcome, struct err *err)
{
	struct uplynk_claim claim;
	struct signer signer = { 0 };
	bool matches = false, ok;

	if (!uplynk_claim_read(credential->text, &claim, err))
		return err->code == ERR_MALFORMED ? verify_deny(outcome, AUTH_MISMATCH) : false;
	ok = verify_find_signer(auth_request->store, str_cstr(claim.owner),
		     auth_request->request->now, &signer, err) &&
	     verify_with_secrets(&signer, signature_matches, credential, &matches, err);
	memcpy(outcome->key, signer.key.id, sizeof(outcome->key));
	if (ok && !matches)
		verify_deny(outcome, AUTH_MISMATCH);
	else if (ok && !verify_within_skew(auth_request, claim.timestamp * 1000))
		verify_deny(outcome, AUTH_SKEWED);
	else if (ok)
		ok = verify_set_outcome(key_identity(auth_request->store, &signer.key,
						auth_request->request->now, &outcome->who, err),
			outcome, err);
	verify_wipe_signer(&signer);
	return ok;
}
