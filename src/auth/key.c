#include "auth/auth_record.h"

/* ---- the record ---- */

static bool key_read(struct str id, struct str value, struct key *key)
{
	json_t *json = auth_record_parse(value);
	struct credential_terms_members members = { 0 };
	const char *secret, *previous = "";
	json_int_t until = 0;
	struct key copy = { 0 };
	bool ok = id.len < sizeof(copy.id) &&
		  auth_record_unpack(json, "{s:s, s?s, s?I, " CREDENTIAL_TERMS_FORMAT "}", "secret",
			  &secret, "previous", &previous, "previous_until", &until,
			  CREDENTIAL_TERMS_MEMBERS(&members)) &&
		  credential_terms_read(&copy.terms, &members) &&
		  auth_record_copy_text(copy.secret, sizeof(copy.secret), secret) &&
		  auth_record_copy_text(
			  copy.previous_secret, sizeof(copy.previous_secret), previous);

	if (ok) {
		memcpy(copy.id, id.ptr, id.len);
		copy.previous_expires = until;
		*key = copy;
	}
	explicit_bzero(&copy, sizeof(copy));
	json_decref(json);
	return ok;
}

static json_t *key_json(const struct key *key)
{
	json_t *json = credential_terms_json(&key->terms);

	if (json && json_object_set_new(json, "secret", json_string(key->secret)) == 0 &&
		(!key->previous_secret[0] || json_object_set_new(json, "previous",
						     json_string(key->previous_secret)) == 0) &&
		auth_record_set_time(json, "previous_until", key->previous_expires))
		return json;
	json_decref(json);
	return NULL;
}

bool key_get(struct store *store, const char *id, struct key *key, struct err *err)
{
	struct buf value = BUF_INIT;
	bool ok = auth_record_get(store, STORE_SIGNING_KEYS, id, &value, err);

	if (ok && !key_read(str_cstr(id), buf_str(&value), key))
		ok = auth_record_corrupt(STORE_SIGNING_KEYS, id, err);
	if (value.data)
		explicit_bzero(value.data, value.capacity);
	buf_free(&value);
	return ok;
}

/* ---- a new one ---- */

static bool choose_secret(const char *wanted, char secret[AUTH_SECRET_MAX], struct err *err)
{
	if (!wanted)
		return auth_record_random_hex(secret, err);
	if (!auth_record_is_text(str_cstr(wanted), AUTH_SECRET_MAX - 1))
		return err_set(err, ERR_INVALID, "secret", "a secret is 1 to %d bytes of text",
			AUTH_SECRET_MAX - 1);
	auth_record_copy_text(secret, AUTH_SECRET_MAX, wanted);
	return true;
}

static bool insert_key(struct str old, struct buf *value, void *data, struct err *err)
{
	const struct key *key = data;
	struct key before;
	bool taken = old.ptr &&
		     (!key_read(str_cstr(key->id), old, &before) || before.terms.revoked == 0);

	explicit_bzero(&before, sizeof(before));
	if (taken)
		return err_set(err, ERR_CONFLICT, NULL, "%s exists already", key->id);
	return auth_record_write(value, key_json(key), err);
}

static bool put_key(struct store *store, struct key *key, const char *id, struct err *err)
{
	const struct store_auth_edit edit = { STORE_SIGNING_KEYS, { key->id, strlen(id) },
		insert_key, key };

	auth_record_copy_text(key->id, sizeof(key->id), id);
	return store_auth_update(store, &edit, 1, err);
}

/* The wanted id, else the user's own, else a fresh one. */
static bool put_with_default_id(
	struct store *store, struct key *key, const char *id, struct err *err)
{
	char fresh[ID_TEXT_LEN + 1];
	struct user owner;

	if (id)
		return put_key(store, key, id, err);
	if (!user_get(store, key->terms.user, &owner, err))
		return false;
	if (put_key(store, key, owner.id, err))
		return true;
	return err->code == ERR_CONFLICT && auth_record_new_id(fresh, key->terms.created, err) &&
	       put_key(store, key, fresh, err);
}

bool key_add(struct store *store, const char *id, const char *secret,
	const struct credential_terms *wanted, struct key *made, struct err *err)
{
	struct key key = { 0 };
	bool ok;

	if (id && !auth_is_name(str_cstr(id)))
		return err_set(err, ERR_INVALID, "id",
			"a key's id is 1 to %d of letters, digits and ._@-", AUTH_NAME_MAX - 1);
	ok = choose_secret(secret, key.secret, err) &&
	     credential_terms_create(store, wanted, &key.terms, err) &&
	     put_with_default_id(store, &key, id, err);
	if (ok)
		*made = key;
	explicit_bzero(&key, sizeof(key));
	return ok;
}

/* ---- changes ---- */

struct key_change {
	const char *id;
	bool (*apply)(struct key *key, const struct key_change *change, struct err *err);
	int64_t now, then;
	struct key made; /* what it is to be, its secret of now as the previous one */
	int64_t expires; /* its end until now */
};

static bool change_record(struct str old, struct buf *value, void *data, struct err *err)
{
	const struct key_change *change = data;
	struct key key = { 0 };
	bool ok = false;

	if (!old.ptr)
		auth_record_not_found(STORE_SIGNING_KEYS, change->id, err);
	else if (!key_read(str_cstr(change->id), old, &key))
		auth_record_corrupt(STORE_SIGNING_KEYS, change->id, err);
	else if (key.terms.revoked != 0)
		err_set(err, ERR_NOT_FOUND, "key", "key %s is revoked", change->id);
	else
		ok = change->apply(&key, change, err) &&
		     auth_record_write(value, key_json(&key), err);
	explicit_bzero(&key, sizeof(key));
	return ok;
}

static bool change_key(struct store *store, struct key_change *change, struct err *err)
{
	const struct store_auth_edit edit = { STORE_SIGNING_KEYS, str_cstr(change->id),
		change_record, change };

	return store_auth_update(store, &edit, 1, err);
}

static bool apply_revocation(struct key *key, const struct key_change *change, struct err *err)
{
	(void)err;
	key->terms.revoked = change->now;
	return true;
}

bool key_revoke(struct store *store, const char *id, int64_t now, struct err *err)
{
	struct key_change change = { .id = id, .apply = apply_revocation, .now = now };

	return change_key(store, &change, err);
}

static bool apply_expiry(struct key *key, const struct key_change *change, struct err *err)
{
	(void)err;
	key->terms.expires = change->then;
	return true;
}

bool key_expire(struct store *store, const char *id, int64_t expires, struct err *err)
{
	struct key_change change = { .id = id, .apply = apply_expiry, .then = expires };

	return change_key(store, &change, err);
}

/* The key is still as it was when the new terms were made of it. */
static bool apply_rotation(struct key *key, const struct key_change *change, struct err *err)
{
	const struct key *made = &change->made;

	if (strcmp(key->secret, made->previous_secret) != 0 ||
		key->terms.expires != change->expires)
		return err_set(err, ERR_CONFLICT, "key",
			"key %s was changed by somebody else meanwhile", change->id);
	*key = *made;
	if (change->then == change->now) {
		key->previous_secret[0] = '\0';
		key->previous_expires = 0;
	}
	return true;
}

static bool prepare_rotation(
	struct store *store, struct key_change *change, const char *secret, struct err *err)
{
	struct key *made = &change->made;
	struct credential_terms old;

	if (!key_get(store, change->id, made, err))
		return false;
	old = made->terms;
	change->expires = old.expires;
	if (credential_terms_validity(&old, change->now) == VALIDITY_EXPIRED)
		return err_set(err, ERR_CONFLICT, "key", "key %s has expired", change->id);
	memcpy(made->previous_secret, made->secret, sizeof(made->previous_secret));
	made->previous_expires = credential_terms_earlier(old.expires, change->then);
	return choose_secret(secret, made->secret, err) &&
	       credential_terms_renew(store, &old, change->now, &made->terms, err);
}

bool key_rotate(struct store *store, const char *id, const char *secret, int64_t overlap,
	int64_t now, struct key *made, struct err *err)
{
	struct key_change change = {
		.id = id, .apply = apply_rotation, .now = now, .then = now + overlap
	};
	bool ok = prepare_rotation(store, &change, secret, err) && change_key(store, &change, err);

	if (ok)
		*made = change.made;
	explicit_bzero(&change, sizeof(change));
	return ok;
}

/* ---- those that ended ---- */

struct purge {
	int64_t before;
	struct buf ids; /* each with a NUL */
	bool removed;
};

static bool ended_before(const struct key *key, int64_t before)
{
	int64_t end = credential_terms_ended_at(&key->terms);

	return end != 0 && end < before;
}

static bool collect_ended(const struct key *key, void *data)
{
	struct purge *purge = data;

	if (ended_before(key, purge->before))
		buf_put(&purge->ids, key->id, strlen(key->id) + 1);
	return buf_ok(&purge->ids);
}

/* Nothing made removes it; one that somebody changed meanwhile stays. */
static bool remove_record(struct str old, struct buf *value, void *data, struct err *err)
{
	struct purge *purge = data;
	struct key key = { 0 };

	(void)err;
	purge->removed = old.ptr && key_read(STR("-"), old, &key) &&
			 ended_before(&key, purge->before);
	explicit_bzero(&key, sizeof(key));
	if (!purge->removed)
		buf_put_str(value, old);
	return true;
}

bool key_purge(struct store *store, int64_t before, unsigned *removed, struct err *err)
{
	struct purge purge = { .before = before };
	bool ok = key_each(store, collect_ended, &purge, err);

	*removed = 0;
	if (ok && !buf_ok(&purge.ids))
		ok = err_no_memory(err);
	for (struct str rest = buf_str(&purge.ids); ok && rest.len > 0;) {
		struct str id = str_split_next(&rest, '\0');
		const struct store_auth_edit edit = { STORE_SIGNING_KEYS, id, remove_record,
			&purge };

		ok = store_auth_update(store, &edit, 1, err);
		*removed += ok && purge.removed;
	}
	buf_free(&purge.ids);
	return ok;
}

/* ---- whose it is ---- */

bool key_identity(struct store *store, const struct key *key, int64_t now, struct identity *who,
	struct err *err)
{
	struct user owner;
	enum validity validity;

	return credential_terms_resolve(store, &key->terms, now, &owner, &validity, err) &&
	       credential_terms_identity(&key->terms, &owner, validity, who, err);
}

bool key_validity(struct store *store, const struct key *key, int64_t now, enum validity *validity,
	struct err *err)
{
	struct user owner;

	return credential_terms_resolve(store, &key->terms, now, &owner, validity, err);
}

/* ---- all of them ---- */

struct walk {
	bool (*take)(const struct key *key, void *data);
	void *data;
};

static bool take_key(struct str id, struct str value, void *data)
{
	const struct walk *walk = data;
	struct key key;
	bool more = true;

	if (key_read(id, value, &key))
		more = walk->take(&key, walk->data);
	else
		auth_record_log_unreadable(STORE_SIGNING_KEYS);
	explicit_bzero(&key, sizeof(key));
	return more;
}

bool key_each(struct store *store, bool (*take)(const struct key *key, void *data), void *data,
	struct err *err)
{
	struct walk walk = { take, data };

	return store_auth_each(store, STORE_SIGNING_KEYS, take_key, &walk, err);
}
