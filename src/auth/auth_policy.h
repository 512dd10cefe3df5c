#pragma once
/*
 * A dialect's policy for credentials: where its clients send them, and how it refuses a request.
 * Constant data of struct dialect; authorize() applies it, nginx/generate.c writes nginx's part.
 */
#include <string.h>

/* Reasons of refusals, in X-Polytask-Reason: nginx chooses the response body by it. */
#define AUTH_MISSING  "CredentialMissing"
#define AUTH_DENIED   "AccessDenied"
#define AUTH_EXPIRED  "CredentialExpired"
#define AUTH_REVOKED  "CredentialRevoked"
#define AUTH_MISMATCH "SignatureDoesNotMatch"
#define AUTH_SKEWED   "RequestTimeTooSkewed"

/* Maximum number of fields in a form with a credential, for the authorizer and the dialect. */
#define AUTH_FORM_MAX 128

enum credential_source_kind {
	SOURCE_END = 0,
	SOURCE_BEARER,	      /* Authorization: Bearer TOKEN (RFC 6750) */
	SOURCE_HEADER,	      /* a token as the header field `name` */
	SOURCE_QUERY,	      /* a token as the query parameter `name` */
	SOURCE_FORM,	      /* a token as the field `name` of a form in the body */
	SOURCE_VIRTSHELL,     /* USER:SIGNATURE in the header field `name` (signature.h) */
	SOURCE_UPLYNK_QUERY,  /* ?msg=MSG&sig=SIG (uplynk_signature.h) */
	SOURCE_UPLYNK_HEADER, /* Authorization: MSG SIG */
	SOURCE_KINDS
};

struct credential_source {
	enum credential_source_kind kind;
	const char *name; /* at most 58 letters, digits and '-' */
};

struct auth_refusal {
	const char *reason; /* AUTH_...; NULL in the last row, which is for all other reasons */
	const char *text;   /* the sentence of the response; NULL: that of ERR_UNAUTHENTICATED */
	/* WWW-Authenticate, required in a 401 (RFC 9110 §15.5.2); NULL: none. */
	const char *challenge;
};

#define AUTH_SOURCES_MAX 4

struct auth_policy {
	/*
	 * In this order: the first source that the request uses decides alone. nginx caches
	 * decisions on bearer, header and query tokens, with all three in the key. Put them before
	 * all other sources except SOURCE_VIRTSHELL, whose header field bypasses the cache. At
	 * most one SOURCE_HEADER and one SOURCE_QUERY.
	 */
	struct credential_source sources[AUTH_SOURCES_MAX];
	/*
	 * Name of the option (sys/conf.h) with the largest accepted difference between our clock
	 * and the time of a signed request, in seconds, in either direction. NULL: no source is
	 * signed.
	 */
	const char *clock_skew_option;
	int refusal_status; /* 401 or 403 */
	const struct auth_refusal *refusals;
};

static inline const struct auth_refusal *auth_find_refusal(
	const struct auth_policy *policy, const char *reason)
{
	const struct auth_refusal *row = policy->refusals;

	while (row->reason && strcmp(row->reason, reason) != 0)
		row++;
	return row;
}
