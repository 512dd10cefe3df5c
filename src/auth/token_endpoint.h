#pragma once
/*
 * POST /oauth/token: a token for a name and a password (RFC 6749 §4.3), as IDOL's server answers it
 * (contract §4.8). Refresh tokens are not made; a client asks again.
 *
 * The question comes as a struct request with POLYTASK_CALL "token", REQUEST_METHOD, and the form
 * in the body: grant_type, username, password; and REMOTE_ADDR, who asks. Who has failed too often
 * is refused without a look at the password (login_limit.h): 429 with Retry-After.
 */
#include "auth/auth_log.h"
#include "base/limit.h"
#include "http/request.h"
#include "http/response.h"

#define TOKEN_ENDPOINT_LIFETIME_S 7200
/* The tokens made here have it; those that ended a day ago are removed by the keeper. */
#define TOKEN_ENDPOINT_LABEL	    "oauth"
#define TOKEN_ENDPOINT_RETENTION_MS ((int64_t)24 * 3600 * 1000)

struct token_endpoint {
	struct store *store;
	struct limit *limit; /* of failed logins; NULL: none */
	uint64_t burst;	     /* failures at once; 0: no limit */
	int64_t now_us;	     /* the limiter's clock */
};

/*
 * False only with ERR_PANIC; every other outcome is an answer. The token is on disk by then. The
 * note, which comes zeroed, says what the log may tell.
 */
bool token_endpoint_answer(const struct token_endpoint *granting, const struct request *request,
	struct response *response, struct auth_log_entry *log_entry, struct err *err);
