#pragma once
/*
 * The token endpoint, at the addresses of the dialects (token_address.h):
 *
 *	GRANT	an access token and a refresh token for a user name and password (RFC 6749 §4.3),
 *		or new ones for a refresh token (§6);
 *	REVOKE	ends a token and the other one of its login (RFC 7009);
 *	INFO	describes the request's token, as Doorkeeper does.
 *
 * Reads from the request: POLYTASK_CALL "token", REQUEST_METHOD, REQUEST_URI (the path of the
 * address, from nginx's configuration), REMOTE_ADDR, the parameters grant_type, username, password,
 * scope, refresh_token and token (token_params.h), and for INFO the credential: HTTP_AUTHORIZATION
 * and ORIGINAL_URI. Clients have no credentials of their own: client_id, client_secret and a Basic
 * Authorization are ignored.
 *
 * Tokens have those rights of the user that the scope names; without a scope, all of them. A
 * refresh can only keep or narrow them.
 *
 * Too many failed logins: 429 with Retry-After, without checking the password (login_limit.h).
 * Refresh tokens have no such limit.
 */
#include "auth/auth_log.h"
#include "auth/auth_policy.h"
#include "auth/token_address.h"
#include "base/limit.h"
#include "http/request.h"
#include "http/response.h"
#include "store/store.h"

struct token_endpoint {
	struct store *store;
	struct limit *limit; /* of failed logins; NULL: unlimited */
	uint64_t burst;	     /* failed logins before the limit applies; 0: unlimited */
	int64_t now_us;	     /* monotonic, for the limit */
	const struct token_address *address;
	/* Of the dialect of the address: where INFO finds the token, and which tokens it accepts. */
	const struct auth_policy *policy;
	struct str dialect;
};

/*
 * Fills in the response and the log entry (zeroed by the caller). Changes are on disk on return.
 * Returns false only with ERR_PANIC; every other failure is a response.
 */
bool token_endpoint_answer(const struct token_endpoint *endpoint, const struct request *request,
	struct response *response, struct auth_log_entry *log_entry, struct err *err);
/* Writes an error that did not reach the endpoint, such as those of nginx. */
void token_endpoint_encode_error(const struct err *err, struct response *response);
