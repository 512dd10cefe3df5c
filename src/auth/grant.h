#pragma once
/*
 * POST /oauth/token: a token for a name and a password (RFC 6749 §4.3), as IDOL's server answers it
 * (contract §4.8). Refresh tokens are not made; a client asks again.
 *
 * The question comes as a struct request with POLYTASK_CALL "token", REQUEST_METHOD, and the form
 * in the body: grant_type, username, password.
 */
#include "http/request.h"
#include "http/response.h"
#include "store/store.h"

#define GRANT_SECONDS 7200
/* The tokens made here have it; those that ended a day ago are removed by the keeper. */
#define GRANT_LABEL   "oauth"
#define GRANT_KEEP_MS ((int64_t)24 * 3600 * 1000)

/* False only with ERR_PANIC; every other outcome is an answer. The token is on disk by then. */
bool grant_answer(struct store *store, const struct request *request, struct response *response,
	struct err *err);
