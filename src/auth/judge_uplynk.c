#include "auth/judge.h"
#include "auth/uplynk_signature.h"

static bool is_in_time(const struct asking *asking, const struct uplynk_claim *claim)
{
	int64_t off = claim->timestamp * 1000 - asking->request->now;

	return off <= asking->rules->uplynk_ms && -off <= asking->rules->uplynk_ms;
}

static bool is_signed(
	const struct credential *credential, const struct key *key, bool *matches, struct err *err)
{
	char made[UPLYNK_SIG_LEN + 1];

	if (!uplynk_sign(credential->text, str_of(key->secret), made))
		return err_set(err, ERR_NO_MEMORY, NULL, NULL);
	*matches = uplynk_sig_equal(credential->signature, made);
	return true;
}

/*
 * Which key signs is said only inside the message, so it must be inflated before its signature can
 * be checked: with a limit on both sides, and for nothing but the owner's name. Until the signature
 * matches that name picks a key and means nothing else, and the time is not looked at. A name that
 * nobody has costs the same as a wrong signature (judge_find_key).
 */
bool judge_uplynk(const struct asking *asking, const struct credential *credential,
	struct verdict *verdict, struct err *err)
{
	struct uplynk_claim claim;
	struct key key;
	bool known, matches = false, ok;

	if (!uplynk_claim_read(credential->text, &claim, err))
		return err->code == ERR_MALFORMED ? judge_deny(verdict, AUTH_MISMATCH) : false;
	ok = judge_find_key(asking->store, str_of(claim.owner), &key, &known, err) &&
	     is_signed(credential, &key, &matches, err);
	memcpy(verdict->key, key.id, sizeof(verdict->key));
	if (ok && !(known & matches))
		judge_deny(verdict, AUTH_MISMATCH);
	else if (ok && !is_in_time(asking, &claim))
		judge_deny(verdict, AUTH_SKEWED);
	else if (ok)
		ok = judge_settle(
			key_identity(asking->store, &key, asking->request->now, &verdict->who, err),
			verdict, err);
	explicit_bzero(key.secret, sizeof(key.secret));
	return ok;
}
