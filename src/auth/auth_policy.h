#pragma once
/*
 * A dialect's policy for credentials: where its clients send them, and how it refuses a request.
 * Constant data of struct dialect; authorize() applies it, nginx/generate.c writes nginx's part.
 */
#include <stdbool.h>
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
	SOURCE_BASIC,	      /* Authorization: Basic, a user and a token of it (RFC 7617) */
	SOURCE_KINDS
};

/*
 * Regular expression for the tokens in nginx's cache of decisions. It matches every token that is
 * made here (token.h), none with an escape, a blank or a separator. Longer tokens of other systems,
 * and those with other characters, are verified at each request.
 */
#define AUTH_CACHED_TOKEN "[A-Za-z0-9_-]{1,63}"

struct credential_source {
	enum credential_source_kind kind;
	const char *name; /* at most 48 letters, digits, '-' and '_' */
	/*
	 * SOURCE_QUERY, SOURCE_FORM: an empty value counts as not sent; otherwise it is an invalid
	 * credential. For all sources, an empty header field counts as not sent, and "Bearer" or
	 * "Basic" without more is an invalid credential.
	 */
	bool empty_is_absent;
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
	 * The first of these sources that the request uses decides alone. Of a query parameter or
	 * form field that is sent more than once, the last counts. nginx caches decisions on tokens
	 * by the token: the generated configuration chooses it by the same rules
	 * (nginx/credentials.c), and authorize() rejects a request in which it finds another one.
	 */
	struct credential_source sources[AUTH_SOURCES_MAX];
	/*
	 * Name of the option (sys/conf.h) with the largest accepted difference between our clock
	 * and the time of a signed request, in seconds, in either direction. NULL: no source is
	 * signed.
	 */
	const char *clock_skew_option;
	int refusal_status; /* 401 or 403 */
	/*
	 * Begins the WWW-Authenticate of a 403, which names the missing right as the scope
	 * (RFC 6750 §3.1); NULL: a 403 has none.
	 */
	const char *scope_challenge;
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
