#pragma once
/*
 * Internal to src/auth: the verifiers, one for each kind of credential (verify.c,
 * verify_virtshell.c, verify_uplynk.c, verify_basic.c).
 */
#include "auth/credential.h"
#include "auth/key.h"

struct auth_request {
	struct store *store;
	int64_t clock_skew_ms; /* accepted in either direction (auth_policy.h) */
	const struct request *request;
};

struct outcome {
	struct identity who;	 /* if accepted */
	const char *reason;	 /* one of AUTH_...; NULL: accepted */
	char key[AUTH_NAME_MAX]; /* id of the key used, if it exists; else empty */
};

/* Returns false only if the store or an allocation failed; a refusal is an outcome. */
typedef bool verify(const struct auth_request *auth_request, const struct credential *credential,
	struct outcome *outcome, struct err *err);

verify verify_missing, verify_malformed, verify_token, verify_virtshell, verify_uplynk,
	verify_basic;

/* ---- for verifiers ---- */

/* Refuses; returns true. */
bool verify_deny(struct outcome *outcome, const char *reason);
/* Turns the result of token_check or key_identity into an outcome. */
bool verify_set_outcome(bool known, struct outcome *outcome, const struct err *err);
/* True if a request signed at `time`, in ms since the epoch, is recent enough. */
bool verify_within_skew(const struct auth_request *auth_request, int64_t time);

/*
 * A key's current secret and, during a rotation's overlap, its previous one. A signature is always
 * compared with both. If the key is unknown or has no previous secret, a dummy that never counts
 * takes its place, so that an unknown key costs the same time and gets the same response as a known
 * key with a wrong signature. verify_wipe_signer() erases the secrets.
 */
#define VERIFY_SECRETS 2
struct signer {
	struct key key; /* zeroed if unknown */
	struct str secrets[VERIFY_SECRETS];
	bool usable[VERIFY_SECRETS];
};
bool verify_find_signer(
	struct store *store, struct str id, int64_t now, struct signer *signer, struct err *err);
/* Compares the signature in `input` with one made by `secret`; false if none can be computed. */
typedef bool verify_signature_fn(
	const void *input, struct str secret, bool *matches, struct err *err);
bool verify_with_secrets(const struct signer *signer, verify_signature_fn *compare,
	const void *input, bool *matches, struct err *err);
void verify_wipe_signer(struct signer *signer);
