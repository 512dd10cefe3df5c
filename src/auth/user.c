#include "auth/auth_record.h"
#include "task/right.h"

/* ---- the record ---- */

/* What the reader takes from the object before anything is judged. */
struct members {
	const char *id, *tenant, *rights, *password;
	json_int_t created, expires, password_since, password_expires;
	int revoked;
};

static bool copy_members(struct user *user, const struct members *members)
{
	user->created = members->created;
	user->expires = members->expires;
	user->revoked = members->revoked != 0;
	user->password_changed = members->password_since;
	user->password_expires = members->password_expires;
	return auth_record_copy_text(user->id, sizeof(user->id), members->id) &&
	       auth_record_copy_text(user->tenant, sizeof(user->tenant), members->tenant) &&
	       auth_record_parse_rights(&user->rights, members->rights) &&
	       auth_record_copy_text(
		       user->password_hash, sizeof(user->password_hash), members->password);
}

static bool user_read(struct str name, struct str value, struct user *user)
{
	json_t *json = auth_record_parse(value);
	struct members members = { .password = "" };
	struct user copy = { 0 };
	bool ok = name.len < sizeof(copy.name) &&
		  auth_record_unpack(json, "{s:s, s:s, s:s, s:I, s:b, s?s, s?I, s?I, s?I}", "id",
			  &members.id, "tenant", &members.tenant, "rights", &members.rights,
			  "created", &members.created, "revoked", &members.revoked, "password",
			  &members.password, "expires", &members.expires, "password_since",
			  &members.password_since, "password_expires", &members.password_expires) &&
		  copy_members(&copy, &members);

	if (ok) {
		memcpy(copy.name, name.ptr, name.len);
		*user = copy;
	}
	json_decref(json);
	return ok;
}

static json_t *user_json(const struct user *user)
{
	char rights[RIGHTS_TEXT_SIZE];
	json_t *json;

	rights_format(user->rights, rights, sizeof(rights));
	json = json_pack("{s:s, s:s, s:s, s:I, s:b, s:s*}", "id", user->id, "tenant", user->tenant,
		"rights", rights, "created", (json_int_t)user->created, "revoked",
		(int)user->revoked, "password",
		user->password_hash[0] ? user->password_hash : NULL);
	if (json && auth_record_set_time(json, "expires", user->expires) &&
		auth_record_set_time(json, "password_since", user->password_changed) &&
		auth_record_set_time(json, "password_expires", user->password_expires))
		return json;
	json_decref(json);
	return NULL;
}

/* ---- a new one ---- */

static bool insert_user(struct str old, struct buf *value, void *data, struct err *err)
{
	const struct user *user = data;

	if (old.ptr)
		return err_set(err, ERR_CONFLICT, NULL, "%s exists already", user->name);
	return auth_record_write(value, user_json(user), err);
}

bool user_add(struct store *store, const char *name, const char *tenant, unsigned rights,
	int64_t expires, int64_t now, struct user *made, struct err *err)
{
	struct user user = { .rights = rights, .created = now, .expires = expires };
	const struct store_auth_edit edit = { STORE_USERS, str_cstr(name), insert_user, &user };

	if (!auth_is_name(str_cstr(name)))
		return err_set(err, ERR_INVALID, "name",
			"a name is 1 to %d of letters, digits and ._@-", AUTH_NAME_MAX - 1);
	if (!auth_is_tenant(str_cstr(tenant)))
		return err_set(err, ERR_INVALID, "tenant",
			"a tenant is 1 to %d of lower-case letters, digits and -",
			AUTH_TENANT_MAX - 1);
	if (rights == 0 || (rights & ~(unsigned)RIGHT_ALL))
		return err_set(err, ERR_INVALID, "rights", "a user needs at least one right");
	if (!auth_record_new_id(user.id, now, err))
		return false;
	auth_record_copy_text(user.name, sizeof(user.name), name);
	auth_record_copy_text(user.tenant, sizeof(user.tenant), tenant);
	if (!store_auth_update(store, &edit, 1, err))
		return false;
	*made = user;
	return true;
}

bool user_get(struct store *store, const char *name, struct user *user, struct err *err)
{
	struct buf value = BUF_INIT;
	bool ok = auth_record_get(store, STORE_USERS, name, &value, err);

	if (ok && !user_read(str_cstr(name), buf_str(&value), user))
		ok = auth_record_corrupt(STORE_USERS, name, err);
	buf_free(&value);
	return ok;
}

/* ---- changes ---- */

struct user_change {
	const char *name;
	bool (*apply)(struct user *user, const struct user_change *change, struct err *err);
	const char *hash;
	int64_t expires, now;
};

static bool change_record(struct str old, struct buf *value, void *data, struct err *err)
{
	const struct user_change *change = data;
	struct user user;

	if (!old.ptr)
		return auth_record_not_found(STORE_USERS, change->name, err);
	if (!user_read(str_cstr(change->name), old, &user))
		return auth_record_corrupt(STORE_USERS, change->name, err);
	return change->apply(&user, change, err) && auth_record_write(value, user_json(&user), err);
}

static bool change_user(struct store *store, struct user_change change, struct err *err)
{
	const struct store_auth_edit edit = { STORE_USERS, str_cstr(change.name), change_record,
		&change };

	return store_auth_update(store, &edit, 1, err);
}

static bool apply_revocation(struct user *user, const struct user_change *change, struct err *err)
{
	(void)change, (void)err;
	user->revoked = true;
	return true;
}

bool user_revoke(struct store *store, const char *name, struct err *err)
{
	return change_user(store, (struct user_change){ name, .apply = apply_revocation }, err);
}

/* What would be said to be done, and never work. */
static bool must_not_be_revoked(const struct user *user, struct err *err)
{
	return !user->revoked ||
	       err_set(err, ERR_CONFLICT, "user", "user %s is revoked", user->name);
}

static bool apply_expiry(struct user *user, const struct user_change *change, struct err *err)
{
	user->expires = change->expires;
	return must_not_be_revoked(user, err);
}

bool user_expire(struct store *store, const char *name, int64_t expires, struct err *err)
{
	return change_user(store,
		(struct user_change){ name, .apply = apply_expiry, .expires = expires }, err);
}

enum validity user_validity(const struct user *user, int64_t now)
{
	if (user->revoked)
		return VALIDITY_REVOKED;
	if (user->expires != 0 && now >= user->expires)
		return VALIDITY_EXPIRED;
	return VALIDITY_LIVE;
}

/* ---- her password ---- */

static bool apply_password(struct user *user, const struct user_change *change, struct err *err)
{
	if (!auth_record_copy_text(user->password_hash, sizeof(user->password_hash), change->hash))
		return err_set(err, ERR_INTERNAL, NULL, NULL);
	/* Tokens tell one password from the next by this, so it never stays the same. */
	user->password_changed = change->now > user->password_changed ? change->now
								      : user->password_changed + 1;
	user->password_expires = change->expires;
	return true;
}

static bool apply_new_password(struct user *user, const struct user_change *change, struct err *err)
{
	return must_not_be_revoked(user, err) && apply_password(user, change, err);
}

bool user_set_password(struct store *store, const char *name, const char *hash, int64_t expires,
	int64_t now, struct err *err)
{
	const struct user_change change = { name, apply_new_password, hash, expires, now };

	return change_user(store, change, err);
}

static bool must_have_password(const struct user *user, struct err *err)
{
	return user->password_hash[0] ||
	       err_set(err, ERR_NOT_FOUND, "password", "user %s has no password", user->name);
}

static bool apply_rotation(struct user *user, const struct user_change *change, struct err *err)
{
	struct user_change another = *change;

	if (change->expires == USER_SAME_LIFETIME)
		another.expires = credential_terms_extend(
			user->password_changed, user->password_expires, change->now);
	return must_have_password(user, err) && apply_new_password(user, &another, err);
}

bool user_rotate_password(struct store *store, const char *name, const char *hash, int64_t expires,
	int64_t now, struct err *err)
{
	const struct user_change change = { name, apply_rotation, hash, expires, now };

	return change_user(store, change, err);
}

static bool apply_password_removal(
	struct user *user, const struct user_change *change, struct err *err)
{
	return must_have_password(user, err) && apply_password(user, change, err);
}

bool user_revoke_password(struct store *store, const char *name, int64_t now, struct err *err)
{
	const struct user_change change = { name, .apply = apply_password_removal, .hash = "",
		.now = now };

	return change_user(store, change, err);
}

static bool apply_password_expiry(
	struct user *user, const struct user_change *change, struct err *err)
{
	user->password_expires = change->expires;
	return must_have_password(user, err);
}

bool user_expire_password(struct store *store, const char *name, int64_t expires, struct err *err)
{
	const struct user_change change = { name, .apply = apply_password_expiry,
		.expires = expires };

	return change_user(store, change, err);
}

bool user_may_log_in(const struct user *user, int64_t now)
{
	return user->password_hash[0] && user_validity(user, now) == VALIDITY_LIVE &&
	       (user->password_expires == 0 || now < user->password_expires);
}

/* ---- all of them ---- */

struct walk {
	bool (*take)(const struct user *user, void *data);
	void *data;
};

static bool take_user(struct str name, struct str value, void *data)
{
	const struct walk *walk = data;
	struct user user;

	if (user_read(name, value, &user))
		return walk->take(&user, walk->data);
	auth_record_log_unreadable(STORE_USERS);
	return true;
}

bool user_each(struct store *store, bool (*take)(const struct user *user, void *data), void *data,
	struct err *err)
{
	struct walk walk = { take, data };

	return store_auth_each(store, STORE_USERS, take_user, &walk, err);
}
