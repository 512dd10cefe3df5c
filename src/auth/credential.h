#pragma once
/*
 * Internal to src/auth: finds the credential of a request, without verifying it.
 */
#include "auth/auth_policy.h"
#include "base/err.h"
#include "http/request.h"

enum credential_kind {
	CREDENTIAL_NONE = 0,
	CREDENTIAL_MALFORMED, /* empty, unreadable, or Uplynk's msg or sig twice */
	CREDENTIAL_MISMATCH,  /* nginx keyed another token than the one found */
	CREDENTIAL_TOKEN,
	CREDENTIAL_VIRTSHELL,
	CREDENTIAL_UPLYNK,
	CREDENTIAL_BASIC,
	CREDENTIAL_KINDS
};

/* Texts are borrowed from the request and its arena. */
struct credential {
	enum credential_kind kind;
	struct str text;      /* the token; VirtShell: the header field; Uplynk: msg */
	struct str signature; /* Uplynk: sig */
	struct str user;      /* Basic */
};

/*
 * True if a header field begins with the scheme Bearer, in any case, and then a blank or its end
 * (RFC 9110 §11.1). The token is trimmed and may be empty.
 */
bool credential_split_bearer(struct str header, struct str *token);
/*
 * Finds the credential in the first source of the policy that the request uses; CREDENTIAL_NONE in
 * *credential if it uses none. A body that is not a form of at most AUTH_FORM_MAX fields has no
 * credential. False only with ERR_NO_MEMORY.
 */
bool credential_find(const struct auth_policy *policy, const struct request *request,
	struct credential *credential, struct err *err);
