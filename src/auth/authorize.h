#pragma once
/*
 * The authorizer: who a request's credential stands for. The web server asks before every request
 * (auth_request) and passes on what it is told; the application itself never sees a credential.
 *
 * The question comes as a struct request whose parameters are listed by hand in nginx/:
 * POLYTASK_CALL "authorize", POLYTASK_DIALECT (which dialect's rules apply), ORIGINAL_METHOD,
 * ORIGINAL_URI, ORIGINAL_SCHEME, HTTP_HOST, HTTP_DATE, HTTP_CONTENT_TYPE, HTTP_CONTENT_MD5,
 * HTTP_AUTHORIZATION, HTTP_X_VIRTSHELL_AUTHORIZATION.
 *
 * The answer: 204 with X-Polytask-User, -Tenant, -Rights and -Dialect; or 403 (401 for bearers)
 * with X-Polytask-Reason: AccessDenied, SignatureDoesNotMatch or RequestTimeTooSkewed, which picks
 * one of the static bodies. 503 when the store cannot say: never mistaken for a refusal.
 */
#include "http/request.h"
#include "http/response.h"
#include "store/store.h"

struct auth_rules {
	int64_t signature_ms; /* how far a signed request's Date may be off */
};

/* False only with ERR_PANIC; every other outcome is an answer. */
bool authorize(struct store *store, const struct auth_rules *rules, const struct request *request,
	struct response *response, struct err *err);
