#include "auth/token_grant.h"

#include "auth/login_limit.h"
#include "auth/user_network.h"
#include "task/right.h"

static bool refuse(struct grant *grant, enum token_refusal refusal)
{
	grant->refusal = refusal;
	return true;
}

/* ---- scope ---- */

static bool has_word(const char *words, struct str word)
{
	struct str rest = str_cstr(words ? words : "");

	while (rest.len > 0) {
		if (str_eq(str_split_next(&rest, ' '), word))
			return true;
	}
	return false;
}

/* Parses rights separated by spaces; 0 if there are none. */
static bool parse_scope(unsigned *rights, struct str scope, const char *ignored)
{
	unsigned all = RIGHT_NONE;

	while (scope.len > 0) {
		struct str word = str_split_next(&scope, ' ');
		unsigned right;

		if (word.len == 0 || has_word(ignored, word))
			continue;
		if (memchr(word.ptr, ',', word.len) || !rights_parse(&right, word) ||
			right == RIGHT_NONE)
			return false;
		all |= right;
	}
	*rights = all;
	return true;
}

/* ---- the limit of failures ---- */

static struct str network_of(const struct request *request, uint8_t bytes[16])
{
	return limit_network(request_cgi_param(request, "REMOTE_ADDR"), bytes);
}

/* ---- grant_type=password ---- */

/* Reads the user. It has no password if it is unknown or may not log in. */
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

/* A missing parameter counts as a failed login too; only the sentence differs. */
static enum token_refusal wrong_login(const struct token_params *params)
{
	if (params->values[TOKEN_USERNAME].len == 0)
		return TOKEN_MISSING_USERNAME;
	if (params->values[TOKEN_PASSWORD].len == 0)
		return TOKEN_MISSING_PASSWORD;
	return TOKEN_INVALID_LOGIN;
}

/* Takes the attempt out of the count if the password matches or cannot be compared. */
static bool check_password(const struct token_params *params, const struct login_limit *login_limit,
	const struct user *user, enum token_refusal *refusal, struct err *err)
{
	bool matches = false;
	bool ok = password_check(
		params->values[TOKEN_PASSWORD], user->password_hash, &matches, err);

	if (ok && !matches)
		*refusal = wrong_login(params);
	else
		login_limit_refund(login_limit);
	return ok;
}

static bool check_login(const struct token_endpoint *endpoint, const struct request *request,
	const struct token_params *params, struct user *user, struct grant *grant, struct err *err)
{
	uint8_t bytes[16];
	struct str name = params->values[TOKEN_USERNAME];
	struct login_attempt attempt = { .name = name, .network = network_of(request, bytes) };
	struct login_limit login_limit;

	if (!find_user(endpoint->store, name, request->now, user, err))
		return false;
	attempt.known_network = user_knows_network(user, attempt.network);
	login_limit_init(
		&login_limit, endpoint->limit, endpoint->burst, endpoint->now_us, &attempt);
	if (!login_limit_take(&login_limit, &grant->seconds))
		return refuse(grant, TOKEN_TOO_MANY);
	if (!check_password(params, &login_limit, user, &grant->refusal, err))
		return false;
	return grant->refusal != TOKEN_ACCEPTED ||
	       user_note_network(endpoint->store, user, attempt.network, err);
}

static bool grant_password(const struct token_endpoint *endpoint, const struct request *request,
	const struct token_params *params, struct grant *grant, struct auth_log_entry *log_entry,
	struct err *err)
{
	struct user user = { 0 };
	unsigned asked = RIGHT_NONE;

	if (!store_may_write(endpoint->store, err))
		return false;
	if (!check_login(endpoint, request, params, &user, grant, err))
		return false;
	if (grant->refusal != TOKEN_TOO_MANY)
		memcpy(log_entry->name, user.name, sizeof(log_entry->name));
	if (grant->refusal != TOKEN_ACCEPTED)
		return true;
	if (!parse_scope(&asked, params->values[TOKEN_SCOPE],
		    token_styles[endpoint->address->style].ignored_scopes))
		return refuse(grant, TOKEN_INVALID_SCOPE);
	user.rights &= asked != RIGHT_NONE ? asked : (unsigned)RIGHT_ALL;
	if (user.rights == RIGHT_NONE)
		return refuse(grant, TOKEN_INVALID_SCOPE);
	grant->rights = user.rights;
	return login_tokens_add(endpoint->store, &user, request->now, &grant->tokens, err);
}

/* ---- grant_type=refresh_token ---- */

/* A bit that no token has. */
#define RIGHT_INVALID (~(unsigned)RIGHT_ALL)

/*
 * No limit: refresh tokens cannot be guessed, and a client whose token has ended must learn this
 * whatever others of its network send.
 */
static bool grant_refresh(const struct token_endpoint *endpoint, const struct request *request,
	const struct token_params *params, struct grant *grant, struct auth_log_entry *log_entry,
	struct err *err)
{
	struct str text = params->values[TOKEN_REFRESH_TOKEN];
	struct user user;
	unsigned asked;

	if (text.len == 0)
		return refuse(grant, TOKEN_MISSING_REFRESH);
	if (!parse_scope(&asked, params->values[TOKEN_SCOPE],
		    token_styles[endpoint->address->style].ignored_scopes))
		asked = RIGHT_INVALID;
	if (login_tokens_renew(
		    endpoint->store, text, asked, request->now, &grant->tokens, &user, err)) {
		grant->rights = user.rights;
		memcpy(log_entry->name, user.name, sizeof(log_entry->name));
		return true;
	}
	if (err->code == ERR_INVALID)
		return refuse(grant, TOKEN_INVALID_SCOPE);
	return err->code == ERR_UNAUTHENTICATED && refuse(grant, TOKEN_INVALID_REFRESH);
}

bool token_grant(const struct token_endpoint *endpoint, const struct request *request,
	const struct token_params *params, struct grant *grant, struct auth_log_entry *log_entry,
	struct err *err)
{
	struct str type = params->values[TOKEN_GRANT_TYPE];

	if (type.len == 0)
		return refuse(grant, TOKEN_MISSING_TYPE);
	if (str_eq(type, STR("password"))) {
		log_entry->call = "password";
		return grant_password(endpoint, request, params, grant, log_entry, err);
	}
	if (str_eq(type, STR("refresh_token"))) {
		log_entry->call = "refresh";
		return grant_refresh(endpoint, request, params, grant, log_entry, err);
	}
	return refuse(grant, TOKEN_UNSUPPORTED_TYPE);
}
