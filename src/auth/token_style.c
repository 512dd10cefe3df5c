#include "auth/token_style.h"

#include "task/right.h"

#define GRANT_INVALID                                                                        \
	"The provided authorization grant is invalid, expired, revoked, does not match the " \
	"redirection URI used in the authorization request, or was issued to another client."

/* The sentences of Doorkeeper, where it has one. */
static const struct token_refusal_row refusals[TOKEN_REFUSALS] = {
	[TOKEN_UNREADABLE] = { .status = 400,
		.error = "invalid_request",
		.description = "The parameters could not be read." },
	[TOKEN_MISSING_TYPE] = { .status = 400,
		.error = "invalid_request",
		.description = "Missing required parameter: grant_type." },
	[TOKEN_REPEATED] = { .status = 400,
		.error = "invalid_request",
		.description = "A parameter was sent more than once." },
	[TOKEN_UNSUPPORTED_TYPE] = { .status = 400,
		.error = "unsupported_grant_type",
		.description =
			"The authorization grant type is not supported by the authorization server." },
	[TOKEN_MISSING_USERNAME] = { .status = 400,
		.error = "invalid_grant",
		.description = GRANT_INVALID },
	[TOKEN_MISSING_PASSWORD] = { .status = 400,
		.error = "invalid_grant",
		.description = GRANT_INVALID },
	[TOKEN_MISSING_REFRESH] = { .status = 400,
		.error = "invalid_request",
		.description = "Missing required parameter: refresh_token." },
	[TOKEN_INVALID_LOGIN] = { .status = 400,
		.error = "invalid_grant",
		.description = GRANT_INVALID },
	[TOKEN_INVALID_REFRESH] = { .status = 400,
		.error = "invalid_grant",
		.description = GRANT_INVALID },
	[TOKEN_INVALID_SCOPE] = { .status = 400,
		.error = "invalid_scope",
		.description = "The requested scope is invalid, unknown, or malformed." },
	[TOKEN_INVALID_TOKEN] = { .status = 401,
		.error = "invalid_token",
		.description = "The access token is invalid",
		.state = "unauthorized" },
	[TOKEN_WRONG_METHOD] = { .status = 405,
		.error = "invalid_request",
		.description = "The method is not allowed here." },
	[TOKEN_UNAVAILABLE] = { .status = 503,
		.error = "temporarily_unavailable",
		.description = "The service is busy; try again shortly." },
	/* RFC 6749 has no error code for this; this one says that the condition is temporary. */
	[TOKEN_TOO_MANY] = { .status = 429,
		.error = "temporarily_unavailable",
		.description = "Too many logins have failed." },
};

/* ---- members ---- */

enum grant_member {
	GRANT_END, /* of a list */
	GRANT_ACCESS,
	GRANT_TYPE,
	GRANT_EXPIRES,
	GRANT_REFRESH,
	GRANT_REFRESH_EXPIRES,
	GRANT_NOT_BEFORE,
	GRANT_SCOPE,
	GRANT_CREATED
};

static void put_string(struct buf *body, const char *name, const char *value)
{
	buf_printf(body, "\"%s\":", name);
	buf_put_json_string(body, str_cstr(value));
}

static void put_number(struct buf *body, const char *name, int64_t value)
{
	buf_printf(body, "\"%s\":", name);
	buf_put_number(body, value);
}

static void put_member(
	struct buf *body, enum grant_member member, const struct token_grant_result *result)
{
	switch (member) {
	case GRANT_ACCESS:
		put_string(body, "access_token", result->tokens->access);
		break;
	case GRANT_TYPE:
		put_string(body, "token_type", "Bearer");
		break;
	case GRANT_EXPIRES:
		put_number(body, "expires_in", LOGIN_ACCESS_S);
		break;
	case GRANT_REFRESH:
		put_string(body, "refresh_token", result->tokens->refresh);
		break;
	case GRANT_REFRESH_EXPIRES:
		put_number(body, "refresh_expires_in", LOGIN_REFRESH_S);
		break;
	case GRANT_NOT_BEFORE:
		put_number(body, "not-before-policy", 0);
		break;
	case GRANT_SCOPE:
		put_string(body, "scope", result->scope);
		break;
	case GRANT_CREATED:
		put_number(body, "created_at", result->now / 1000);
		break;
	case GRANT_END:
		break;
	}
}

void token_style_put_grant(
	const struct token_style *style, struct buf *body, const struct token_grant_result *result)
{
	for (const uint8_t *member = style->grant; *member; member++) {
		buf_putc(body, member == style->grant ? '{' : ',');
		put_member(body, (enum grant_member) * member, result);
	}
	buf_putc(body, '}');
}

static const uint8_t doorkeeper_grant[] = { GRANT_ACCESS, GRANT_TYPE, GRANT_EXPIRES, GRANT_REFRESH,
	GRANT_SCOPE, GRANT_CREATED, GRANT_END };
static const uint8_t keycloak_grant[] = { GRANT_ACCESS, GRANT_EXPIRES, GRANT_REFRESH_EXPIRES,
	GRANT_REFRESH, GRANT_TYPE, GRANT_NOT_BEFORE, GRANT_SCOPE, GRANT_END };
static const uint8_t bshaffer_grant[] = { GRANT_ACCESS, GRANT_EXPIRES, GRANT_TYPE, GRANT_SCOPE,
	GRANT_REFRESH, GRANT_END };
/* In the order of RFC 6749 §5.1. */
static const uint8_t native_grant[] = { GRANT_ACCESS, GRANT_TYPE, GRANT_EXPIRES, GRANT_REFRESH,
	GRANT_SCOPE, GRANT_END };

/* ---- the styles ---- */

#define LOGIN_INCOMPLETE "Missing parameters: \"username\" and \"password\" required"

static const struct token_refusal_row keycloak_refusals[TOKEN_REFUSALS] = {
	[TOKEN_MISSING_TYPE] = { .status = 400,
		.error = "invalid_request",
		.description = "Missing form parameter: grant_type" },
	[TOKEN_UNSUPPORTED_TYPE] = { .status = 400,
		.error = "unsupported_grant_type",
		.description = "Unsupported grant_type" },
	[TOKEN_MISSING_USERNAME] = { .status = 401,
		.error = "invalid_request",
		.description = "Missing parameter: username" },
	[TOKEN_MISSING_PASSWORD] = { .status = 401,
		.error = "invalid_grant",
		.description = "Invalid user credentials" },
	[TOKEN_MISSING_REFRESH] = { .status = 400,
		.error = "invalid_request",
		.description = "No refresh token" },
	[TOKEN_INVALID_LOGIN] = { .status = 401,
		.error = "invalid_grant",
		.description = "Invalid user credentials" },
	[TOKEN_INVALID_REFRESH] = { .status = 400,
		.error = "invalid_grant",
		.description = "Invalid refresh token" },
	[TOKEN_INVALID_SCOPE] = { .status = 400,
		.error = "invalid_scope",
		.description = "Invalid scopes" },
};

static const struct token_refusal_row bshaffer_refusals[TOKEN_REFUSALS] = {
	[TOKEN_MISSING_TYPE] = { .status = 400,
		.error = "invalid_request",
		.description = "The grant type was not specified in the request" },
	[TOKEN_UNSUPPORTED_TYPE] = { .status = 400,
		.error = "unsupported_grant_type",
		.description = "Grant type not supported" },
	[TOKEN_MISSING_USERNAME] = { .status = 400,
		.error = "invalid_request",
		.description = LOGIN_INCOMPLETE },
	[TOKEN_MISSING_PASSWORD] = { .status = 400,
		.error = "invalid_request",
		.description = LOGIN_INCOMPLETE },
	[TOKEN_MISSING_REFRESH] = { .status = 400,
		.error = "invalid_request",
		.description = "Missing parameter: \"refresh_token\" is required" },
	[TOKEN_INVALID_LOGIN] = { .status = 401,
		.error = "invalid_grant",
		.description = "Invalid username and password combination" },
	[TOKEN_INVALID_REFRESH] = { .status = 400,
		.error = "invalid_grant",
		.description = "Invalid refresh token" },
	[TOKEN_INVALID_SCOPE] = { .status = 400,
		.error = "invalid_scope",
		.description = "An unsupported scope was requested" },
	[TOKEN_WRONG_METHOD] = { .status = 405,
		.error = "invalid_request",
		.description = "The request method must be POST when requesting an access token" },
};

static const struct token_refusal_row native_refusals[TOKEN_REFUSALS] = {
	[TOKEN_MISSING_TYPE] = { .status = 400,
		.error = "invalid_request",
		.description = "The parameter grant_type is missing." },
	[TOKEN_UNSUPPORTED_TYPE] = { .status = 400,
		.error = "unsupported_grant_type",
		.description = "grant_type must be password or refresh_token." },
	[TOKEN_MISSING_USERNAME] = { .status = 400,
		.error = "invalid_request",
		.description = "The parameter username is missing." },
	[TOKEN_MISSING_PASSWORD] = { .status = 400,
		.error = "invalid_request",
		.description = "The parameter password is missing." },
	[TOKEN_MISSING_REFRESH] = { .status = 400,
		.error = "invalid_request",
		.description = "The parameter refresh_token is missing." },
	[TOKEN_INVALID_LOGIN] = { .status = 400,
		.error = "invalid_grant",
		.description = "The user name or the password is wrong." },
	[TOKEN_INVALID_REFRESH] = { .status = 400,
		.error = "invalid_grant",
		.description = "The refresh token is invalid, expired, revoked or was replaced." },
	[TOKEN_INVALID_SCOPE] = { .status = 400,
		.error = "invalid_scope",
		.description = "scope must name rights that the user and the login have." },
};

const struct token_style token_styles[TOKEN_STYLES] = {
	[TOKEN_STYLE_DOORKEEPER] = {
		/* Exactly this: a published client compares the whole string. */
		.media_type = "application/json; charset=utf-8",
		.reads_query = true,
		.revoked = "{}",
		.challenge = "Bearer realm=\"Doorkeeper\"",
		.challenges_400 = true,
		.grant = doorkeeper_grant,
	},
	[TOKEN_STYLE_KEYCLOAK] = {
		.media_type = "application/json",
		.challenge = "Bearer realm=\"api\"",
		.revoked = "{}",
		.ignored_scopes = "openid profile email offline_access",
		.refusals = keycloak_refusals,
		.grant = keycloak_grant,
	},
	[TOKEN_STYLE_BSHAFFER] = {
		.media_type = "application/json",
		.challenge = "Bearer realm=\"api\"",
		.revoked = "{\"revoked\":true}",
		.refusals = bshaffer_refusals,
		.grant = bshaffer_grant,
	},
	[TOKEN_STYLE_NATIVE] = {
		.media_type = "application/json",
		.revoked = "{}",
		.challenge = "Bearer realm=\"polytask\"",
		.refusals = native_refusals,
		.grant = native_grant,
	},
};

/* ---- refusals ---- */

const struct token_refusal_row *token_style_refusal(
	const struct token_style *style, enum token_refusal refusal)
{
	return style->refusals && style->refusals[refusal].status ? &style->refusals[refusal]
								  : &refusals[refusal];
}

void token_style_put_error(struct buf *body, const struct token_refusal_row *row)
{
	buf_putc(body, '{');
	put_string(body, "error", row->error);
	buf_putc(body, ',');
	put_string(body, "error_description", row->description);
	if (row->state) {
		buf_putc(body, ',');
		put_string(body, "state", row->state);
	}
	buf_putc(body, '}');
}

static void add_challenge(const struct token_style *style, const struct token_refusal_row *row,
	struct response *response)
{
	struct buf challenge = BUF_INIT;

	buf_printf(&challenge, "%s, error=\"%s\", error_description=\"%s\"", style->challenge,
		row->error, row->description);
	if (buf_ok(&challenge))
		response_add_header(response, "WWW-Authenticate", buf_str(&challenge));
	buf_free(&challenge);
}

void token_style_refuse(
	const struct token_style *style, enum token_refusal refusal, struct response *response)
{
	const struct token_refusal_row *row = token_style_refusal(style, refusal);

	response->status = row->status;
	token_style_put_error(&response->body, row);
	if (row->status == 401 || (row->status == 400 && style->challenges_400))
		add_challenge(style, row, response);
}

void token_style_format_scope(unsigned rights, char *text, size_t size)
{
	rights_format(rights, text, size);
	for (char *at = text; *at; at++) {
		if (*at == ',')
			*at = ' ';
	}
}
