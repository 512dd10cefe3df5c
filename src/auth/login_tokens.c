#include "auth/login_tokens.h"

#define LOGIN_ACCESS_MS	 ((int64_t)LOGIN_ACCESS_S * 1000)
#define LOGIN_REFRESH_MS ((int64_t)LOGIN_REFRESH_S * 1000)

/* ---- making ---- */

/* The records of a login that is about to be stored. */
struct login {
	char access_hash[TOKEN_HASH_LEN + 1], refresh_hash[TOKEN_HASH_LEN + 1];
	struct token access, refresh;
};

static void set_terms(struct token *token, const char *user, unsigned rights, int64_t now)
{
	token->terms.rights = rights;
	token->terms.created = now;
	auth_record_copy_text(token->label, sizeof(token->label), TOKEN_LOGIN_LABEL);
	auth_record_copy_text(token->terms.user, sizeof(token->terms.user), user);
}

static bool make_login(struct login *login, const struct user *user, int64_t password_changed,
	int64_t now, struct login_tokens *made, struct err *err)
{
	*login = (struct login){ 0 };
	if (!token_generate(made->access, login->access_hash, err) ||
		!token_generate(made->refresh, login->refresh_hash, err))
		return false;
	set_terms(&login->access, user->name, user->rights, now);
	login->access.terms.expires = now + LOGIN_ACCESS_MS;
	login->access.login_password_changed = password_changed;
	login->refresh = login->access;
	login->refresh.terms.expires = now + LOGIN_REFRESH_MS;
	login->refresh.is_refresh = true;
	memcpy(login->access.pair, login->refresh_hash, sizeof(login->access.pair));
	memcpy(login->refresh.pair, login->access_hash, sizeof(login->refresh.pair));
	return true;
}

/* Writes the two edits that insert the records. */
static void add_inserts(struct store_auth_edit *edits, struct login *login)
{
	edits[0] = (struct store_auth_edit){ STORE_TOKENS, str_cstr(login->access_hash),
		token_insert, &login->access };
	edits[1] = (struct store_auth_edit){ STORE_TOKENS, str_cstr(login->refresh_hash),
		token_insert, &login->refresh };
}

bool login_tokens_add(struct store *store, const struct user *user, int64_t now,
	struct login_tokens *made, struct err *err)
{
	struct store_auth_edit edits[2];
	struct login login;

	if (!make_login(&login, user, user->password_changed, now, made, err))
		return false;
	add_inserts(edits, &login);
	return store_auth_update(store, edits, 2, err);
}

/* ---- renewing ---- */

static bool refuse(struct err *err, const char *reason)
{
	return err_set(err, ERR_UNAUTHENTICATED, reason, NULL);
}

/* Removes the refresh token, unless a concurrent call has ended it. data: its key. */
static bool remove_refresh(struct str old, struct buf *value, void *data, struct err *err)
{
	struct token token;

	(void)value;
	if (!old.ptr)
		return refuse(err, PRINCIPAL_REVOKED);
	if (!auth_record_decode(&token_kind, str_cstr(data), old, &token))
		return err_set(err, ERR_INTERNAL, NULL, NULL);
	return token.terms.revoked == 0 || refuse(err, PRINCIPAL_REVOKED);
}

static bool remove_access(struct str old, struct buf *value, void *data, struct err *err)
{
	(void)old, (void)value, (void)data, (void)err;
	return true;
}

static bool find_refresh(struct store *store, struct str text, int64_t now,
	struct token_found *found, struct err *err)
{
	static const char *const reasons[] = {
		[VALIDITY_EXPIRED] = PRINCIPAL_EXPIRED,
		[VALIDITY_REVOKED] = PRINCIPAL_REVOKED,
	};

	if (!token_find(store, text, now, found, err))
		return false;
	if (!found->token.is_refresh)
		return refuse(err, NULL);
	if (found->validity != VALIDITY_LIVE)
		return refuse(err, reasons[found->validity]);
	return user_may_log_in(&found->owner, now) || refuse(err, PRINCIPAL_EXPIRED);
}

bool login_tokens_renew(struct store *store, struct str text, unsigned asked, int64_t now,
	struct login_tokens *made, struct user *user, struct err *err)
{
	struct store_auth_edit edits[4];
	struct token_found found;
	struct login login;
	unsigned had;
	size_t count = 0;

	if (!find_refresh(store, text, now, &found, err))
		return false;
	had = found.token.terms.rights;
	found.owner.rights &= asked ? asked & had : had;
	if ((asked & ~had) || !found.owner.rights)
		return err_set(err, ERR_INVALID, "scope", NULL);
	if (!make_login(&login, &found.owner, found.token.login_password_changed, now, made, err))
		return false;
	edits[count++] = (struct store_auth_edit){ STORE_TOKENS, str_cstr(found.hash),
		remove_refresh, found.hash };
	if (found.token.pair[0])
		edits[count++] = (struct store_auth_edit){ STORE_TOKENS, str_cstr(found.token.pair),
			remove_access, NULL };
	add_inserts(edits + count, &login);
	if (!store_auth_update(store, edits, count + 2, err))
		return false;
	*user = found.owner;
	return true;
}

/* ---- revoking ---- */

struct revocation {
	const char *hash;
	int64_t now;
};

/* A record that has been removed or revoked meanwhile stays as it is. */
static bool revoke_record(struct str old, struct buf *value, void *data, struct err *err)
{
	const struct revocation *revocation = data;
	struct token token;

	if (!old.ptr)
		return true;
	if (!auth_record_decode(&token_kind, str_cstr(revocation->hash), old, &token))
		return err_set(err, ERR_INTERNAL, NULL, NULL);
	if (token.terms.revoked == 0)
		token.terms.revoked = revocation->now;
	return auth_record_encode(&token_kind, &token, value, err);
}

/* Whatever the validity of the user: an operator may extend it. */
static bool is_revocable(const struct token *token, int64_t now)
{
	enum validity validity = credential_terms_validity(&token->terms, now);

	return validity == VALIDITY_LIVE || (token->is_refresh && validity == VALIDITY_EXPIRED);
}

bool login_tokens_revoke(struct store *store, struct str text, int64_t now,
	char name[USER_NAME_MAX], struct err *err)
{
	struct token_found found = { 0 };
	struct revocation own = { found.hash, now }, other = { found.token.pair, now };

	name[0] = '\0';
	if (!token_find(store, text, now, &found, err))
		return err->code == ERR_UNAUTHENTICATED;
	memcpy(name, found.token.terms.user, USER_NAME_MAX);
	if (is_revocable(&found.token, now)) {
		const struct store_auth_edit edits[] = {
			{ STORE_TOKENS, str_cstr(found.hash), revoke_record, &own },
			{ STORE_TOKENS, str_cstr(found.token.pair), revoke_record, &other },
		};

		return store_auth_update(store, edits, found.token.pair[0] ? 2 : 1, err);
	}
	return true;
}
