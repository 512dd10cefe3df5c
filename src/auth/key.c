#include "auth/entry.h"
#include "task/right.h"

static bool key_read(struct str id, struct str value, struct key *key)
{
	json_t *json = entry_json(value);
	const char *user, *secret, *rights;
	json_int_t created, expires;
	struct key copy = { 0 };
	bool ok = entry_unpack(json, "{s:s, s:s, s:s, s:I, s:I}", "user", &user, "secret", &secret,
			  "rights", &rights, "created", &created, "expires", &expires) &&
		  id.len < sizeof(copy.id) && entry_copy(copy.user, sizeof(copy.user), user) &&
		  entry_copy(copy.secret, sizeof(copy.secret), secret) &&
		  rights_parse(&copy.rights, str_of(rights));

	if (ok) {
		memcpy(copy.id, id.ptr, id.len);
		copy.created = created;
		copy.expires = expires;
		*key = copy;
	}
	json_decref(json);
	return ok;
}

static bool key_put(struct store *store, const struct key *key, struct err *err)
{
	char rights[ENTRY_RIGHTS_SIZE];

	rights_format(key->rights, rights, sizeof(rights));
	return entry_put(store, STORE_KEYS, str_of(key->id),
		json_pack("{s:s, s:s, s:s, s:I, s:I}", "user", key->user, "secret", key->secret,
			"rights", rights, "created", (json_int_t)key->created, "expires",
			(json_int_t)key->expires),
		err);
}

/* The wanted id, else the user's own, else a fresh one. */
static bool choose_id(struct store *store, const char *wanted, const struct user *owner,
	int64_t now, char id[AUTH_NAME_MAX], struct err *err)
{
	const char *first = wanted ? wanted : owner->id;

	if (entry_must_be_free(store, STORE_KEYS, first, err)) {
		entry_copy(id, AUTH_NAME_MAX, first);
		return true;
	}
	if (wanted || err->code != ERR_CONFLICT)
		return false;
	return entry_fresh_id(id, now, err);
}

static bool choose_secret(const char *wanted, char secret[AUTH_SECRET_MAX], struct err *err)
{
	uint8_t bytes[ENTRY_RANDOM_LEN];

	if (wanted)
		return entry_copy(secret, AUTH_SECRET_MAX, wanted);
	if (!entry_random(bytes, err))
		return false;
	entry_hex(bytes, sizeof(bytes), secret);
	explicit_bzero(bytes, sizeof(bytes));
	return true;
}

bool key_add(struct store *store, const char *user, const char *id, const char *secret,
	unsigned rights, int64_t expires, int64_t now, struct key *made, struct err *err)
{
	struct key key = { .created = now, .expires = expires };
	struct user owner;

	if (id && !auth_is_name(str_of(id)))
		return err_set(err, ERR_INVALID, "id",
			"a key's id is 1 to %d of letters, digits and ._@-", AUTH_NAME_MAX - 1);
	if (secret && !entry_is_text(str_of(secret), AUTH_SECRET_MAX - 1))
		return err_set(err, ERR_INVALID, "secret", "a secret is 1 to %d bytes of text",
			AUTH_SECRET_MAX - 1);
	if (!principal_rights(store, user, rights, &owner, &key.rights, err) ||
		!choose_id(store, id, &owner, now, key.id, err) ||
		!choose_secret(secret, key.secret, err))
		return false;
	entry_copy(key.user, sizeof(key.user), owner.name);
	if (!key_put(store, &key, err))
		return false;
	*made = key;
	return true;
}

bool key_get(struct store *store, const char *id, struct key *key, struct err *err)
{
	struct buf value = BUF_INIT;
	bool ok = entry_get(store, STORE_KEYS, id, &value, err);

	if (ok && !key_read(str_of(id), buf_str(&value), key))
		ok = err_set(err, ERR_INTERNAL, "key", "the record of key %s cannot be read", id);
	if (value.data)
		explicit_bzero(value.data, value.len);
	buf_free(&value);
	return ok;
}

bool key_revoke(struct store *store, const char *id, struct err *err)
{
	if (store_remove_entry(store, STORE_KEYS, str_of(id), err))
		return true;
	if (err->code == ERR_NOT_FOUND)
		err_set(err, ERR_NOT_FOUND, "key", "there is no key %s", id);
	return false;
}

bool key_identity(struct store *store, const struct key *key, int64_t now, struct identity *who,
	struct err *err)
{
	return principal_identify(store, key->user, key->rights, key->expires, now, who, err);
}

struct key_walk {
	bool (*take)(const struct key *key, void *data);
	void *data;
};

static bool take_key(struct str id, struct str value, void *data)
{
	const struct key_walk *walk = data;
	struct key key;

	if (key_read(id, value, &key))
		return walk->take(&key, walk->data);
	entry_unreadable(STORE_KEYS);
	return true;
}

bool key_each(struct store *store, bool (*take)(const struct key *key, void *data), void *data,
	struct err *err)
{
	struct key_walk walk = { take, data };

	return store_each_entry(store, STORE_KEYS, take_key, &walk, err);
}
