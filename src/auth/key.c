#include "auth/key.h"

#include "auth/auth_batch.h"
#include "auth/secret.h"
#include "store/auth_table.h"

/* ---- the record ---- */

static bool decode_key(struct str id, json_t *json, void *record)
{
	struct credential_terms_members members = { 0 };
	const char *secret, *previous = "";
	json_int_t until = 0;
	struct key key = { 0 };
	bool ok = id.len < sizeof(key.id) &&
		  auth_record_unpack(json, "{s:s, s?s, s?I, " CREDENTIAL_TERMS_FORMAT "}", "secret",
			  &secret, "previous", &previous, "previous_until", &until,
			  CREDENTIAL_TERMS_MEMBERS(&members)) &&
		  credential_terms_decode(&key.terms, &members) &&
		  auth_record_copy_text(key.secret, sizeof(key.secret), secret) &&
		  auth_record_copy_text(key.previous_secret, sizeof(key.previous_secret), previous);

	if (ok) {
		memcpy(key.id, id.ptr, id.len);
		key.previous_expires = until;
		memcpy(record, &key, sizeof(key));
	}
	explicit_bzero(&key, sizeof(key));
	return ok;
}

static json_t *encode_key(const void *record)
{
	const struct key *key = record;
	json_t *json = credential_terms_encode(&key->terms);

	if (json && json_object_set_new(json, "secret", json_string(key->secret)) == 0 &&
		(!key->previous_secret[0] || json_object_set_new(json, "previous",
						     json_string(key->previous_secret)) == 0) &&
		auth_record_set_time(json, "previous_until", key->previous_expires))
		return json;
	json_decref(json);
	return NULL;
}

const struct auth_record_kind key_kind = {
	.table = STORE_SIGNING_KEYS,
	.name = "key",
	.size = sizeof(struct key),
	.decode = decode_key,
	.encode = encode_key,
};

bool key_get(struct store *store, const char *id, struct key *key, struct err *err)
{
	return auth_record_get(store, &key_kind, id, key, err);
}

struct walk {
	bool (*take)(const struct key *key, void *data);
	void *data;
};

static bool take_key(struct str id, const void *record, void *data)
{
	const struct walk *walk = data;

	(void)id;
	return walk->take(record, walk->data);
}

bool key_each(struct store *store, bool (*take)(const struct key *key, void *data), void *data,
	struct err *err)
{
	struct walk typed = { take, data };
	struct key key;
	const struct auth_record_walk walk = { &key_kind, &key, take_key, &typed };

	return auth_record_each(store, &walk, err);
}

/* ---- adding ---- */

static bool choose_secret(const char *wanted, char secret[AUTH_SECRET_MAX], struct err *err)
{
	if (!wanted)
		return secret_random_hex(secret, SECRET_RANDOM_LEN, err);
	if (!auth_is_text(str_cstr(wanted), AUTH_SECRET_MAX - 1))
		return err_set(err, ERR_INVALID, "secret",
			"a secret is 1 to %d bytes without control characters",
			AUTH_SECRET_MAX - 1);
	auth_record_copy_text(secret, AUTH_SECRET_MAX, wanted);
	return true;
}

static bool insert_key(struct str old, struct buf *value, void *data, struct err *err)
{
	const struct key *key = data;
	struct key before;
	bool taken = old.ptr && (!auth_record_decode(&key_kind, str_cstr(key->id), old, &before) ||
					before.terms.revoked == 0);

	explicit_bzero(&before, sizeof(before));
	if (taken)
		return err_set(err, ERR_CONFLICT, NULL, "key '%s' already exists", key->id);
	return auth_record_encode(&key_kind, key, value, err);
}

static bool put_key(struct store *store, struct key *key, const char *id, struct err *err)
{
	const struct store_auth_edit edit = { STORE_SIGNING_KEYS, str_cstr(id), insert_key, key };

	auth_record_copy_text(key->id, sizeof(key->id), id);
	return store_auth_update(store, &edit, 1, err);
}

/* The wanted id, else the user's, else a new one. */
static bool put_with_default_id(
	struct store *store, struct key *key, const char *id, struct err *err)
{
	char new_id[ID_TEXT_LEN + 1];
	struct user owner;

	if (id)
		return put_key(store, key, id, err);
	if (!user_get(store, key->terms.user, &owner, err))
		return false;
	if (put_key(store, key, owner.id, err))
		return true;
	return err->code == ERR_CONFLICT && auth_record_new_id(new_id, key->terms.created, err) &&
	       put_key(store, key, new_id, err);
}

bool key_add(struct store *store, const char *id, const char *secret,
	const struct credential_terms *wanted, struct key *made, struct err *err)
{
	struct key key = { 0 };
	bool ok;

	if (id && !auth_is_key_id(str_cstr(id)))
		return err_set(err, ERR_INVALID, "id",
			"a key's id is 1 to %d letters, digits and ._@-", AUTH_NAME_MAX - 1);
	ok = choose_secret(secret, key.secret, err) &&
	     credential_terms_create(store, wanted, &key.terms, err) &&
	     put_with_default_id(store, &key, id, err);
	if (ok)
		*made = key;
	explicit_bzero(&key, sizeof(key));
	return ok;
}

/* ---- changes ---- */

static bool change_key(struct store *store, const char *id,
	bool (*apply)(void *record, const void *data, struct err *err), const void *data,
	struct err *err)
{
	struct key key;
	const struct auth_record_update update = { &key_kind, id, &key, apply, data };

	return auth_record_update(store, &update, err);
}

static bool must_not_be_revoked(const struct key *key, struct err *err)
{
	return key->terms.revoked == 0 ||
	       err_set(err, ERR_NOT_FOUND, "key", "key '%s' is revoked", key->id);
}

static bool apply_revocation(void *record, const void *data, struct err *err)
{
	const int64_t *now = data;
	struct key *key = record;

	if (!must_not_be_revoked(key, err))
		return false;
	key->terms.revoked = *now;
	return true;
}

bool key_revoke(struct store *store, const char *id, int64_t now, struct err *err)
{
	return change_key(store, id, apply_revocation, &now, err);
}

static bool apply_expiry(void *record, const void *data, struct err *err)
{
	const int64_t *expires = data;
	struct key *key = record;

	if (!must_not_be_revoked(key, err))
		return false;
	key->terms.expires = *expires;
	return true;
}

bool key_expire(struct store *store, const char *id, int64_t expires, struct err *err)
{
	return change_key(store, id, apply_expiry, &expires, err);
}

/* ---- rotation ---- */

struct key_rotation {
	int64_t now, overlap_end;
	struct key made; /* the new state; its previous secret is the current one */
	int64_t old_end; /* the key's end when it was read */
};

static bool apply_rotation(void *record, const void *data, struct err *err)
{
	const struct key_rotation *rotation = data;
	const struct key *made = &rotation->made;
	struct key *key = record;

	if (!must_not_be_revoked(key, err))
		return false;
	if (strcmp(key->secret, made->previous_secret) != 0 ||
		key->terms.expires != rotation->old_end)
		return err_set(err, ERR_CONFLICT, "key",
			"key '%s' was changed concurrently; try again", key->id);
	*key = *made;
	if (rotation->overlap_end == rotation->now) {
		key->previous_secret[0] = '\0';
		key->previous_expires = 0;
	}
	return true;
}

static bool prepare_rotation(struct store *store, const char *id, struct key_rotation *rotation,
	const char *secret, struct err *err)
{
	struct key *made = &rotation->made;
	struct credential_terms old;

	if (!key_get(store, id, made, err))
		return false;
	old = made->terms;
	rotation->old_end = old.expires;
	if (credential_terms_validity(&old, rotation->now) == VALIDITY_EXPIRED)
		return err_set(err, ERR_CONFLICT, "key", "key '%s' has expired", id);
	memcpy(made->previous_secret, made->secret, sizeof(made->previous_secret));
	made->previous_expires = validity_earlier_end(old.expires, rotation->overlap_end);
	return choose_secret(secret, made->secret, err) &&
	       credential_terms_renew(store, &old, rotation->now, &made->terms, err);
}

bool key_rotate(struct store *store, const char *id, const char *secret, int64_t overlap,
	int64_t now, struct key *made, struct err *err)
{
	struct key_rotation rotation = { .now = now, .overlap_end = now + overlap };
	bool ok = prepare_rotation(store, id, &rotation, secret, err) &&
		  change_key(store, id, apply_rotation, &rotation, err);

	if (ok)
		*made = rotation.made;
	explicit_bzero(&rotation, sizeof(rotation));
	return ok;
}

/* ---- removal ---- */

static bool has_ended(const void *record, const void *data)
{
	const struct key *key = record;
	const int64_t *before = data;

	return credential_terms_ended_before(&key->terms, *before);
}

bool key_purge(struct store *store, int64_t before, struct store_auth_place *place,
	unsigned *removed, struct err *err)
{
	struct key key;
	struct auth_batch batch = {
		.kind = &key_kind, .record = &key, .selects = has_ended, .data = &before
	};
	bool ok = auth_batch_run_part(store, &batch, place, removed, err);

	auth_batch_free(&batch);
	return ok;
}

/* ---- validity ---- */

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
