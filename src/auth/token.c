#include "auth/token.h"

#include <openssl/evp.h>

#include "auth/secret.h"
#include "store/auth_table.h"

#define TOKEN_PREFIX	 "pt_"
#define TOKEN_PREFIX_LEN (sizeof(TOKEN_PREFIX) - 1)
#define TOKEN_LEN	 (TOKEN_PREFIX_LEN + BASE64URL_SIZE(SECRET_RANDOM_LEN) - 1)
#define HASH_LEN	 32

_Static_assert(TOKEN_HASH_LEN == 2 * HASH_LEN, "the hash is written in hex");
_Static_assert(TOKEN_LEN < AUTH_TOKEN_MAX, "a token does not fit");

/* ---- text and hash ---- */

bool token_is_wellformed(struct str text)
{
	return text.len == TOKEN_LEN && str_starts(text, STR(TOKEN_PREFIX));
}

bool token_hash(struct str text, char hex[TOKEN_HASH_LEN + 1], struct err *err)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned int len;

	if (EVP_Digest(text.len ? text.ptr : "", text.len, hash, &len, EVP_sha256(), NULL) != 1)
		return err_no_memory(err);
	hex_encode(hex, hash, HASH_LEN);
	return true;
}

bool token_generate(char text[AUTH_TOKEN_MAX], char hash[TOKEN_HASH_LEN + 1], struct err *err)
{
	uint8_t bytes[SECRET_RANDOM_LEN];

	if (!secret_random(bytes, sizeof(bytes), err))
		return false;
	memcpy(text, TOKEN_PREFIX, TOKEN_PREFIX_LEN);
	base64url_encode(text + TOKEN_PREFIX_LEN, bytes, sizeof(bytes));
	explicit_bzero(bytes, sizeof(bytes));
	return token_hash(str_cstr(text), hash, err);
}

/* ---- the record ---- */

static bool decode_token(struct str hash, json_t *json, void *record)
{
	struct credential_terms_members members = { 0 };
	const char *label, *pair = "", *current = "", *before = "";
	json_int_t replaced = 0, login = TOKEN_NO_LOGIN;
	int is_refresh = 0;
	struct token token = { 0 };

	if (!auth_record_unpack(json,
		    "{s:s, s?I, s?I, s?b, s?s, s?s, s?s, " CREDENTIAL_TERMS_FORMAT "}", "label",
		    &label, "replaced", &replaced, "login", &login, "refresh", &is_refresh, "pair",
		    &pair, "current", &current, "before", &before,
		    CREDENTIAL_TERMS_MEMBERS(&members)) ||
		!auth_record_copy_text(token.label, sizeof(token.label), label) ||
		!auth_record_copy_text(token.pair, sizeof(token.pair), pair) ||
		!auth_record_copy_text(token.current, sizeof(token.current), current) ||
		!auth_record_copy_text(token.before, sizeof(token.before), before) ||
		!credential_terms_decode(&token.terms, &members))
		return false;
	(void)hash;
	token.replaced_at = replaced;
	token.login_password_changed = login;
	token.is_refresh = is_refresh != 0;
	memcpy(record, &token, sizeof(token));
	return true;
}

static bool set_hash(json_t *json, const char *name, const char *hash)
{
	return !hash[0] || json_object_set_new(json, name, json_string(hash)) == 0;
}

/* Sets the members of login tokens. False: no memory. */
static bool set_login(json_t *json, const struct token *token)
{
	return (token->login_password_changed < 0 ||
		       json_object_set_new(
			       json, "login", json_integer(token->login_password_changed)) == 0) &&
	       (!token->is_refresh || json_object_set_new(json, "refresh", json_true()) == 0) &&
	       set_hash(json, "pair", token->pair) && set_hash(json, "current", token->current) &&
	       set_hash(json, "before", token->before);
}

static json_t *encode_token(const void *record)
{
	const struct token *token = record;
	json_t *json = credential_terms_encode(&token->terms);

	if (json && json_object_set_new(json, "label", json_string(token->label)) == 0 &&
		auth_record_set_time(json, "replaced", token->replaced_at) &&
		set_login(json, token))
		return json;
	json_decref(json);
	return NULL;
}

const struct auth_record_kind token_kind = {
	.table = STORE_TOKENS,
	.name = "token",
	.size = sizeof(struct token),
	.decode = decode_token,
	.encode = encode_token,
};

struct walk {
	bool (*take)(const struct token *token, void *data);
	void *data;
};

static bool take_token(struct str hash, const void *record, void *data)
{
	const struct walk *walk = data;

	(void)hash;
	return walk->take(record, walk->data);
}

bool token_each(struct store *store, bool (*take)(const struct token *token, void *data),
	void *data, struct err *err)
{
	struct walk typed = { take, data };
	struct token token;
	const struct auth_record_walk walk = { &token_kind, &token, take_token, &typed };

	return auth_record_each(store, &walk, err);
}

/* ---- adding ---- */

bool token_insert(struct str old, struct buf *value, void *data, struct err *err)
{
	if (old.ptr)
		return err_set(err, ERR_CONFLICT, "token", "this token was added before");
	return auth_record_encode(&token_kind, data, value, err);
}

bool token_put_text(struct store *store, struct token *token, struct str text, struct err *err)
{
	char hash[TOKEN_HASH_LEN + 1];
	const struct store_auth_edit edit = { STORE_TOKENS, { hash, TOKEN_HASH_LEN }, token_insert,
		token };

	return token_hash(text, hash, err) && store_auth_update(store, &edit, 1, err);
}

bool token_put(struct store *store, struct token *token, char text[AUTH_TOKEN_MAX], struct err *err)
{
	char made[AUTH_TOKEN_MAX], hash[TOKEN_HASH_LEN + 1];
	const struct store_auth_edit edit = { STORE_TOKENS, { hash, TOKEN_HASH_LEN }, token_insert,
		token };
	bool ok = token_generate(made, hash, err) && store_auth_update(store, &edit, 1, err);

	if (ok)
		memcpy(text, made, sizeof(made));
	explicit_bzero(made, sizeof(made));
	return ok;
}

/* ---- checking ---- */

enum validity token_validity_with_owner(
	const struct token *token, const struct user *owner, int64_t now)
{
	if (token->login_password_changed != TOKEN_NO_LOGIN &&
		token->login_password_changed != owner->password_changed)
		return VALIDITY_REVOKED;
	return credential_terms_with_owner(&token->terms, owner, now);
}

static bool resolve_token(struct store *store, const struct token *token, int64_t now,
	struct user *owner, enum validity *validity, struct err *err)
{
	if (!credential_terms_resolve(store, &token->terms, now, owner, validity, err))
		return false;
	*validity = token_validity_with_owner(token, owner, now);
	return true;
}

bool token_find_record(struct store *store, const char *key, int64_t now, struct token_found *found,
	struct err *err)
{
	struct token_found copy = { 0 };

	auth_record_copy_text(copy.hash, sizeof(copy.hash), key);
	if (!auth_record_get(store, &token_kind, copy.hash, &copy.token, err))
		return err->code == ERR_NOT_FOUND ? err_set(err, ERR_UNAUTHENTICATED, NULL, NULL)
						  : false;
	if (!resolve_token(store, &copy.token, now, &copy.owner, &copy.validity, err))
		return false;
	*found = copy;
	return true;
}

bool token_find(struct store *store, struct str text, int64_t now, struct token_found *found,
	struct err *err)
{
	char key[TOKEN_HASH_LEN + 1];

	return token_hash(text, key, err) && token_find_record(store, key, now, found, err);
}

bool token_check(
	struct store *store, struct str text, int64_t now, struct identity *who, struct err *err)
{
	struct token_found found;

	if (!token_find(store, text, now, &found, err))
		return false;
	if (found.token.is_refresh)
		return err_set(err, ERR_UNAUTHENTICATED, NULL, NULL);
	return credential_terms_identity(
		&found.token.terms, &found.owner, found.validity, who, err);
}

bool token_validity(struct store *store, const struct token *token, int64_t now,
	enum validity *validity, struct err *err)
{
	struct user owner;

	return resolve_token(store, token, now, &owner, validity, err);
}
