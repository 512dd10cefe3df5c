#pragma once
/*
 * The authorizer: identifies the principal of a request's credential. nginx asks before every
 * request (auth_request) and passes the result on; the application never sees a credential in a
 * header field and ignores those in a query.
 *
 * The parameters of the request, which nginx/ lists one by one: POLYTASK_CALL "authorize",
 * POLYTASK_DIALECT, ORIGINAL_METHOD, ORIGINAL_URI, ORIGINAL_SCHEME, HTTP_HOST, HTTP_DATE,
 * HTTP_CONTENT_TYPE, HTTP_CONTENT_MD5, HTTP_AUTHORIZATION, POLYTASK_TOKEN (the token under which
 * nginx caches the decision; empty if it does not), and the header fields that dialects
 * name as sources of credentials (auth_policy.h). It has a body only if nginx forwards the whole
 * request, for a credential in a form; POLYTASK_CONTINUE then names the location for an accepted
 * request.
 *
 * The response is one of
 *	204 with X-Polytask-User, -Tenant, -Rights and -Dialect (rights "none" if the credential is
 *	limited to other dialects), X-Polytask-Expires (ms) if it ends, and X-Accel-Redirect if there
 *	was a POLYTASK_CONTINUE;
 *	the policy's refusal status, 401 or 403, with X-Polytask-Reason, which selects one of
 *	nginx's static bodies, and the policy's WWW-Authenticate;
 *	503 if the store cannot be read, so that clients do not take the failure for a refusal.
 */
#include "auth/auth_log.h"
#include "auth/auth_policy.h"
#include "http/request.h"
#include "http/response.h"
#include "store/store.h"

/*
 * Authorizes one request. policy is that of the dialect in POLYTASK_DIALECT; NULL if no dialect has
 * this name: every credential is then refused. clock_skew_ms is the value of the policy's
 * clock_skew_option. Decodes into request->arena; *log_entry must be zeroed. False only with
 * ERR_PANIC.
 */
bool authorize(struct store *store, const struct auth_policy *policy, int64_t clock_skew_ms,
	const struct request *request, struct response *response, struct auth_log_entry *log_entry,
	struct err *err);
