#include "auth/judge.h"

bool judge_deny(struct verdict *verdict, const char *reason)
{
	verdict->reason = reason;
	return true;
}

/* A credential that nobody bears is a verdict; anything else that fails is an error. */
bool judge_settle(bool known, struct verdict *verdict, const struct err *err)
{
	if (known)
		return true;
	if (err->code != ERR_UNAUTHENTICATED)
		return false;
	if (strcmp(err->field, PRINCIPAL_EXPIRED) == 0)
		return judge_deny(verdict, AUTH_EXPIRED);
	if (strcmp(err->field, PRINCIPAL_REVOKED) == 0)
		return judge_deny(verdict, AUTH_REVOKED);
	return judge_deny(verdict, AUTH_DENIED);
}

/* ---- keys ---- */

#define NOBODYS "0000000000000000000000000000000000000000000000000000000000000000"

static bool find_key(
	struct store *store, struct str id, struct key *key, bool *known, struct err *err)
{
	char text[AUTH_NAME_MAX] = "";

	*known = false;
	if (!auth_is_name(id))
		return true;
	memcpy(text, id.ptr, id.len);
	*known = key_get(store, text, key, err);
	return *known || err->code == ERR_NOT_FOUND;
}

bool judge_find_signer(
	struct store *store, struct str id, int64_t now, struct signer *signer, struct err *err)
{
	struct key *key = &signer->key;
	bool known;

	*signer = (struct signer){ 0 };
	if (!find_key(store, id, key, &known, err))
		return false;
	signer->counts[0] = known;
	signer->counts[1] = known && key->previous[0] && now < key->previous_until;
	signer->secrets[0] = signer->counts[0] ? str_of(key->secret) : STR(NOBODYS);
	signer->secrets[1] = signer->counts[1] ? str_of(key->previous) : STR(NOBODYS);
	return true;
}

bool judge_compare(const struct signer *signer, judge_signature *compare, const void *what,
	bool *matches, struct err *err)
{
	bool any = false;

	for (int i = 0; i < JUDGE_SECRETS; i++) {
		bool fits;

		if (!compare(what, signer->secrets[i], &fits, err))
			return false;
		any |= fits & signer->counts[i];
	}
	*matches = any;
	return true;
}

void judge_forget(struct signer *signer)
{
	explicit_bzero(signer, sizeof(*signer));
}

/* ---- what needs no key ---- */

bool judge_nothing(const struct asking *asking, const struct credential *credential,
	struct verdict *verdict, struct err *err)
{
	(void)asking, (void)credential, (void)err;
	return judge_deny(verdict, AUTH_MISSING);
}

bool judge_broken(const struct asking *asking, const struct credential *credential,
	struct verdict *verdict, struct err *err)
{
	(void)asking, (void)credential, (void)err;
	return judge_deny(verdict, AUTH_DENIED);
}

bool judge_token(const struct asking *asking, const struct credential *credential,
	struct verdict *verdict, struct err *err)
{
	return judge_settle(token_check(asking->store, credential->text, asking->request->now,
				    &verdict->who, err),
		verdict, err);
}
