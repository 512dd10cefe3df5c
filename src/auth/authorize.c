#include "auth/authorize.h"

#include "auth/credential.h"
#include "auth/verify.h"
#include "task/right.h"

/* Refuses every credential, so that a mistake in nginx's configuration grants nothing. */
static const struct auth_policy unknown_dialect = {
	.refusal_status = 403,
	.refusals = (const struct auth_refusal[]){ { .reason = NULL } },
};

static verify *const verifiers[CREDENTIAL_KINDS] = {
	[CREDENTIAL_NONE] = verify_missing,
	[CREDENTIAL_MALFORMED] = verify_malformed,
	[CREDENTIAL_MISMATCH] = verify_malformed,
	[CREDENTIAL_TOKEN] = verify_token,
	[CREDENTIAL_VIRTSHELL] = verify_virtshell,
	[CREDENTIAL_UPLYNK] = verify_uplynk,
	[CREDENTIAL_BASIC] = verify_basic,
};

static const char *const kind_names[CREDENTIAL_KINDS] = {
	[CREDENTIAL_NONE] = "none",
	[CREDENTIAL_MALFORMED] = "malformed",
	[CREDENTIAL_MISMATCH] = "mismatch",
	[CREDENTIAL_TOKEN] = "token",
	[CREDENTIAL_VIRTSHELL] = "virtshell",
	[CREDENTIAL_UPLYNK] = "uplynk",
	[CREDENTIAL_BASIC] = "basic",
};

/* nginx sends each parameter once: a second value could come from the client. */
static bool has_duplicate_params(const struct request *request)
{
	for (size_t i = 0; i < request->cgi_param_count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (str_eq(request->cgi_params[i].name, request->cgi_params[j].name))
				return true;
		}
	}
	return false;
}

/*
 * nginx caches the decision under POLYTASK_TOKEN, if that is not empty: it must be the token that
 * is judged.
 */
static void compare_with_cache_key(const struct request *request, struct credential *credential)
{
	struct str keyed = request_cgi_param(request, "POLYTASK_TOKEN");

	if (keyed.len > 0 &&
		(credential->kind != CREDENTIAL_TOKEN || !str_eq(credential->text, keyed)))
		credential->kind = CREDENTIAL_MISMATCH;
}

static bool verify_request(const struct auth_request *auth_request,
	const struct auth_policy *policy, struct outcome *outcome, struct auth_log_entry *log_entry,
	struct err *err)
{
	struct credential credential = { 0 };

	if (policy == &unknown_dialect || has_duplicate_params(auth_request->request))
		return verify_deny(outcome, AUTH_DENIED);
	if (!credential_find(policy, auth_request->request, &credential, err))
		return false;
	compare_with_cache_key(auth_request->request, &credential);
	log_entry->credential = kind_names[credential.kind];
	return verifiers[credential.kind](auth_request, &credential, outcome, err);
}

/* ---- the response ---- */

static void answer_identity(const struct auth_request *auth_request, const struct identity *who,
	struct response *response)
{
	struct str next = request_cgi_param(auth_request->request, "POLYTASK_CONTINUE");
	struct str dialect = request_cgi_param(auth_request->request, "POLYTASK_DIALECT");
	bool allowed = identity_allows_dialect(who, dialect);
	char rights[RIGHTS_TEXT_SIZE];

	/* Without rights, the application answers 403 in the shape of this dialect. */
	rights_format(allowed ? who->rights : RIGHT_NONE, rights, sizeof(rights));
	response->status = 204;
	response_add_header(response, "X-Polytask-User", str_cstr(who->user));
	response_add_header(response, "X-Polytask-Tenant", str_cstr(who->tenant));
	response_add_header(response, "X-Polytask-Rights", str_cstr(rights));
	response_add_header(response, "X-Polytask-Dialect", dialect);
	if (who->expires > 0)
		response_add_number(response, "X-Polytask-Expires", (uint64_t)who->expires);
	if (next.len > 0)
		response_add_header(response, "X-Accel-Redirect", next);
}

static void answer_refusal(
	const char *reason, const struct auth_policy *policy, struct response *response)
{
	const char *challenge = auth_find_refusal(policy, reason)->challenge;

	response->status = policy->refusal_status;
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

bool authorize(struct store *store, const struct auth_policy *policy, int64_t clock_skew_ms,
	const struct request *request, struct response *response, struct auth_log_entry *log_entry,
	struct err *err)
{
	const struct auth_request auth_request = { store, clock_skew_ms, request };
	struct outcome outcome = { 0 };

	policy = policy ? policy : &unknown_dialect;
	if (!verify_request(&auth_request, policy, &outcome, log_entry, err)) {
		if (err->code == ERR_PANIC)
			return false;
		answer_unavailable(response);
		return true;
	}
	log_entry->reason = outcome.reason;
	memcpy(log_entry->key, outcome.key, sizeof(log_entry->key));
	if (outcome.reason)
		answer_refusal(outcome.reason, policy, response);
	else
		answer_identity(&auth_request, &outcome.who, response);
	if (!buf_ok(&response->headers))
		answer_unavailable(response);
	return true;
}
