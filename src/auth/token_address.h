#pragma once
/*
 * The addresses at which a dialect's clients obtain, renew, revoke and inspect tokens: constant
 * data of struct dialect. nginx/generate.c writes a location for each.
 */

enum token_call {
	TOKEN_CALL_NONE = 0,
	TOKEN_CALL_GRANT, /* POST: tokens for a password or a refresh token (RFC 6749 §4.3, §6) */
	TOKEN_CALL_REVOKE, /* POST: ends a token (RFC 7009) */
	TOKEN_CALL_INFO,   /* GET: the rights and the lifetime of the request's token */
	TOKEN_CALLS
};

/* The OAuth server whose parameters, sentences and members an address has (token_style.h). */
enum token_style_name {
	TOKEN_STYLE_DOORKEEPER, /* IDOL's */
	TOKEN_STYLE_KEYCLOAK,	/* 4HSE's */
	TOKEN_STYLE_BSHAFFER,	/* oauth2-server-php, 4HSE's older one */
	TOKEN_STYLE_NATIVE,	/* RFC 6749, in our own sentences */
	TOKEN_STYLES
};

struct token_address {
	const char *path; /* the whole path */
	enum token_call call;
	enum token_style_name style;
};
#define TOKEN_ADDRESS_END \
	{                 \
		0         \
	}
