#include "auth/entry.h"

/* ---- the record ---- */

static bool key_read(struct str id, struct str value, struct key *key)
{
	json_t *json = entry_json(value);
	struct terms_members members = { 0 };
	const char *secret, *previous = "";
	json_int_t until = 0;
	struct key copy = { 0 };
	bool ok = id.len < sizeof(copy.id) &&
		  entry_unpack(json, "{s:s, s?s, s?I, " TERMS_FORMAT "}", "secret", &secret,
			  "previous", &previous, "previous_until", &until,
			  TERMS_MEMBERS(&members)) &&
		  terms_read(&copy.terms, &members) &&
		  entry_copy(copy.secret, sizeof(copy.secret), secret) &&
		  entry_copy(copy.previous, sizeof(copy.previous), previous);

	if (ok) {
		memcpy(copy.id, id.ptr, id.len);
		copy.previous_until = until;
		*key = copy;
	}
	explicit_bzero(&copy, sizeof(copy));
	json_decref(json);
	return ok;
}

static json_t *key_json(const struct key *key)
{
	json_t *json = terms_json(&key->terms);

	if (json && json_object_set_new(json, "secret", json_string(key->secret)) == 0 &&
		(!key->previous[0] ||
			json_object_set_new(json, "previous", json_string(key->previous)) == 0) &&
		entry_set_time(json, "previous_until", key->previous_until))
		return json;
	json_decref(json);
	return NULL;
}

bool key_get(struct store *store, const char *id, struct key *key, struct err *err)
{
	struct buf value = BUF_INIT;
	bool ok = entry_get(store, STORE_KEYS, id, &value, err);

	if (ok && !key_read(str_of(id), buf_str(&value), key))
		ok = entry_broken(STORE_KEYS, id, err);
	if (value.data)
		explicit_bzero(value.data, value.size);
	buf_free(&value);
	return ok;
}

/* ---- a new one ---- */

static bool choose_secret(const char *wanted, char secret[AUTH_SECRET_MAX], struct err *err)
{
	if (!wanted)
		return entry_random_hex(secret, err);
	if (!entry_is_text(str_of(wanted), AUTH_SECRET_MAX - 1))
		return err_set(err, ERR_INVALID, "secret", "a secret is 1 to %d bytes of text",
			AUTH_SECRET_MAX - 1);
	entry_copy(secret, AUTH_SECRET_MAX, wanted);
	return true;
}

static bool make_key(struct str old, struct buf *value, void *data, struct err *err)
{
	const struct key *key = data;
	struct key before;
	bool taken = old.ptr &&
		     (!key_read(str_of(key->id), old, &before) || before.terms.revoked == 0);

	explicit_bzero(&before, sizeof(before));
	if (taken)
		return err_set(err, ERR_CONFLICT, NULL, "%s exists already", key->id);
	return entry_write(value, key_json(key), err);
}

static bool put_key(struct store *store, struct key *key, const char *id, struct err *err)
{
	const struct store_edit edit = { STORE_KEYS, { key->id, strlen(id) }, make_key, key };

	entry_copy(key->id, sizeof(key->id), id);
	return store_edit_entries(store, &edit, 1, err);
}

/* The wanted id, else the user's own, else a fresh one. */
static bool put_somewhere(struct store *store, struct key *key, const char *id, struct err *err)
{
	char fresh[ID_TEXT_LEN + 1];
	struct user owner;

	if (id)
		return put_key(store, key, id, err);
	if (!user_get(store, key->terms.user, &owner, err))
		return false;
	if (put_key(store, key, owner.id, err))
		return true;
	return err->code == ERR_CONFLICT && entry_fresh_id(fresh, key->terms.created, err) &&
	       put_key(store, key, fresh, err);
}

bool key_add(struct store *store, const char *id, const char *secret, const struct terms *wanted,
	struct key *made, struct err *err)
{
	struct key key = { 0 };
	bool ok;

	if (id && !auth_is_name(str_of(id)))
		return err_set(err, ERR_INVALID, "id",
			"a key's id is 1 to %d of letters, digits and ._@-", AUTH_NAME_MAX - 1);
	ok = choose_secret(secret, key.secret, err) && terms_make(store, wanted, &key.terms, err) &&
	     put_somewhere(store, &key, id, err);
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
		entry_missing(STORE_KEYS, change->id, err);
	else if (!key_read(str_of(change->id), old, &key))
		entry_broken(STORE_KEYS, change->id, err);
	else if (key.terms.revoked != 0)
		err_set(err, ERR_NOT_FOUND, "key", "key %s is revoked", change->id);
	else
		ok = change->apply(&key, change, err) && entry_write(value, key_json(&key), err);
	explicit_bzero(&key, sizeof(key));
	return ok;
}

static bool change_key(struct store *store, struct key_change *change, struct err *err)
{
	const struct store_edit edit = { STORE_KEYS, str_of(change->id), change_record, change };

	return store_edit_entries(store, &edit, 1, err);
}

static bool revoke(struct key *key, const struct key_change *change, struct err *err)
{
	(void)err;
	key->terms.revoked = change->now;
	return true;
}

bool key_revoke(struct store *store, const char *id, int64_t now, struct err *err)
{
	struct key_change change = { .id = id, .apply = revoke, .now = now };

	return change_key(store, &change, err);
}

static bool set_end(struct key *key, const struct key_change *change, struct err *err)
{
	(void)err;
	key->terms.expires = change->then;
	return true;
}

bool key_expire(struct store *store, const char *id, int64_t expires, struct err *err)
{
	struct key_change change = { .id = id, .apply = set_end, .then = expires };

	return change_key(store, &change, err);
}

/* The key is still as it was when the new terms were made of it. */
static bool renew(struct key *key, const struct key_change *change, struct err *err)
{
	const struct key *made = &change->made;

	if (strcmp(key->secret, made->previous) != 0 || key->terms.expires != change->expires)
		return err_set(err, ERR_CONFLICT, "key",
			"key %s was changed by somebody else meanwhile", change->id);
	*key = *made;
	if (change->then == change->now) {
		key->previous[0] = '\0';
		key->previous_until = 0;
	}
	return true;
}

static bool prepare(
	struct store *store, struct key_change *change, const char *secret, struct err *err)
{
	struct key *made = &change->made;
	struct terms old;

	if (!key_get(store, change->id, made, err))
		return false;
	old = made->terms;
	change->expires = old.expires;
	if (terms_standing(&old, change->now) == STANDING_EXPIRED)
		return err_set(err, ERR_CONFLICT, "key", "key %s has expired", change->id);
	memcpy(made->previous, made->secret, sizeof(made->previous));
	made->previous_until = terms_sooner(old.expires, change->then);
	return choose_secret(secret, made->secret, err) &&
	       terms_renew(store, &old, change->now, &made->terms, err);
}

bool key_rotate(struct store *store, const char *id, const char *secret, int64_t overlap,
	int64_t now, struct key *made, struct err *err)
{
	struct key_change change = { .id = id, .apply = renew, .now = now, .then = now + overlap };
	bool ok = prepare(store, &change, secret, err) && change_key(store, &change, err);

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
	int64_t end = terms_end(&key->terms);

	return end != 0 && end < before;
}

static bool take_ended(const struct key *key, void *data)
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
	bool ok = key_each(store, take_ended, &purge, err);

	*removed = 0;
	if (ok && !buf_ok(&purge.ids))
		ok = err_set(err, ERR_NO_MEMORY, NULL, NULL);
	for (struct str rest = buf_str(&purge.ids); ok && rest.len > 0;) {
		struct str id = str_take_part(&rest, '\0');
		const struct store_edit edit = { STORE_KEYS, id, remove_record, &purge };

		ok = store_edit_entries(store, &edit, 1, err);
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
	enum standing standing;

	return terms_judge(store, &key->terms, now, &owner, &standing, err) &&
	       terms_identify(&key->terms, &owner, standing, who, err);
}

bool key_standing(struct store *store, const struct key *key, int64_t now, enum standing *standing,
	struct err *err)
{
	struct user owner;

	return terms_judge(store, &key->terms, now, &owner, standing, err);
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
		entry_unreadable(STORE_KEYS);
	explicit_bzero(&key, sizeof(key));
	return more;
}

bool key_each(struct store *store, bool (*take)(const struct key *key, void *data), void *data,
	struct err *err)
{
	struct walk walk = { take, data };

	return store_each_entry(store, STORE_KEYS, take_key, &walk, err);
}
