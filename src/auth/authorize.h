#pragma once
/*
 * The authorizer: who a request's credential stands for. The web server asks before every request
 * (auth_request) and passes on what it is told; the application itself never sees a credential in a
 * header, and takes no notice of one in a query.
 *
 * The question comes as a struct request whose parameters are listed by hand in nginx/:
 * POLYTASK_CALL "authorize", POLYTASK_DIALECT (which dialect's rules apply), ORIGINAL_METHOD,
 * ORIGINAL_URI, ORIGINAL_SCHEME, HTTP_HOST, HTTP_DATE, HTTP_CONTENT_TYPE, HTTP_CONTENT_MD5,
 * HTTP_AUTHORIZATION, HTTP_X_API_KEY, HTTP_X_VIRTSHELL_AUTHORIZATION. A body comes only where the
 * web server asks with the whole request instead of beside it, for a credential in a form; it then
 * says in POLYTASK_CONTINUE where a yes leads.
 *
 * The answer: 204 with X-Polytask-User, -Tenant, -Rights and -Dialect (rights "none" where the
 * credential is limited to other dialects), and with X-Accel-Redirect if there was a
 * POLYTASK_CONTINUE; or 401 (VirtShell 403) with
 * X-Polytask-Reason, one of the words below, which picks one of the static bodies, and the
 * dialect's WWW-Authenticate. 503 when the store cannot say: never mistaken for a refusal.
 */
#include "auth/auth_log.h"
#include "auth/auth_rules.h"
#include "http/request.h"
#include "http/response.h"
#include "store/store.h"

/*
 * False only with ERR_PANIC; every other outcome is an answer. Decodes into request->arena. The note,
 * which comes zeroed, says what the log may tell.
 */
bool authorize(struct store *store, const struct auth_clock_skew *rules,
	const struct request *request, struct response *response, struct auth_log_entry *log_entry,
	struct err *err);
