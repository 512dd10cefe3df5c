#pragma once
/*
 * Internal to src/auth: the parameters of a request to the token endpoint, as Rails reads them:
 * from the query, and from a body that is a form, multipart/form-data or a JSON object. A parameter
 * of the body replaces that of the query. A body without a type is a form. A body of another type
 * has no parameters.
 */
#include "base/err.h"
#include "http/request.h"

enum token_param {
	TOKEN_GRANT_TYPE,
	TOKEN_USERNAME,
	TOKEN_PASSWORD,
	TOKEN_SCOPE,
	TOKEN_REFRESH_TOKEN,
	TOKEN_TOKEN, /* to be revoked */
	TOKEN_PARAMS
};

enum token_params_fault {
	TOKEN_PARAMS_VALID,
	TOKEN_PARAMS_UNREADABLE,
	TOKEN_PARAMS_REPEATED, /* in the query or in the body (RFC 6749 §3.2) */
};

struct token_params {
	/* Borrowed from the request and its arena; ptr is NULL if absent. */
	struct str values[TOKEN_PARAMS];
	enum token_params_fault fault;
};

/*
 * Ignores unknown parameters, and the query unless reads_query is set. False only with
 * ERR_NO_MEMORY.
 */
bool token_params_read(struct token_params *params, const struct request *request, bool reads_query,
	struct err *err);
