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

bool judge_find_key(
	struct store *store, struct str id, struct key *key, bool *known, struct err *err)
{
	char text[AUTH_NAME_MAX] = "";

	*key = (struct key){
		.secret = "0000000000000000000000000000000000000000000000000000000000000000"
	};
	*known = false;
	if (!auth_is_name(id))
		return true;
	memcpy(text, id.ptr, id.len);
	*known = key_get(store, text, key, err);
	return *known || err->code == ERR_NOT_FOUND;
}

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
