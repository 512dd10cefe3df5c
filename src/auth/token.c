#include "auth/token.h"

#include <openssl/evp.h>

#include "auth/token_endpoint.h"
#include "base/encode.h"

#define TOKEN_PREFIX "pt_"
#define TOKEN_LEN    (sizeof(TOKEN_PREFIX) - 1 + 43)
#define HASH_LEN     32

_Static_assert(TOKEN_HASH_LEN == 2 * HASH_LEN, "a hash is written in hex");
_Static_assert(AUTH_TOKEN_MAX >= sizeof(TOKEN_PREFIX) - 1 + BASE64URL_SIZE(AUTH_RECORD_RANDOM_LEN),
	"a token does not fit");

/* ---- its text ---- */

bool token_is_wellformed(struct str text)
{
	return text.len == TOKEN_LEN && str_starts(text, STR(TOKEN_PREFIX));
}

/* What stands in the store for a token: the hex SHA-256 of its whole text. */
static bool token_hash(struct str text, char hex[TOKEN_HASH_LEN + 1], struct err *err)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned int len;

	if (EVP_Digest(text.len ? text.ptr : "", text.len, hash, &len, EVP_sha256(), NULL) != 1)
		return err_no_memory(err);
	hex_encode(hex, hash, HASH_LEN);
	return true;
}

/* The prefix and the bytes in base64url without padding (RFC 4648 §5). */
static void token_format(const uint8_t bytes[AUTH_RECORD_RANDOM_LEN], char text[AUTH_TOKEN_MAX])
{
	memcpy(text, TOKEN_PREFIX, strlen(TOKEN_PREFIX));
	base64url_encode(text + strlen(TOKEN_PREFIX), bytes, AUTH_RECORD_RANDOM_LEN);
}

/* ---- the record ---- */

bool token_read(struct str value, struct token *token)
{
	json_t *json = auth_record_parse(value);
	struct credential_terms_members members = { 0 };
	const char *label;
	json_int_t replaced = 0, login = TOKEN_NO_LOGIN;
	struct token copy = { 0 };
	bool ok = auth_record_unpack(json, "{s:s, s?I, s?I, " CREDENTIAL_TERMS_FORMAT "}", "label",
			  &label, "replaced", &replaced, "login", &login,
			  CREDENTIAL_TERMS_MEMBERS(&members)) &&
		  auth_record_copy_text(copy.label, sizeof(copy.label), label) &&
		  credential_terms_read(&copy.terms, &members);

	if (ok) {
		copy.replaced_at = replaced;
		copy.login_password_changed = login;
		*token = copy;
	}
	json_decref(json);
	return ok;
}

bool token_get(struct store *store, struct str hash, struct token *token, struct err *err)
{
	struct buf value = BUF_INIT;
	bool ok = store_auth_get(store, STORE_TOKENS, hash, &value, err);

	if (ok && !token_read(buf_str(&value), token))
		ok = err_set(err, ERR_INTERNAL, "token", "the token's record cannot be read");
	buf_free(&value);
	return ok;
}

json_t *token_json(const struct token *token)
{
	json_t *json = credential_terms_json(&token->terms);

	if (json && json_object_set_new(json, "label", json_string(token->label)) == 0 &&
		auth_record_set_time(json, "replaced", token->replaced_at) &&
		(token->login_password_changed < 0 ||
			json_object_set_new(
				json, "login", json_integer(token->login_password_changed)) == 0))
		return json;
	json_decref(json);
	return NULL;
}

/* ---- a new one ---- */

bool token_generate(char text[AUTH_TOKEN_MAX], char hash[TOKEN_HASH_LEN + 1], struct err *err)
{
	uint8_t bytes[AUTH_RECORD_RANDOM_LEN];

	if (!auth_record_random(bytes, err))
		return false;
	token_format(bytes, text);
	explicit_bzero(bytes, sizeof(bytes));
	return token_hash(str_cstr(text), hash, err);
}

bool token_insert(struct str old, struct buf *value, void *data, struct err *err)
{
	if (old.ptr)
		return err_set(err, ERR_INTERNAL, NULL, NULL);
	return auth_record_write(value, token_json(data), err);
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

bool token_add_login(struct store *store, const struct user *user, int64_t expires, int64_t now,
	char text[AUTH_TOKEN_MAX], struct err *err)
{
	struct token token = {
		.label = TOKEN_ENDPOINT_LABEL,
		.terms = { .rights = user->rights, .created = now, .expires = expires },
		.login_password_changed = user->password_changed,
	};

	memcpy(token.terms.user, user->name, sizeof(token.terms.user));
	return token_put(store, &token, text, err);
}

/* ---- who bears it ---- */

static bool resolve_token(struct store *store, const struct token *token, int64_t now,
	struct user *owner, enum validity *validity, struct err *err)
{
	if (!credential_terms_resolve(store, &token->terms, now, owner, validity, err))
		return false;
	if (token->login_password_changed != TOKEN_NO_LOGIN &&
		token->login_password_changed != owner->password_changed)
		*validity = VALIDITY_REVOKED;
	return true;
}

bool token_check(
	struct store *store, struct str text, int64_t now, struct identity *who, struct err *err)
{
	char hash[TOKEN_HASH_LEN + 1];
	struct token token;
	struct user owner;
	enum validity validity;

	if (!token_hash(text, hash, err))
		return false;
	if (!token_get(store, str_cstr(hash), &token, err))
		return err->code == ERR_NOT_FOUND ? err_set(err, ERR_UNAUTHENTICATED, NULL, NULL)
						  : false;
	return resolve_token(store, &token, now, &owner, &validity, err) &&
	       credential_terms_identity(&token.terms, &owner, validity, who, err);
}

bool token_validity(struct store *store, const struct token *token, int64_t now,
	enum validity *validity, struct err *err)
{
	struct user owner;

	return resolve_token(store, token, now, &owner, validity, err);
}

/* ---- all of them ---- */

struct walk {
	bool (*take)(const struct token *token, void *data);
	void *data;
};

static bool take_token(struct str hash, struct str value, void *data)
{
	const struct walk *walk = data;
	struct token token;

	(void)hash;
	if (token_read(value, &token))
		return walk->take(&token, walk->data);
	auth_record_log_unreadable(STORE_TOKENS);
	return true;
}

bool token_each(struct store *store, bool (*take)(const struct token *token, void *data),
	void *data, struct err *err)
{
	struct walk walk = { take, data };

	return store_auth_each(store, STORE_TOKENS, take_token, &walk, err);
}
