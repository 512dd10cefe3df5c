#pragma once
/*
 * POST /oauth/token: issues a token for a user name and password (RFC 6749 §4.3), in the response
 * format of IDOL's server (src/dialect/idol/README.md). There are no refresh tokens; clients log in
 * again.
 *
 * Reads from the request: POLYTASK_CALL "token", REQUEST_METHOD, REMOTE_ADDR, and the parameters
 * grant_type, username, password and scope (token_params.h). The token has those rights of the user
 * that the scope names; without a scope, all of them.
 *
 * Too many failed logins: 429 with Retry-After, without checking the password (login_limit.h).
 */
#include "auth/auth_log.h"
#include "base/limit.h"
#include "http/request.h"
#include "http/response.h"

#define TOKEN_ENDPOINT_PATH	  "/oauth/token"
#define TOKEN_ENDPOINT_LIFETIME_S 7200

struct token_endpoint {
	struct store *store;
	struct limit *limit; /* of failed logins; NULL: unlimited */
	uint64_t burst;	     /* failed logins before the limit applies; 0: unlimited */
	int64_t now_us;	     /* monotonic, for the limit */
};

/*
 * Fills in the response and the log entry (zeroed by the caller). The token is on disk on return.
 * Returns false only with ERR_PANIC; every other failure is a response.
 */
bool token_endpoint_answer(const struct token_endpoint *endpoint, const struct request *request,
	struct response *response, struct auth_log_entry *log_entry, struct err *err);
/* Writes an error that did not reach the endpoint, such as those of nginx. */
void token_endpoint_encode_error(const struct err *err, struct response *response);
