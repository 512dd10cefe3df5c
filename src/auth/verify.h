#pragma once
/*
 * For this folder only: how each kind of credential is judged (verify.c, verify_virtshell.c,
 * verify_uplynk.c).
 */
#include "auth/authorize.h"
#include "auth/credential.h"
#include "auth/principal.h"

struct auth_request {
	struct store *store;
	const struct auth_clock_skew *clock_skew;
	const struct request *request;
};

/* What one judgement came to: who, or why not. */
struct outcome {
	struct identity who;
	const char *reason;	 /* one of AUTH_...; NULL: who is known */
	char key[AUTH_NAME_MAX]; /* the id of the key that was found; else empty */
};

/* A judgement is false when the store cannot say; a refusal is a verdict. */
typedef bool verify(const struct auth_request *auth_request, const struct credential *credential,
	struct outcome *outcome, struct err *err);

verify verify_missing, verify_malformed, verify_token, verify_virtshell, verify_uplynk;

/* For judgements: refuses; and makes a verdict of what a look into the store came to. */
bool verify_deny(struct outcome *outcome, const char *reason);
bool verify_set_outcome(bool known, struct outcome *outcome, const struct err *err);
/*
 * The key of that id, and the secrets that may have signed: its own, and while both are accepted
 * the one before it. A signature is compared with both in any case, by verify_signature_fn of the kind:
 * an unknown key, or one without another secret, is made up by a secret that nobody knows and that
 * does not count, so that it costs the same work and gets the same answer as a known one with a
 * wrong signature. verify_wipe_signer wipes it.
 */
#define VERIFY_SECRETS 2
struct signer {
	struct key key;
	struct str secrets[VERIFY_SECRETS];
	bool usable[VERIFY_SECRETS];
};
bool verify_find_signer(
	struct store *store, struct str id, int64_t now, struct signer *signer, struct err *err);
/* Whether what was signed was signed with that secret; false when it cannot be computed. */
typedef bool verify_signature_fn(
	const void *what, struct str secret, bool *matches, struct err *err);
bool verify_with_secrets(const struct signer *signer, verify_signature_fn *compare,
	const void *what, bool *matches, struct err *err);
void verify_wipe_signer(struct signer *signer);
