#include "auth/grant.h"

#include "auth/attempt.h"
#include "auth/entry.h"
#include "auth/password.h"
#include "auth/principal.h"
#include "http/query.h"
#include "task/right.h"

#define PARAMS_MAX 16

enum refusal {
	GRANTED,
	INVALID_REQUEST,
	MISSING_TYPE,
	REPEATED,
	UNSUPPORTED_TYPE,
	INVALID_GRANT,
	WRONG_METHOD,
	UNAVAILABLE,
	TOO_MANY,
	REFUSALS
};

/* Doorkeeper's sentences where it has one. */
static const struct {
	int status;
	const char *error, *description;
} refusals[REFUSALS] = {
	[INVALID_REQUEST] = { 400, "invalid_request", "The form could not be read." },
	[MISSING_TYPE] = { 400, "invalid_request", "Missing required parameter: grant_type." },
	[REPEATED] = { 400, "invalid_request", "A parameter was sent more than once." },
	[UNSUPPORTED_TYPE] = { 400, "unsupported_grant_type",
		"The authorization grant type is not supported by the authorization server." },
	[INVALID_GRANT] = { 400, "invalid_grant",
		"The provided authorization grant is invalid, expired, revoked, does not match the "
		"redirection URI used in the authorization request, or was issued to another "
		"client." },
	[WRONG_METHOD] = { 405, "invalid_request", "The method is not allowed here." },
	[UNAVAILABLE] = { 503, "temporarily_unavailable",
		"The service is busy; try again shortly." },
	/* RFC 6749 has no word for it; this one says that it passes. */
	[TOO_MANY] = { 429, "temporarily_unavailable", "Too many logins have failed." },
};

/* Why no token is given; GRANTED while nothing speaks against it. */
struct outcome {
	enum refusal refusal;
	unsigned seconds; /* until it may go better */
};

struct form {
	struct str type, username, password;
};

static bool take_param(struct form *form, const struct pair *pair)
{
	const struct {
		const char *name;
		struct str *to;
	} known[] = {
		{ "grant_type", &form->type },
		{ "username", &form->username },
		{ "password", &form->password },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!str_eq(pair->name, str_of(known[i].name)))
			continue;
		if (known[i].to->ptr)
			return false;
		*known[i].to = pair->value;
	}
	return true;
}

/* Unknown parameters (client_id, scope) are ignored. */
static bool read_form(
	const struct request *request, struct form *form, enum refusal *refusal, struct err *err)
{
	struct pair pairs[PARAMS_MAX];
	size_t count;

	if (!query_split(pairs, PARAMS_MAX, &count, request->body, request->mem, err)) {
		*refusal = INVALID_REQUEST;
		return err->code != ERR_NO_MEMORY;
	}
	for (size_t i = 0; i < count; i++) {
		if (!take_param(form, &pairs[i]))
			*refusal = REPEATED;
	}
	if (*refusal == GRANTED && form->type.len == 0)
		*refusal = MISSING_TYPE;
	else if (*refusal == GRANTED && !str_eq(form->type, STR("password")))
		*refusal = UNSUPPORTED_TYPE;
	return true;
}

/* Whose name it is; somebody without a password where it is nobody's, or not to be let in. */
static bool find_user(
	struct store *store, struct str name, int64_t now, struct user *user, struct err *err)
{
	char text[AUTH_NAME_MAX] = "";

	*user = (struct user){ 0 };
	if (!auth_is_name(name))
		return true;
	memcpy(text, name.ptr, name.len);
	if (!user_get(store, text, user, err))
		return err->code == ERR_NOT_FOUND;
	if (!user_may_log_in(user, now))
		user->password[0] = '\0';
	return true;
}

/* Whether it is her password; a failure stays counted. */
static bool check_password(const struct granting *granting, const struct form *form, int64_t now,
	const struct attempt *attempt, struct user *user, enum refusal *refusal, struct err *err)
{
	bool matches = false;
	bool ok = find_user(granting->store, form->username, now, user, err) &&
		  password_check(form->password, user->password, &matches, err);

	if (ok && !matches)
		*refusal = INVALID_GRANT;
	else
		attempt_give(attempt);
	return ok;
}

static bool check_form(const struct granting *granting, const struct request *request,
	const struct form *form, struct user *user, struct outcome *outcome, struct err *err)
{
	struct attempt attempt;

	attempt_begin(&attempt, granting->limit, granting->burst, granting->now_us, form->username,
		request_param(request, "REMOTE_ADDR"));
	if (attempt_take(&attempt, &outcome->seconds))
		return check_password(
			granting, form, request->now, &attempt, user, &outcome->refusal, err);
	outcome->refusal = TOO_MANY;
	return true;
}

/* ---- the answer ---- */

static void put_rights(struct buf *out, unsigned rights)
{
	char text[RIGHTS_TEXT_SIZE];

	rights_format(rights, text, sizeof(text));
	for (char *at = text; *at; at++) {
		if (*at == ',')
			*at = ' ';
	}
	buf_put_json(out, str_of(text));
}

static void answer_token(
	const char *token, const struct user *user, int64_t now, struct response *response)
{
	struct buf *body = &response->body;

	response->status = 200;
	buf_puts(body, "{\"access_token\":");
	buf_put_json(body, str_of(token));
	buf_printf(body, ",\"token_type\":\"Bearer\",\"expires_in\":%d,\"scope\":", GRANT_SECONDS);
	put_rights(body, user->rights);
	buf_puts(body, ",\"created_at\":");
	buf_put_number(body, now / 1000);
	buf_putc(body, '}');
}

static void answer_refusal(const struct outcome *outcome, struct response *response)
{
	enum refusal refusal = outcome->refusal;

	response->status = refusals[refusal].status;
	if (refusal == WRONG_METHOD)
		response_header(response, "Allow", STR("POST"));
	response_retry(response, outcome->seconds);
	buf_puts(&response->body, "{\"error\":");
	buf_put_json(&response->body, str_of(refusals[refusal].error));
	buf_puts(&response->body, ",\"error_description\":");
	buf_put_json(&response->body, str_of(refusals[refusal].description));
	buf_putc(&response->body, '}');
}

/* The media type to the letter: a client in public code compares it with this text. */
static void finish(struct response *response)
{
	response->media_type = "application/json; charset=utf-8";
	response_header(response, "Cache-Control", STR("no-store"));
	response_header(response, "Pragma", STR("no-cache"));
	if (buf_ok(&response->head) && buf_ok(&response->body))
		return;
	response_reset(response);
	response->status = 503;
}

static bool grant(const struct granting *granting, const struct request *request,
	struct response *response, struct outcome *outcome, struct auth_note *note, struct err *err)
{
	char token[AUTH_TOKEN_MAX];
	struct form form = { 0 };
	struct user user = { 0 };
	bool ok;

	if (!str_eq(request_param(request, "REQUEST_METHOD"), STR("POST"))) {
		outcome->refusal = WRONG_METHOD;
		return true;
	}
	if (!read_form(request, &form, &outcome->refusal, err))
		return false;
	if (outcome->refusal != GRANTED)
		return true;
	ok = check_form(granting, request, &form, &user, outcome, err);
	memcpy(note->name, user.name, sizeof(note->name));
	if (ok && outcome->refusal == GRANTED) {
		ok = token_add_login(granting->store, &user,
			request->now + (int64_t)GRANT_SECONDS * 1000, request->now, token, err);
		if (ok)
			answer_token(token, &user, request->now, response);
		explicit_bzero(token, sizeof(token));
	}
	return ok;
}

bool grant_answer(const struct granting *granting, const struct request *request,
	struct response *response, struct auth_note *note, struct err *err)
{
	struct outcome outcome = { .refusal = GRANTED };

	if (!grant(granting, request, response, &outcome, note, err)) {
		if (err->code == ERR_PANIC)
			return false;
		outcome.refusal = UNAVAILABLE;
	}
	if (outcome.refusal != GRANTED) {
		note->reason = outcome.refusal == TOO_MANY ? "limited"
							   : refusals[outcome.refusal].error;
		answer_refusal(&outcome, response);
	}
	finish(response);
	return true;
}
