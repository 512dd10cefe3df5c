#pragma once
/*
 * For this folder only: how each kind of credential is judged (judge.c, judge_virtshell.c,
 * judge_uplynk.c).
 */
#include "auth/authorize.h"
#include "auth/credential.h"
#include "auth/principal.h"

struct asking {
	struct store *store;
	const struct auth_rules *rules;
	const struct request *request;
};

/* What one judgement came to: who, or why not. */
struct verdict {
	struct identity who;
	const char *reason;	 /* one of AUTH_...; NULL: who is known */
	char key[AUTH_NAME_MAX]; /* the id of the key that was found; else empty */
};

/* A judgement is false when the store cannot say; a refusal is a verdict. */
typedef bool judge(const struct asking *asking, const struct credential *credential,
	struct verdict *verdict, struct err *err);

judge judge_nothing, judge_broken, judge_token, judge_virtshell, judge_uplynk;

/* For judgements: refuses; and makes a verdict of what a look into the store came to. */
bool judge_deny(struct verdict *verdict, const char *reason);
bool judge_settle(bool known, struct verdict *verdict, const struct err *err);
/*
 * The key of that id, and the secrets that may have signed: its own, and while both are accepted
 * the one before it. A signature is compared with both in any case, by judge_signature of the kind:
 * an unknown key, or one without another secret, is made up by a secret that nobody knows and that
 * does not count, so that it costs the same work and gets the same answer as a known one with a
 * wrong signature. judge_forget wipes it.
 */
#define JUDGE_SECRETS 2
struct signer {
	struct key key;
	struct str secrets[JUDGE_SECRETS];
	bool counts[JUDGE_SECRETS];
};
bool judge_find_signer(
	struct store *store, struct str id, int64_t now, struct signer *signer, struct err *err);
/* Whether what was signed was signed with that secret; false when it cannot be computed. */
typedef bool judge_signature(const void *what, struct str secret, bool *matches, struct err *err);
bool judge_compare(const struct signer *signer, judge_signature *compare, const void *what,
	bool *matches, struct err *err);
void judge_forget(struct signer *signer);
