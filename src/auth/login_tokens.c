#include "auth/login_tokens.h"

#include <stdlib.h>

#include "auth/login_list.h"
#include "base/log.h"
#include "store/auth_table.h"

#define LOGIN_ACCESS_MS	 ((int64_t)LOGIN_ACCESS_S * 1000)
#define LOGIN_REFRESH_MS ((int64_t)LOGIN_REFRESH_S * 1000)

static bool refuse(struct err *err, const char *reason)
{
	return err_set(err, ERR_UNAUTHENTICATED, reason, NULL);
}

/* ---- making ---- */

/* The records of a login that is about to be stored. */
struct login {
	char access_key[TOKEN_HASH_LEN + 1], refresh_key[TOKEN_HASH_LEN + 1];
	struct token access, refresh;
	char user_id[ID_TEXT_LEN + 1];
	struct login_list_change list;
	char dropped_access[TOKEN_HASH_LEN + 1]; /* of the login that left the list */
};

static void set_terms(struct token *token, const struct user *user, int64_t now)
{
	token->terms.rights = user->rights;
	token->terms.created = now;
	token->login_password_changed = user->password_changed;
	auth_record_copy_text(token->label, sizeof(token->label), TOKEN_LOGIN_LABEL);
	auth_record_copy_text(token->terms.user, sizeof(token->terms.user), user->name);
}

/* id: of the login, LOGIN_ID_LEN bytes; NULL: a new one. */
static bool make_refresh_text(
	struct login *login, const char *id, char text[AUTH_TOKEN_MAX], struct err *err)
{
	char *current = login->refresh.current;

	if (!token_generate(text, current, err))
		return false;
	if (id)
		memcpy(text, id, LOGIN_ID_LEN);
	return token_hash(str_cstr(text), current, err) &&
	       token_hash((struct str){ text, LOGIN_ID_LEN }, login->refresh_key, err);
}

static bool make_login(struct login *login, const struct user *user, const char *id, int64_t now,
	struct login_tokens *made, struct err *err)
{
	*login = (struct login){ 0 };
	set_terms(&login->access, user, now);
	login->access.terms.expires = now + LOGIN_ACCESS_MS;
	login->refresh = login->access;
	login->refresh.terms.expires = now + LOGIN_REFRESH_MS;
	login->refresh.is_refresh = true;
	if (!token_generate(made->access, login->access_key, err) ||
		!make_refresh_text(login, id, made->refresh, err))
		return false;
	memcpy(login->user_id, user->id, sizeof(login->user_id));
	memcpy(login->list.added, login->refresh_key, sizeof(login->list.added));
	memcpy(login->access.pair, login->refresh_key, sizeof(login->access.pair));
	memcpy(login->refresh.pair, login->access_key, sizeof(login->refresh.pair));
	return true;
}

static bool remove_record(struct str old, struct buf *value, void *data, struct err *err)
{
	(void)old, (void)value, (void)data, (void)err;
	return true;
}

static bool remove_dropped(struct str old, struct buf *value, void *data, struct err *err)
{
	struct login *login = data;
	struct token token;

	(void)value, (void)err;
	memset(login->dropped_access, '0', TOKEN_HASH_LEN);
	if (old.ptr && auth_record_decode(&token_kind, STR_NULL, old, &token) && token.pair[0])
		memcpy(login->dropped_access, token.pair, TOKEN_HASH_LEN);
	return true;
}

/* Inserts the access token, and puts the login on the list of its user. */
#define LOGIN_EDITS 4
static void add_edits(struct store_auth_edit edits[LOGIN_EDITS], struct login *login)
{
	const struct store_auth_edit all[LOGIN_EDITS] = {
		{ STORE_TOKENS, str_cstr(login->access_key), token_insert, &login->access },
		{ STORE_LOGINS, str_cstr(login->user_id), login_list_put, &login->list },
		{ STORE_TOKENS, { login->list.dropped, TOKEN_HASH_LEN }, remove_dropped, login },
		{ STORE_TOKENS, { login->dropped_access, TOKEN_HASH_LEN }, remove_record, NULL },
	};

	memcpy(edits, all, sizeof(all));
}

bool login_tokens_add(struct store *store, const struct user *user, int64_t now,
	struct login_tokens *made, struct err *err)
{
	struct store_auth_edit edits[1 + LOGIN_EDITS];
	struct login login;

	if (!make_login(&login, user, NULL, now, made, err))
		return false;
	edits[0] = (struct store_auth_edit){ STORE_TOKENS, str_cstr(login.refresh_key),
		token_insert, &login.refresh };
	add_edits(edits + 1, &login);
	return store_auth_update(store, edits, 1 + LOGIN_EDITS, err);
}

/* ---- finding ---- */

/* A refresh token that was presented, and its login. */
struct presented {
	char hash[TOKEN_HASH_LEN + 1];
	struct token_found login;
};

static bool find_login(struct store *store, struct str text, int64_t now,
	struct presented *presented, struct err *err)
{
	char key[TOKEN_HASH_LEN + 1];

	if (!token_is_wellformed(text))
		return refuse(err, NULL);
	return token_hash(text, presented->hash, err) &&
	       token_hash((struct str){ text.ptr, LOGIN_ID_LEN }, key, err) &&
	       token_find_record(store, key, now, &presented->login, err) &&
	       (presented->login.token.current[0] || refuse(err, NULL));
}

/* ---- ending ---- */

struct ending {
	int64_t now;
	char access_key[TOKEN_HASH_LEN + 1]; /* as found; revoke_record() updates it */
};

/* A record that has been removed or revoked meanwhile stays as it is. */
static bool revoke_record(struct str old, struct buf *value, void *data, struct err *err)
{
	struct ending *ending = data;
	struct token token;

	if (!old.ptr)
		return true;
	if (!auth_record_decode(&token_kind, STR_NULL, old, &token))
		return err_set(err, ERR_INTERNAL, NULL, NULL);
	if (token.is_refresh && token.pair[0])
		memcpy(ending->access_key, token.pair, sizeof(ending->access_key));
	if (token.terms.revoked == 0)
		token.terms.revoked = ending->now;
	return auth_record_encode(&token_kind, &token, value, err);
}

/* Revokes a token and the other one of its login, which a concurrent renewal may have replaced. */
bool login_tokens_end(
	struct store *store, const struct token_found *found, int64_t now, struct err *err)
{
	bool is_refresh = found->token.is_refresh;
	const char *refresh_key = is_refresh ? found->hash : found->token.pair;
	struct ending ending = { .now = now };
	struct store_auth_edit edits[2];
	size_t count = 0;

	memcpy(ending.access_key, is_refresh ? found->token.pair : found->hash,
		sizeof(ending.access_key));
	if (refresh_key[0])
		edits[count++] = (struct store_auth_edit){ STORE_TOKENS, str_cstr(refresh_key),
			revoke_record, &ending };
	if (ending.access_key[0])
		edits[count++] = (struct store_auth_edit){ STORE_TOKENS,
			{ ending.access_key, TOKEN_HASH_LEN }, revoke_record, &ending };
	return store_auth_update(store, edits, count, err);
}

/* ---- renewing ---- */

struct renewal {
	const struct presented *old;
	const struct token *next;
};

/* Replaces the text of the refresh token, unless a concurrent call has done so or ended it. */
static bool replace_refresh(struct str old, struct buf *value, void *data, struct err *err)
{
	const struct renewal *renewal = data;
	struct token token;

	if (!old.ptr)
		return refuse(err, PRINCIPAL_REVOKED);
	if (!auth_record_decode(&token_kind, STR_NULL, old, &token))
		return err_set(err, ERR_INTERNAL, NULL, NULL);
	if (token.terms.revoked != 0 || strcmp(token.current, renewal->old->hash) != 0)
		return refuse(err, PRINCIPAL_REVOKED);
	return auth_record_encode(&token_kind, renewal->next, value, err);
}

/* Ends a live login of which an old refresh token was presented. */
static bool refuse_replaced(
	struct store *store, const struct presented *presented, int64_t now, struct err *err)
{
	const struct token *token = &presented->login.token;
	bool is_repeated = strcmp(presented->hash, token->before) == 0 &&
			   llabs(now - token->terms.created) < LOGIN_REUSE_GRACE_MS;

	if (!is_repeated && presented->login.validity == VALIDITY_LIVE) {
		if (!login_tokens_end(store, &presented->login, now, err))
			return false;
		log_warn("refresh-reused",
			"a login of the user '%s' was ended: a refresh token that had been replaced"
			" was used again",
			token->terms.user);
	}
	return refuse(err, PRINCIPAL_REVOKED);
}

static bool find_live_login(struct store *store, struct str text, int64_t now,
	struct presented *presented, struct err *err)
{
	static const char *const reasons[] = {
		[VALIDITY_EXPIRED] = PRINCIPAL_EXPIRED,
		[VALIDITY_REVOKED] = PRINCIPAL_REVOKED,
	};
	const struct token_found *login = &presented->login;

	if (!find_login(store, text, now, presented, err))
		return false;
	if (strcmp(presented->hash, login->token.current) != 0)
		return refuse_replaced(store, presented, now, err);
	if (login->validity != VALIDITY_LIVE)
		return refuse(err, reasons[login->validity]);
	return user_may_log_in(&login->owner, now) || refuse(err, PRINCIPAL_EXPIRED);
}

/* Members that the new records have from the old one. */
static void keep_origin(struct login *login, const struct presented *old)
{
	login->access.login_password_changed = old->login.token.login_password_changed;
	login->refresh.login_password_changed = old->login.token.login_password_changed;
	memcpy(login->access.terms.dialects, old->login.token.terms.dialects, AUTH_DIALECTS_MAX);
	memcpy(login->refresh.terms.dialects, old->login.token.terms.dialects, AUTH_DIALECTS_MAX);
	memcpy(login->refresh.before, old->hash, sizeof(login->refresh.before));
}

static bool store_renewal(
	struct store *store, const struct presented *old, struct login *login, struct err *err)
{
	struct renewal renewal = { old, &login->refresh };
	struct store_auth_edit edits[2 + LOGIN_EDITS] = {
		{ STORE_TOKENS, str_cstr(login->refresh_key), replace_refresh, &renewal },
		{ STORE_TOKENS, { old->login.token.pair, TOKEN_HASH_LEN }, remove_record, NULL },
	};

	add_edits(edits + 2, login);
	return store_auth_update(store, edits, 2 + LOGIN_EDITS, err);
}

bool login_tokens_renew(struct store *store, struct str text, unsigned asked, int64_t now,
	struct login_tokens *made, struct user *user, struct err *err)
{
	char id[LOGIN_ID_LEN];
	struct presented old;
	struct login login;
	unsigned had;

	if (!find_live_login(store, text, now, &old, err))
		return false;
	memcpy(id, text.ptr, sizeof(id)); /* text may lie in *made */
	had = old.login.token.terms.rights;
	old.login.owner.rights &= asked ? asked & had : had;
	if ((asked & ~had) || !old.login.owner.rights)
		return err_set(err, ERR_INVALID, "scope", NULL);
	if (!store_may_write(store, err))
		return false;
	if (!make_login(&login, &old.login.owner, id, now, made, err))
		return false;
	keep_origin(&login, &old);
	if (!store_renewal(store, &old, &login, err))
		return false;
	*user = old.login.owner;
	return true;
}

/* ---- revoking ---- */

/* Whatever the validity of the user: an operator may extend it. */
static bool is_revocable(const struct token *token, int64_t now)
{
	enum validity validity = credential_terms_validity(&token->terms, now);

	return validity == VALIDITY_LIVE || (token->is_refresh && validity == VALIDITY_EXPIRED);
}

static bool find_any(struct store *store, struct str text, int64_t now, struct token_found *found,
	struct err *err)
{
	struct presented presented;

	if (token_find(store, text, now, found, err))
		return true;
	if (err->code != ERR_UNAUTHENTICATED || !find_login(store, text, now, &presented, err))
		return false;
	*found = presented.login;
	return true;
}

bool login_tokens_revoke(struct store *store, struct str text, int64_t now,
	char name[USER_NAME_MAX], struct err *err)
{
	struct token_found found;

	name[0] = '\0';
	if (!find_any(store, text, now, &found, err))
		return err->code == ERR_UNAUTHENTICATED;
	memcpy(name, found.token.terms.user, USER_NAME_MAX);
	return !is_revocable(&found.token, now) || login_tokens_end(store, &found, now, err);
}
