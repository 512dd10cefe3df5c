#include "auth/token_endpoint.h"

#include "auth/login_limit.h"
#include "auth/token.h"
#include "auth/token_params.h"
#include "auth/user_network.h"
#include "task/right.h"

/* Exactly this: a published client compares the whole string. */
#define MEDIA_TYPE "application/json; charset=utf-8"

enum refusal {
	GRANTED,
	INVALID_REQUEST,
	MISSING_TYPE,
	REPEATED,
	UNSUPPORTED_TYPE,
	INVALID_GRANT,
	INVALID_SCOPE,
	WRONG_METHOD,
	UNAVAILABLE,
	TOO_MANY,
	REFUSALS
};

/* The sentences of Doorkeeper, IDOL's OAuth library, where it has one. */
static const struct {
	int status;
	const char *error;
	const char *description; /* NULL: the sentence of `code` */
	enum err_code code;
} refusals[REFUSALS] = {
	[INVALID_REQUEST] = { 400, "invalid_request",
		.description = "The parameters could not be read." },
	[MISSING_TYPE] = { 400, "invalid_request",
		.description = "Missing required parameter: grant_type." },
	[REPEATED] = { 400, "invalid_request",
		.description = "A parameter was sent more than once." },
	[UNSUPPORTED_TYPE] = { 400, "unsupported_grant_type",
		.description =
			"The authorization grant type is not supported by the authorization server." },
	[INVALID_GRANT] = { 400, "invalid_grant",
		.description =
			"The provided authorization grant is invalid, expired, revoked, does not match the "
			"redirection URI used in the authorization request, or was issued to another "
			"client." },
	[INVALID_SCOPE] = { 400, "invalid_scope",
		.description = "The requested scope is invalid, unknown, or malformed." },
	[WRONG_METHOD] = { 405, "invalid_request", .code = ERR_METHOD },
	[UNAVAILABLE] = { 503, "temporarily_unavailable", .code = ERR_BUSY },
	/* RFC 6749 has no error code for this; this one says that the condition is temporary. */
	[TOO_MANY] = { 429, "temporarily_unavailable",
		.description = "Too many logins have failed." },
};

struct login_result {
	enum refusal refusal; /* GRANTED until a check fails */
	unsigned seconds;     /* for Retry-After; 0: unknown */
};

/* Sets *refusal if the parameters are not those of a login. False: no memory. */
static bool read_params(const struct request *request, struct token_params *params,
	enum refusal *refusal, struct err *err)
{
	static const enum refusal faults[] = {
		[TOKEN_PARAMS_VALID] = GRANTED,
		[TOKEN_PARAMS_UNREADABLE] = INVALID_REQUEST,
		[TOKEN_PARAMS_REPEATED] = REPEATED,
	};
	struct str type;

	if (!token_params_read(params, request, err))
		return false;
	type = params->values[TOKEN_GRANT_TYPE];
	*refusal = faults[params->fault];
	if (*refusal == GRANTED && type.len == 0)
		*refusal = MISSING_TYPE;
	else if (*refusal == GRANTED && !str_eq(type, STR("password")))
		*refusal = UNSUPPORTED_TYPE;
	return true;
}

/* Parses rights separated by spaces; none at all mean every right. */
static bool parse_scope(unsigned *rights, struct str scope)
{
	unsigned all = RIGHT_NONE;

	while (scope.len > 0) {
		struct str word = str_split_next(&scope, ' ');
		unsigned right;

		if (word.len == 0)
			continue;
		if (memchr(word.ptr, ',', word.len) || !rights_parse(&right, word) ||
			right == RIGHT_NONE)
			return false;
		all |= right;
	}
	*rights = all != RIGHT_NONE ? all : (unsigned)RIGHT_ALL;
	return true;
}

/* Leaves the user those rights that were asked for. */
static void narrow_rights(struct user *user, struct str scope, enum refusal *refusal)
{
	unsigned asked = RIGHT_NONE;

	if (!parse_scope(&asked, scope) || (asked & user->rights) == RIGHT_NONE)
		*refusal = INVALID_SCOPE;
	else
		user->rights &= asked;
}

/* Reads the user; one without a password if the user is unknown or may not log in. */
static bool find_user(
	struct store *store, struct str name, int64_t now, struct user *user, struct err *err)
{
	char text[USER_NAME_MAX] = "";

	*user = (struct user){ 0 };
	if (!user_name_is_valid(name))
		return true;
	memcpy(text, name.ptr, name.len);
	if (!user_get(store, text, user, err))
		return err->code == ERR_NOT_FOUND;
	if (!user_may_log_in(user, now))
		user->password_hash[0] = '\0';
	return true;
}

/* A mismatch stays counted; a match, or an error of the store, is uncounted. */
static bool check_password(const struct token_params *params, const struct login_limit *login_limit,
	const struct user *user, enum refusal *refusal, struct err *err)
{
	bool matches = false;
	bool ok = password_check(
		params->values[TOKEN_PASSWORD], user->password_hash, &matches, err);

	if (ok && !matches)
		*refusal = INVALID_GRANT;
	else
		login_limit_refund(login_limit);
	return ok;
}

static bool check_login(const struct token_endpoint *endpoint, const struct request *request,
	const struct token_params *params, struct user *user, struct login_result *login_result,
	struct err *err)
{
	uint8_t bytes[16];
	struct str name = params->values[TOKEN_USERNAME];
	struct login_attempt attempt = { .name = name,
		.network = limit_network(request_cgi_param(request, "REMOTE_ADDR"), bytes) };
	struct login_limit login_limit;

	if (!find_user(endpoint->store, name, request->now, user, err))
		return false;
	attempt.known_network = user_knows_network(user, attempt.network);
	login_limit_init(
		&login_limit, endpoint->limit, endpoint->burst, endpoint->now_us, &attempt);
	if (!login_limit_take(&login_limit, &login_result->seconds)) {
		login_result->refusal = TOO_MANY;
		return true;
	}
	if (!check_password(params, &login_limit, user, &login_result->refusal, err))
		return false;
	return login_result->refusal != GRANTED ||
	       user_note_network(endpoint->store, user, attempt.network, err);
}

/* ---- the response ---- */

static void put_rights(struct buf *out, unsigned rights)
{
	char text[RIGHTS_TEXT_SIZE];

	rights_format(rights, text, sizeof(text));
	for (char *at = text; *at; at++) {
		if (*at == ',')
			*at = ' ';
	}
	buf_put_json_string(out, str_cstr(text));
}

static void answer_token(
	const char *token, const struct user *user, int64_t now, struct response *response)
{
	struct buf *body = &response->body;

	response->status = 200;
	buf_puts(body, "{\"access_token\":");
	buf_put_json_string(body, str_cstr(token));
	buf_printf(body, ",\"token_type\":\"Bearer\",\"expires_in\":%d,\"scope\":",
		TOKEN_ENDPOINT_LIFETIME_S);
	put_rights(body, user->rights);
	buf_puts(body, ",\"created_at\":");
	buf_put_number(body, now / 1000);
	buf_putc(body, '}');
}

static void put_error(struct response *response, const char *error, const char *description)
{
	buf_puts(&response->body, "{\"error\":");
	buf_put_json_string(&response->body, str_cstr(error));
	buf_puts(&response->body, ",\"error_description\":");
	buf_put_json_string(&response->body, str_cstr(description));
	buf_putc(&response->body, '}');
}

void token_endpoint_encode_error(const struct err *err, struct response *response)
{
	bool temporary;

	response->status = err_status(err->code);
	response->media_type = MEDIA_TYPE;
	temporary = response->status == 429 || response->status == 503;
	put_error(
		response, temporary ? "temporarily_unavailable" : "invalid_request", err_text(err));
}

static void answer_refusal(const struct login_result *login_result, struct response *response)
{
	enum refusal refusal = login_result->refusal;
	const struct err err = { .code = refusals[refusal].code };
	const char *description = refusals[refusal].description;

	response->status = refusals[refusal].status;
	if (refusal == WRONG_METHOD)
		response_add_header(response, "Allow", STR("POST"));
	response_add_retry_after(response, login_result->seconds);
	put_error(response, refusals[refusal].error, description ? description : err_text(&err));
}

static void finish(struct response *response)
{
	response->media_type = MEDIA_TYPE;
	response_add_header(response, "Cache-Control", STR("no-store"));
	response_add_header(response, "Pragma", STR("no-cache"));
	if (buf_ok(&response->headers) && buf_ok(&response->body))
		return;
	response_reset(response);
	response->status = 503;
}

static bool handle_login(const struct token_endpoint *endpoint, const struct request *request,
	struct response *response, struct login_result *login_result,
	struct auth_log_entry *log_entry, struct err *err)
{
	char token[AUTH_TOKEN_MAX];
	struct token_params params;
	struct user user = { 0 };
	bool ok;

	if (!str_eq(request_cgi_param(request, "REQUEST_METHOD"), STR("POST"))) {
		login_result->refusal = WRONG_METHOD;
		return true;
	}
	if (!read_params(request, &params, &login_result->refusal, err))
		return false;
	if (login_result->refusal != GRANTED)
		return true;
	ok = check_login(endpoint, request, &params, &user, login_result, err);
	if (ok && login_result->refusal == GRANTED)
		narrow_rights(&user, params.values[TOKEN_SCOPE], &login_result->refusal);
	if (login_result->refusal != TOO_MANY)
		memcpy(log_entry->name, user.name, sizeof(log_entry->name));
	if (ok && login_result->refusal == GRANTED) {
		ok = token_add_login(endpoint->store, &user,
			request->now + (int64_t)TOKEN_ENDPOINT_LIFETIME_S * 1000, request->now,
			token, err);
		if (ok)
			answer_token(token, &user, request->now, response);
		explicit_bzero(token, sizeof(token));
	}
	return ok;
}

bool token_endpoint_answer(const struct token_endpoint *endpoint, const struct request *request,
	struct response *response, struct auth_log_entry *log_entry, struct err *err)
{
	struct login_result login_result = { .refusal = GRANTED };

	if (!handle_login(endpoint, request, response, &login_result, log_entry, err)) {
		if (err->code == ERR_PANIC)
			return false;
		login_result.refusal = UNAVAILABLE;
	}
	if (login_result.refusal != GRANTED) {
		log_entry->reason = login_result.refusal == TOO_MANY
					    ? "limited"
					    : refusals[login_result.refusal].error;
		answer_refusal(&login_result, response);
	}
	finish(response);
	return true;
}
