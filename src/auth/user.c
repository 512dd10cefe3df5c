#include "auth/user.h"

#include "auth/auth_record.h"
#include "store/auth_table.h"
#include "task/right.h"

/* ---- the record ---- */

/* Members as unpacked, before they are checked. */
struct members {
	const char *id, *tenant, *rights, *password, *networks;
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
	       auth_record_copy_text(user->networks, sizeof(user->networks), members->networks) &&
	       auth_record_copy_text(
		       user->password_hash, sizeof(user->password_hash), members->password);
}

static bool decode_user(struct str name, json_t *json, void *record)
{
	struct members members = { .password = "", .networks = "" };
	struct user user = { 0 };

	if (!user_name_is_valid(name) ||
		!auth_record_unpack(json, "{s:s, s:s, s:s, s:I, s:b, s?s, s?I, s?I, s?I, s?s}",
			"id", &members.id, "tenant", &members.tenant, "rights", &members.rights,
			"created", &members.created, "revoked", &members.revoked, "password",
			&members.password, "expires", &members.expires, "password_since",
			&members.password_since, "password_expires", &members.password_expires,
			"networks", &members.networks) ||
		!copy_members(&user, &members))
		return false;
	memcpy(user.name, name.ptr, name.len);
	memcpy(record, &user, sizeof(user));
	return true;
}

static json_t *encode_user(const void *record)
{
	const struct user *user = record;
	char rights[RIGHTS_TEXT_SIZE];
	json_t *json;

	rights_format(user->rights, rights, sizeof(rights));
	json = json_pack("{s:s, s:s, s:s, s:I, s:b, s:s*, s:s*}", "id", user->id, "tenant",
		user->tenant, "rights", rights, "created", (json_int_t)user->created, "revoked",
		(int)user->revoked, "password", user->password_hash[0] ? user->password_hash : NULL,
		"networks", user->networks[0] ? user->networks : NULL);
	if (json && auth_record_set_time(json, "expires", user->expires) &&
		auth_record_set_time(json, "password_since", user->password_changed) &&
		auth_record_set_time(json, "password_expires", user->password_expires))
		return json;
	json_decref(json);
	return NULL;
}

const struct auth_record_kind user_kind = {
	.table = STORE_USERS,
	.name = "user",
	.size = sizeof(struct user),
	.decode = decode_user,
	.encode = encode_user,
};

bool user_get(struct store *store, const char *name, struct user *user, struct err *err)
{
	char folded[USER_NAME_MAX];

	if (auth_record_get(store, &user_kind, name, user, err))
		return true;
	if (err->code != ERR_NOT_FOUND || !user_name_fold(str_cstr(name), folded) ||
		strcmp(folded, name) == 0)
		return false;
	err->code = ERR_NONE;
	return auth_record_get(store, &user_kind, folded, user, err);
}

bool user_get_stored(struct store *store, const char *name, struct user *user, struct err *err)
{
	return auth_record_get(store, &user_kind, name, user, err);
}

struct walk {
	bool (*take)(const struct user *user, void *data);
	void *data;
};

static bool take_user(struct str name, const void *record, void *data)
{
	const struct walk *walk = data;

	(void)name;
	return walk->take(record, walk->data);
}

bool user_each(struct store *store, bool (*take)(const struct user *user, void *data), void *data,
	struct err *err)
{
	struct walk typed = { take, data };
	struct user user;
	const struct auth_record_walk walk = { &user_kind, &user, take_user, &typed };

	return auth_record_each(store, &walk, err);
}

/* ---- adding ---- */

static bool insert_user(struct str old, struct buf *value, void *data, struct err *err)
{
	const struct user *user = data;

	if (old.ptr)
		return err_set(err, ERR_CONFLICT, NULL, "user '%s' already exists", user->name);
	return auth_record_encode(&user_kind, user, value, err);
}

struct twin {
	const char *folded;
	char name[USER_NAME_MAX]; /* empty: not found */
};

static bool find_twin(const struct user *user, void *data)
{
	char folded[USER_NAME_MAX];
	struct twin *twin = data;

	if (!user_name_fold(str_cstr(user->name), folded) || strcmp(folded, twin->folded) != 0)
		return true;
	memcpy(twin->name, user->name, sizeof(twin->name));
	return false;
}

/* Only users of older builds have names with capitals, so none is added after this search. */
static bool insert(struct store *store, struct user *user, struct err *err)
{
	const struct store_auth_edit edit = { STORE_USERS, str_cstr(user->name), insert_user,
		user };
	struct twin twin = { .folded = user->name };

	if (!user_each(store, find_twin, &twin, err))
		return false;
	if (twin.name[0])
		return err_set(err, ERR_CONFLICT, NULL, "user '%s' already exists", twin.name);
	return store_auth_update(store, &edit, 1, err);
}

bool user_add(struct store *store, const char *name, const char *tenant, unsigned rights,
	int64_t expires, int64_t now, struct user *made, struct err *err)
{
	struct user user = { .rights = rights, .created = now, .expires = expires };

	if (!user_name_fold(str_cstr(name), user.name))
		return err_set(err, ERR_INVALID, "name",
			"a user name is 1 to %d bytes of printable UTF-8 without blanks, combining "
			"marks and any of ()<>[]:;,\\\"",
			USER_NAME_MAX - 1);
	if (!auth_is_tenant(str_cstr(tenant)))
		return err_set(err, ERR_INVALID, "tenant",
			"a tenant is 1 to %d lower-case letters, digits and -",
			AUTH_TENANT_MAX - 1);
	if (rights == 0 || (rights & ~(unsigned)RIGHT_ALL))
		return err_set(err, ERR_INVALID, "rights", "a user needs at least one right");
	if (!auth_record_new_id(user.id, now, err))
		return false;
	auth_record_copy_text(user.tenant, sizeof(user.tenant), tenant);
	if (!insert(store, &user, err))
		return false;
	*made = user;
	return true;
}

/* ---- changes ---- */

struct user_change {
	const char *hash; /* of the new password */
	int64_t expires, now;
};

typedef bool apply_change(void *record, const void *data, struct err *err);

static bool change_user(struct store *store, const char *name, apply_change *apply,
	const struct user_change *change, struct err *err)
{
	struct user user;
	char stored[USER_NAME_MAX];
	const struct auth_record_update update = { &user_kind, stored, &user, apply, change };

	if (!user_get(store, name, &user, err))
		return false;
	memcpy(stored, user.name, sizeof(stored));
	return auth_record_update(store, &update, err);
}

static bool apply_revocation(void *record, const void *data, struct err *err)
{
	struct user *user = record;

	(void)data, (void)err;
	user->revoked = true;
	return true;
}

bool user_revoke(struct store *store, const char *name, struct err *err)
{
	return change_user(store, name, apply_revocation, NULL, err);
}

/* Changes of a revoked user would be stored but have no effect. */
static bool must_not_be_revoked(const struct user *user, struct err *err)
{
	return !user->revoked ||
	       err_set(err, ERR_CONFLICT, "user", "user '%s' is revoked", user->name);
}

static bool apply_expiry(void *record, const void *data, struct err *err)
{
	const struct user_change *change = data;
	struct user *user = record;

	if (!must_not_be_revoked(user, err))
		return false;
	user->expires = change->expires;
	return true;
}

bool user_expire(struct store *store, const char *name, int64_t expires, struct err *err)
{
	return change_user(
		store, name, apply_expiry, &(struct user_change){ .expires = expires }, err);
}

enum validity user_validity(const struct user *user, int64_t now)
{
	return validity_at(user->revoked, user->expires, now);
}

/* ---- passwords ---- */

static bool put_password(
	struct user *user, const char *hash, int64_t expires, int64_t now, struct err *err)
{
	if (!auth_record_copy_text(user->password_hash, sizeof(user->password_hash), hash))
		return err_set(err, ERR_INTERNAL, NULL, NULL);
	/* Identifies the password for the tokens issued for it, so it must never repeat. */
	user->password_changed = now > user->password_changed ? now : user->password_changed + 1;
	user->password_expires = expires;
	return true;
}

static bool apply_new_password(void *record, const void *data, struct err *err)
{
	const struct user_change *change = data;

	return must_not_be_revoked(record, err) &&
	       put_password(record, change->hash, change->expires, change->now, err);
}

bool user_set_password(struct store *store, const char *name, const char *hash, int64_t expires,
	int64_t now, struct err *err)
{
	const struct user_change change = { hash, expires, now };

	return change_user(store, name, apply_new_password, &change, err);
}

static bool must_have_password(const struct user *user, struct err *err)
{
	return user->password_hash[0] ||
	       err_set(err, ERR_NOT_FOUND, "password", "user '%s' has no password", user->name);
}

static bool apply_rotation(void *record, const void *data, struct err *err)
{
	const struct user *user = record;
	struct user_change change = *(const struct user_change *)data;

	if (change.expires == USER_SAME_LIFETIME)
		change.expires = validity_renewed_end(
			user->password_changed, user->password_expires, change.now);
	return must_have_password(user, err) && apply_new_password(record, &change, err);
}

bool user_rotate_password(struct store *store, const char *name, const char *hash, int64_t expires,
	int64_t now, struct err *err)
{
	const struct user_change change = { hash, expires, now };

	return change_user(store, name, apply_rotation, &change, err);
}

static bool apply_password_removal(void *record, const void *data, struct err *err)
{
	const struct user_change *change = data;

	return must_have_password(record, err) && put_password(record, "", 0, change->now, err);
}

bool user_revoke_password(struct store *store, const char *name, int64_t now, struct err *err)
{
	return change_user(
		store, name, apply_password_removal, &(struct user_change){ .now = now }, err);
}

static bool apply_password_expiry(void *record, const void *data, struct err *err)
{
	const struct user_change *change = data;
	struct user *user = record;

	if (!must_have_password(user, err))
		return false;
	user->password_expires = change->expires;
	return true;
}

bool user_expire_password(struct store *store, const char *name, int64_t expires, struct err *err)
{
	return change_user(store, name, apply_password_expiry,
		&(struct user_change){ .expires = expires }, err);
}

bool user_may_log_in(const struct user *user, int64_t now)
{
	return user->password_hash[0] && user_validity(user, now) == VALIDITY_LIVE &&
	       (user->password_expires == 0 || now < user->password_expires);
}

enum validity user_password_validity(const struct user *user, int64_t now)
{
	enum validity validity = user_validity(user, now);

	return validity == VALIDITY_LIVE && !user_may_log_in(user, now) ? VALIDITY_EXPIRED
									: validity;
}
