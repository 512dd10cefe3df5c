#pragma once
/*
 * Internal to src/auth: the grants of the token endpoint, grant_type=password and
 * grant_type=refresh_token.
 */
#include "auth/auth_log.h"
#include "auth/token_endpoint.h"
#include "auth/token_params.h"
#include "auth/token_style.h"

struct grant {
	enum token_refusal refusal; /* TOKEN_ACCEPTED until a check fails */
	unsigned seconds;	    /* for Retry-After; 0: unknown */
	unsigned rights;	    /* of the tokens */
	struct login_tokens tokens; /* the caller wipes them */
};

/*
 * Adds the tokens that the parameters ask for, or sets grant->refusal. *grant is zeroed by the
 * caller. False only if the store or an allocation failed.
 */
bool token_grant(const struct token_endpoint *endpoint, const struct request *request,
	const struct token_params *params, struct grant *grant, struct auth_log_entry *log_entry,
	struct err *err);
