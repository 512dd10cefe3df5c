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
 * The key of that id. An unknown one is replaced by a key that nobody knows the secret of, so that
 * it costs the same work and gets the same answer as a known one with a wrong signature.
 */
bool judge_find_key(
	struct store *store, struct str id, struct key *key, bool *known, struct err *err);
