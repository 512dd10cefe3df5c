#include "auth/authorize.h"

#include "auth/credential.h"
#include "auth/verify.h"
#include "task/right.h"

#define EXTRACTORS_MAX 4

/*
 * Which credentials a dialect's clients send, and how it refuses. The first way in which something
 * was sent decides alone. A bearer comes first where the web server keeps decisions on bearers, so
 * that what it keeps hangs on nothing else.
 */
struct scheme {
	const char *dialect;
	credential_extractor *extractors[EXTRACTORS_MAX];
	int refusal_status;
	/* WWW-Authenticate, which every 401 must have (RFC 9110 §15.5.2); the other two where the
	 * original tells more of a token that was good once. */
	const char *challenge, *if_expired, *if_revoked;
};

#define POLYTASK_CHALLENGE "Bearer realm=\"polytask\""
#define DOORKEEPER_CHALLENGE(sentence)                           \
	"Bearer realm=\"Doorkeeper\", error=\"invalid_token\", " \
	"error_description=\"The access token " sentence "\""

static const struct scheme schemes[] = {
	{ .dialect = "virtshell",
		.extractors = { credential_virtshell, credential_bearer,
			credential_virtshell_standard },
		.refusal_status = 403 },
	{ .dialect = "vionlabs",
		.extractors = { credential_bearer, credential_query_key, credential_api_key },
		.refusal_status = 401,
		.challenge = "APIKey" },
	{ .dialect = "uplynk",
		.extractors = { credential_bearer, credential_uplynk_query,
			credential_uplynk_header },
		.refusal_status = 401,
		.challenge = POLYTASK_CHALLENGE },
	{ .dialect = "fourhse",
		.extractors = { credential_bearer, credential_query_access_token,
			credential_form_access_token },
		.refusal_status = 401,
		.challenge = "Bearer realm=\"api\"" },
	{ .dialect = "idol",
		.extractors = { credential_bearer },
		.refusal_status = 401,
		.challenge = DOORKEEPER_CHALLENGE("is invalid"),
		.if_expired = DOORKEEPER_CHALLENGE("expired"),
		.if_revoked = DOORKEEPER_CHALLENGE("was revoked") },
	{ .dialect = "native",
		.extractors = { credential_bearer },
		.refusal_status = 401,
		.challenge = POLYTASK_CHALLENGE },
};

/* A dialect that is not in the table: refused, so that a slip in the site's configuration opens
 * nothing. */
static const struct scheme no_scheme = { .dialect = "", .refusal_status = 403 };

/* What is judged; the web server gives an absent header as an empty parameter. */
static const char *const checked_params[] = {
	"POLYTASK_DIALECT",
	"POLYTASK_CONTINUE",
	"ORIGINAL_METHOD",
	"ORIGINAL_URI",
	"ORIGINAL_SCHEME",
	"HTTP_HOST",
	"HTTP_DATE",
	"HTTP_CONTENT_TYPE",
	"HTTP_CONTENT_MD5",
	"HTTP_AUTHORIZATION",
	"HTTP_X_API_KEY",
	"HTTP_X_VIRTSHELL_AUTHORIZATION",
};

static verify *const verifiers[CREDENTIAL_KINDS] = {
	[CREDENTIAL_NONE] = verify_missing,
	[CREDENTIAL_MALFORMED] = verify_malformed,
	[CREDENTIAL_TOKEN] = verify_token,
	[CREDENTIAL_VIRTSHELL] = verify_virtshell,
	[CREDENTIAL_UPLYNK] = verify_uplynk,
};

static const char *const kind_names[CREDENTIAL_KINDS] = {
	[CREDENTIAL_NONE] = "none",
	[CREDENTIAL_MALFORMED] = "broken",
	[CREDENTIAL_TOKEN] = "token",
	[CREDENTIAL_VIRTSHELL] = "virtshell",
	[CREDENTIAL_UPLYNK] = "uplynk",
};

static bool has_duplicate_params(const struct request *request)
{
	for (size_t i = 0; i < sizeof(checked_params) / sizeof(checked_params[0]); i++) {
		if (request_count_cgi_param(request, checked_params[i]) > 1)
			return true;
	}
	return false;
}

static const struct scheme *find_scheme(const struct request *request)
{
	struct str dialect = request_cgi_param(request, "POLYTASK_DIALECT");

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (str_eq(dialect, str_cstr(schemes[i].dialect)))
			return &schemes[i];
	}
	return &no_scheme;
}

static bool find_credential(const struct scheme *scheme, const struct request *request,
	struct credential *credential, struct err *err)
{
	for (size_t i = 0; i < EXTRACTORS_MAX && scheme->extractors[i]; i++) {
		if (!scheme->extractors[i](request, credential, err))
			return false;
		if (credential->kind != CREDENTIAL_NONE)
			return true;
	}
	return true;
}

static bool verify_request(const struct auth_request *auth_request, const struct scheme *scheme,
	struct outcome *outcome, struct auth_log_entry *log_entry, struct err *err)
{
	struct credential credential = { 0 };

	if (scheme == &no_scheme || has_duplicate_params(auth_request->request))
		return verify_deny(outcome, AUTH_DENIED);
	if (!find_credential(scheme, auth_request->request, &credential, err))
		return false;
	log_entry->credential = kind_names[credential.kind];
	return verifiers[credential.kind](auth_request, &credential, outcome, err);
}

/* ---- the answer ---- */

static void answer_identity(const struct auth_request *auth_request, const struct identity *who,
	const struct scheme *scheme, struct response *response)
{
	struct str next = request_cgi_param(auth_request->request, "POLYTASK_CONTINUE");
	bool here = identity_allows_dialect(who, str_cstr(scheme->dialect));
	char rights[RIGHTS_TEXT_SIZE];

	/* A credential of other dialects: the application refuses it in this one's own shape. */
	rights_format(here ? who->rights : RIGHT_NONE, rights, sizeof(rights));
	response->status = 204;
	response_add_header(response, "X-Polytask-User", str_cstr(who->user));
	response_add_header(response, "X-Polytask-Tenant", str_cstr(who->tenant));
	response_add_header(response, "X-Polytask-Rights", str_cstr(rights));
	response_add_header(response, "X-Polytask-Dialect", str_cstr(scheme->dialect));
	if (next.len > 0)
		response_add_header(response, "X-Accel-Redirect", next);
}

static const char *challenge_for(const struct scheme *scheme, const char *reason)
{
	if (scheme->if_expired && strcmp(reason, AUTH_EXPIRED) == 0)
		return scheme->if_expired;
	if (scheme->if_revoked && strcmp(reason, AUTH_REVOKED) == 0)
		return scheme->if_revoked;
	return scheme->challenge;
}

static void answer_refusal(
	const char *reason, const struct scheme *scheme, struct response *response)
{
	const char *challenge = challenge_for(scheme, reason);

	response->status = scheme->refusal_status;
	response_add_header(response, "X-Polytask-Reason", str_cstr(reason));
	if (challenge)
		response_add_header(response, "WWW-Authenticate", str_cstr(challenge));
}

static void answer_unavailable(struct response *response)
{
	response_reset(response);
	response->status = 503;
	response_add_retry_after(response, 0);
}

bool authorize(struct store *store, const struct auth_clock_skew *rules,
	const struct request *request, struct response *response, struct auth_log_entry *log_entry,
	struct err *err)
{
	const struct auth_request auth_request = { store, rules, request };
	const struct scheme *scheme = find_scheme(request);
	struct outcome outcome = { 0 };

	if (!verify_request(&auth_request, scheme, &outcome, log_entry, err)) {
		if (err->code == ERR_PANIC)
			return false;
		answer_unavailable(response);
		return true;
	}
	log_entry->reason = outcome.reason;
	memcpy(log_entry->key, outcome.key, sizeof(log_entry->key));
	if (outcome.reason)
		answer_refusal(outcome.reason, scheme, response);
	else
		answer_identity(&auth_request, &outcome.who, scheme, response);
	if (!buf_ok(&response->headers))
		answer_unavailable(response);
	return true;
}
