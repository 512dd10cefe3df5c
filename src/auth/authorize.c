#include "auth/authorize.h"

#include "auth/credential.h"
#include "auth/judge.h"
#include "task/right.h"

#define WAYS_MAX 4

/*
 * Which credentials a dialect's clients send, and how it refuses. The first way in which something
 * was sent decides alone. A bearer comes first where the web server keeps decisions on bearers, so
 * that what it keeps hangs on nothing else.
 */
struct scheme {
	const char *dialect;
	credential_way *ways[WAYS_MAX];
	int refusal;
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
		.ways = { credential_virtshell, credential_bearer, credential_virtshell_standard },
		.refusal = 403 },
	{ .dialect = "vionlabs",
		.ways = { credential_bearer, credential_query_key, credential_api_key },
		.refusal = 401,
		.challenge = "APIKey" },
	{ .dialect = "uplynk",
		.ways = { credential_bearer, credential_uplynk_query, credential_uplynk_header },
		.refusal = 401,
		.challenge = POLYTASK_CHALLENGE },
	{ .dialect = "fourhse",
		.ways = { credential_bearer, credential_query_access_token,
			credential_form_access_token },
		.refusal = 401,
		.challenge = "Bearer realm=\"api\"" },
	{ .dialect = "idol",
		.ways = { credential_bearer },
		.refusal = 401,
		.challenge = DOORKEEPER_CHALLENGE("is invalid"),
		.if_expired = DOORKEEPER_CHALLENGE("expired"),
		.if_revoked = DOORKEEPER_CHALLENGE("was revoked") },
	{ .dialect = "native",
		.ways = { credential_bearer },
		.refusal = 401,
		.challenge = POLYTASK_CHALLENGE },
};

/* A dialect that is not in the table: refused, so that a slip in the site's configuration opens
 * nothing. */
static const struct scheme no_scheme = { .dialect = "", .refusal = 403 };

/* What is judged; the web server gives an absent header as an empty parameter. */
static const char *const judged[] = {
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

static judge *const judges[CREDENTIAL_KINDS] = {
	[CREDENTIAL_NONE] = judge_nothing,
	[CREDENTIAL_BROKEN] = judge_broken,
	[CREDENTIAL_TOKEN] = judge_token,
	[CREDENTIAL_VIRTSHELL] = judge_virtshell,
	[CREDENTIAL_UPLYNK] = judge_uplynk,
};

static const char *const kinds[CREDENTIAL_KINDS] = {
	[CREDENTIAL_NONE] = "none",
	[CREDENTIAL_BROKEN] = "broken",
	[CREDENTIAL_TOKEN] = "token",
	[CREDENTIAL_VIRTSHELL] = "virtshell",
	[CREDENTIAL_UPLYNK] = "uplynk",
};

static bool has_repeats(const struct request *request)
{
	for (size_t i = 0; i < sizeof(judged) / sizeof(judged[0]); i++) {
		if (request_count_param(request, judged[i]) > 1)
			return true;
	}
	return false;
}

static const struct scheme *scheme_of(const struct request *request)
{
	struct str dialect = request_param(request, "POLYTASK_DIALECT");

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (str_eq(dialect, str_of(schemes[i].dialect)))
			return &schemes[i];
	}
	return &no_scheme;
}

static bool find_credential(const struct scheme *scheme, const struct request *request,
	struct credential *credential, struct err *err)
{
	for (size_t i = 0; i < WAYS_MAX && scheme->ways[i]; i++) {
		if (!scheme->ways[i](request, credential, err))
			return false;
		if (credential->kind != CREDENTIAL_NONE)
			return true;
	}
	return true;
}

static bool judge_request(const struct asking *asking, const struct scheme *scheme,
	struct verdict *verdict, struct auth_note *note, struct err *err)
{
	struct credential credential = { 0 };

	if (scheme == &no_scheme || has_repeats(asking->request))
		return judge_deny(verdict, AUTH_DENIED);
	if (!find_credential(scheme, asking->request, &credential, err))
		return false;
	note->credential = kinds[credential.kind];
	return judges[credential.kind](asking, &credential, verdict, err);
}

/* ---- the answer ---- */

static void answer_who(const struct asking *asking, const struct identity *who,
	const struct scheme *scheme, struct response *response)
{
	struct str next = request_param(asking->request, "POLYTASK_CONTINUE");
	bool here = identity_is_for(who, str_of(scheme->dialect));
	char rights[RIGHTS_TEXT_SIZE];

	/* A credential of other dialects: the application refuses it in this one's own shape. */
	rights_format(here ? who->rights : RIGHT_NONE, rights, sizeof(rights));
	response->status = 204;
	response_header(response, "X-Polytask-User", str_of(who->user));
	response_header(response, "X-Polytask-Tenant", str_of(who->tenant));
	response_header(response, "X-Polytask-Rights", str_of(rights));
	response_header(response, "X-Polytask-Dialect", str_of(scheme->dialect));
	if (next.len > 0)
		response_header(response, "X-Accel-Redirect", next);
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

	response->status = scheme->refusal;
	response_header(response, "X-Polytask-Reason", str_of(reason));
	if (challenge)
		response_header(response, "WWW-Authenticate", str_of(challenge));
}

static void answer_unknown(struct response *response)
{
	response_reset(response);
	response->status = 503;
	response_retry(response, 0);
}

bool authorize(struct store *store, const struct auth_rules *rules, const struct request *request,
	struct response *response, struct auth_note *note, struct err *err)
{
	const struct asking asking = { store, rules, request };
	const struct scheme *scheme = scheme_of(request);
	struct verdict verdict = { 0 };

	if (!judge_request(&asking, scheme, &verdict, note, err)) {
		if (err->code == ERR_PANIC)
			return false;
		answer_unknown(response);
		return true;
	}
	note->reason = verdict.reason;
	memcpy(note->key, verdict.key, sizeof(note->key));
	if (verdict.reason)
		answer_refusal(verdict.reason, scheme, response);
	else
		answer_who(&asking, &verdict.who, scheme, response);
	if (!buf_ok(&response->head))
		answer_unknown(response);
	return true;
}
