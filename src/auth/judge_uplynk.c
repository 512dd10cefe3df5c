#include "auth/judge.h"
#include "auth/uplynk_signature.h"

static bool is_in_time(const struct asking *asking, const struct uplynk_claim *claim)
{
	int64_t off = claim->timestamp * 1000 - asking->request->now;

	return off <= asking->rules->uplynk_ms && -off <= asking->rules->uplynk_ms;
}

static bool is_signed(const void *what, struct str secret, bool *matches, struct err *err)
{
	const struct credential *credential = what;
	char made[UPLYNK_SIG_LEN + 1];

	if (!uplynk_sign(credential->text, secret, made))
		return err_set(err, ERR_NO_MEMORY, NULL, NULL);
	*matches = uplynk_sig_equal(credential->signature, made);
	return true;
}

/*
 * Which key signs is said only inside the message, so it must be inflated before its signature can
 * be checked: with a limit on both sides, and for nothing but the owner's name. Until the signature
 * matches that name picks a key and means nothing else, and the time is not looked at. A name that
 * nobody has costs the same as a wrong signature (judge_find_signer).
 */
bool judge_uplynk(const struct asking *asking, const struct credential *credential,
	struct verdict *verdict, struct err *err)
{
	struct uplynk_claim claim;
	struct signer signer = { 0 };
	bool matches = false, ok;

	if (!uplynk_claim_read(credential->text, &claim, err))
		return err->code == ERR_MALFORMED ? judge_deny(verdict, AUTH_MISMATCH) : false;
	ok = judge_find_signer(
		     asking->store, str_of(claim.owner), asking->request->now, &signer, err) &&
	     judge_compare(&signer, is_signed, credential, &matches, err);
	memcpy(verdict->key, signer.key.id, sizeof(verdict->key));
	if (ok && !matches)
		judge_deny(verdict, AUTH_MISMATCH);
	else if (ok && !is_in_time(asking, &claim))
		judge_deny(verdict, AUTH_SKEWED);
	else if (ok)
		ok = judge_settle(key_identity(asking->store, &signer.key, asking->request->now,
					  &verdict->who, err),
			verdict, err);
	judge_forget(&signer);
	return ok;
}
