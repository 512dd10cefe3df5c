#include <openssl/evp.h>

#include "auth/entry.h"
#include "task/right.h"

#define TOKEN_PREFIX "pt_"
#define HASH_LEN     32
#define HASH_HEX_LEN (2 * HASH_LEN)

static bool token_read(struct str value, struct token *token)
{
	json_t *json = entry_json(value);
	const char *label, *user, *rights;
	json_int_t created, expires;
	struct token copy = { 0 };
	bool ok = entry_unpack(json, "{s:s, s:s, s:s, s:I, s:I}", "label", &label, "user", &user,
			  "rights", &rights, "created", &created, "expires", &expires) &&
		  entry_copy(copy.label, sizeof(copy.label), label) &&
		  entry_copy(copy.user, sizeof(copy.user), user) &&
		  rights_parse(&copy.rights, str_of(rights));

	if (ok) {
		copy.created = created;
		copy.expires = expires;
		*token = copy;
	}
	json_decref(json);
	return ok;
}

/* What stands in the store for a token: the hex SHA-256 of its whole text. */
static bool token_hash(struct str text, char hex[HASH_HEX_LEN + 1], struct err *err)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned int len;

	if (EVP_Digest(text.len ? text.ptr : "", text.len, hash, &len, EVP_sha256(), NULL) != 1)
		return err_set(err, ERR_NO_MEMORY, NULL, NULL);
	entry_hex(hash, HASH_LEN, hex);
	return true;
}

/* The prefix and the bytes in base64url without padding (RFC 4648 §5). */
static void token_format(const uint8_t bytes[ENTRY_RANDOM_LEN], char text[AUTH_TOKEN_MAX])
{
	char *at = text + strlen(TOKEN_PREFIX);

	memcpy(text, TOKEN_PREFIX, strlen(TOKEN_PREFIX));
	EVP_EncodeBlock((unsigned char *)at, bytes, ENTRY_RANDOM_LEN);
	for (; *at && *at != '='; at++) {
		if (*at == '+')
			*at = '-';
		else if (*at == '/')
			*at = '_';
	}
	*at = '\0';
}

static bool token_put(
	struct store *store, struct str text, const struct token *token, struct err *err)
{
	char rights[ENTRY_RIGHTS_SIZE], hash[HASH_HEX_LEN + 1];

	if (!token_hash(text, hash, err))
		return false;
	rights_format(token->rights, rights, sizeof(rights));
	return entry_put(store, STORE_TOKENS, str_of(hash),
		json_pack("{s:s, s:s, s:s, s:I, s:I}", "label", token->label, "user", token->user,
			"rights", rights, "created", (json_int_t)token->created, "expires",
			(json_int_t)token->expires),
		err);
}

bool token_add(struct store *store, const char *user, const char *label, unsigned rights,
	int64_t expires, int64_t now, char text[AUTH_TOKEN_MAX], struct err *err)
{
	struct token token = { .created = now, .expires = expires };
	struct user owner;
	uint8_t bytes[ENTRY_RANDOM_LEN];
	char made[AUTH_TOKEN_MAX];

	if (!entry_is_text(str_of(label), AUTH_NAME_MAX - 1))
		return err_set(err, ERR_INVALID, "label", "a label is 1 to %d bytes of text",
			AUTH_NAME_MAX - 1);
	if (!principal_rights(store, user, rights, &owner, &token.rights, err) ||
		!entry_random(bytes, err))
		return false;
	entry_copy(token.label, sizeof(token.label), label);
	entry_copy(token.user, sizeof(token.user), owner.name);
	token_format(bytes, made);
	explicit_bzero(bytes, sizeof(bytes));
	if (!token_put(store, str_of(made), &token, err))
		return false;
	memcpy(text, made, sizeof(made));
	return true;
}

struct label_walk {
	struct str label;
	int64_t before;	   /* only those that ended before then; 0: all */
	struct buf hashes; /* HASH_HEX_LEN bytes each */
};

static bool take_labelled(struct str hash, struct str value, void *data)
{
	struct label_walk *walk = data;
	struct token token;

	if (!token_read(value, &token))
		entry_unreadable(STORE_TOKENS);
	else if (str_eq(str_of(token.label), walk->label) && hash.len == HASH_HEX_LEN &&
		 (walk->before == 0 || (token.expires != 0 && token.expires < walk->before)))
		buf_put_str(&walk->hashes, hash);
	return buf_ok(&walk->hashes);
}

static bool remove_found(
	struct store *store, struct label_walk *walk, unsigned *removed, struct err *err)
{
	bool ok = store_each_entry(store, STORE_TOKENS, take_labelled, walk, err);

	*removed = 0;
	if (ok && !buf_ok(&walk->hashes))
		ok = err_set(err, ERR_NO_MEMORY, NULL, NULL);
	for (size_t at = 0; ok && at < walk->hashes.len; at += HASH_HEX_LEN) {
		struct str hash = { walk->hashes.data + at, HASH_HEX_LEN };

		/* gone meanwhile is as good as removed */
		ok = store_remove_entry(store, STORE_TOKENS, hash, err) ||
		     err->code == ERR_NOT_FOUND;
		++*removed;
	}
	buf_free(&walk->hashes);
	return ok;
}

bool token_revoke(struct store *store, const char *label, struct err *err)
{
	struct label_walk walk = { .label = str_of(label) };
	unsigned removed;

	if (!remove_found(store, &walk, &removed, err))
		return false;
	return removed > 0 ||
	       err_set(err, ERR_NOT_FOUND, "label", "there is no token labelled %s", label);
}

bool token_purge(
	struct store *store, const char *label, int64_t before, unsigned *removed, struct err *err)
{
	struct label_walk walk = { .label = str_of(label), .before = before };

	return remove_found(store, &walk, removed, err);
}

bool token_check(
	struct store *store, struct str text, int64_t now, struct identity *who, struct err *err)
{
	char hash[HASH_HEX_LEN + 1];
	struct token token;
	struct buf value = BUF_INIT;
	bool ok = token_hash(text, hash, err) &&
		  store_get_entry(store, STORE_TOKENS, str_of(hash), &value, err);

	if (!ok && err->code == ERR_NOT_FOUND)
		err_set(err, ERR_UNAUTHENTICATED, NULL, NULL);
	if (ok && !token_read(buf_str(&value), &token))
		ok = err_set(err, ERR_INTERNAL, "token", "the token's record cannot be read");
	buf_free(&value);
	return ok &&
	       principal_identify(store, token.user, token.rights, token.expires, now, who, err);
}

struct token_walk {
	bool (*take)(const struct token *token, void *data);
	void *data;
};

static bool take_token(struct str hash, struct str value, void *data)
{
	const struct token_walk *walk = data;
	struct token token;

	(void)hash;
	if (token_read(value, &token))
		return walk->take(&token, walk->data);
	entry_unreadable(STORE_TOKENS);
	return true;
}

bool token_each(struct store *store, bool (*take)(const struct token *token, void *data),
	void *data, struct err *err)
{
	struct token_walk walk = { take, data };

	return store_each_entry(store, STORE_TOKENS, take_token, &walk, err);
}
