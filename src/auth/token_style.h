#pragma once
/*
 * Internal to src/auth: the responses of the token endpoint, in the members and sentences of the
 * OAuth server whose clients use the address.
 */
#include "auth/login_tokens.h"
#include "auth/token_address.h"
#include "http/response.h"

enum token_refusal {
	TOKEN_ACCEPTED,
	TOKEN_UNREADABLE,	/* the parameters */
	TOKEN_MISSING_TYPE,	/* no grant_type */
	TOKEN_REPEATED,		/* a parameter */
	TOKEN_UNSUPPORTED_TYPE, /* of grant */
	TOKEN_MISSING_USERNAME,
	TOKEN_MISSING_PASSWORD,
	TOKEN_MISSING_REFRESH,
	TOKEN_INVALID_LOGIN,
	TOKEN_INVALID_REFRESH,
	TOKEN_INVALID_SCOPE,
	TOKEN_INVALID_TOKEN, /* of a request for information */
	TOKEN_WRONG_METHOD,
	TOKEN_UNAVAILABLE,
	TOKEN_TOO_MANY,
	TOKEN_REFUSALS
};

struct token_refusal_row {
	int status; /* 0 in a style: the row of Doorkeeper */
	const char *error;
	const char *description;
	const char *state; /* NULL: none */
};

/* Texts are borrowed. */
struct token_grant_result {
	const struct login_tokens *tokens;
	const char *scope; /* rights separated by spaces */
	int64_t now;
};

struct token_style {
	const char *media_type;
	bool reads_query; /* parameters may also be in the query */
	/* Words that `scope` may have and that mean no right, separated by spaces; NULL: none. */
	const char *ignored_scopes;
	const char *revoked;   /* the body of a revocation */
	const char *challenge; /* begins WWW-Authenticate of a 401 (RFC 9110 §15.5.2) */
	bool challenges_400;   /* also of a 400 */
	const struct token_refusal_row *refusals; /* indexed by enum token_refusal; NULL: none */
	const uint8_t *grant; /* the members of a grant, in their order (token_style.c) */
};

extern const struct token_style token_styles[TOKEN_STYLES];

const struct token_refusal_row *token_style_refusal(
	const struct token_style *style, enum token_refusal refusal);
/* Writes the body of a grant: a JSON object. */
void token_style_put_grant(
	const struct token_style *style, struct buf *body, const struct token_grant_result *result);
/* Writes status, body and WWW-Authenticate of a refusal. */
void token_style_refuse(
	const struct token_style *style, enum token_refusal refusal, struct response *response);
/* Writes {"error":...,"error_description":...}. */
void token_style_put_error(struct buf *body, const struct token_refusal_row *row);
/* Writes rights separated by spaces; size is RIGHTS_TEXT_SIZE. */
void token_style_format_scope(unsigned rights, char *text, size_t size);
