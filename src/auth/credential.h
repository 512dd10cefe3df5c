#pragma once
/*
 * Internal to src/auth: finds the credential of a request, without verifying it.
 */
#include "auth/auth_policy.h"
#include "base/err.h"
#include "http/request.h"

enum credential_kind {
	CREDENTIAL_NONE = 0,
	CREDENTIAL_MALFORMED, /* cannot be parsed, or was sent twice */
	CREDENTIAL_TOKEN,
	CREDENTIAL_VIRTSHELL,
	CREDENTIAL_UPLYNK,
	CREDENTIAL_KINDS
};

/* Texts are borrowed from the request and its arena. */
struct credential {
	enum credential_kind kind;
	struct str text;      /* the token; VirtShell: the header field; Uplynk: msg */
	struct str signature; /* Uplynk: sig */
};

/*
 * Looks for a credential in one source; leaves *credential unchanged if the request does not use
 * the source. A body that is not a form of at most AUTH_FORM_MAX fields has no credential. False
 * only with ERR_NO_MEMORY.
 */
bool credential_find(const struct credential_source *source, const struct request *request,
	struct credential *credential, struct err *err);
