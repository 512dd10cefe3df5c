#include "auth/entry.h"
#include "task/right.h"

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool is_made_of(struct str text, size_t most, const char *letters)
{
	if (text.len == 0 || text.len > most)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '\0' || !strchr(letters, text.ptr[i]))
			return false;
	}
	return true;
}

bool auth_is_name(struct str name)
{
	return is_made_of(name, AUTH_NAME_MAX - 1, LOWER UPPER DIGITS "._@-");
}

bool auth_is_tenant(struct str tenant)
{
	return is_made_of(tenant, AUTH_TENANT_MAX - 1, LOWER DIGITS "-");
}

static bool user_read(struct str name, struct str value, struct user *user)
{
	json_t *json = entry_json(value);
	const char *id, *tenant, *rights, *password = "";
	json_int_t created;
	int revoked;
	struct user copy = { 0 };
	bool ok = entry_unpack(json, "{s:s, s:s, s:s, s:I, s:b, s?s}", "id", &id, "tenant", &tenant,
			  "rights", &rights, "created", &created, "revoked", &revoked, "password",
			  &password) &&
		  entry_copy(copy.password, sizeof(copy.password), password) &&
		  name.len < sizeof(copy.name) && entry_copy(copy.id, sizeof(copy.id), id) &&
		  entry_copy(copy.tenant, sizeof(copy.tenant), tenant) &&
		  rights_parse(&copy.rights, str_of(rights));

	if (ok) {
		memcpy(copy.name, name.ptr, name.len);
		copy.created = created;
		copy.revoked = revoked != 0;
		*user = copy;
	}
	json_decref(json);
	return ok;
}

static bool user_put(struct store *store, const struct user *user, struct err *err)
{
	char rights[ENTRY_RIGHTS_SIZE];

	rights_format(user->rights, rights, sizeof(rights));
	return entry_put(store, STORE_USERS, str_of(user->name),
		json_pack("{s:s, s:s, s:s, s:I, s:b, s:s*}", "id", user->id, "tenant", user->tenant,
			"rights", rights, "created", (json_int_t)user->created, "revoked",
			(int)user->revoked, "password", user->password[0] ? user->password : NULL),
		err);
}

bool user_add(struct store *store, const char *name, const char *tenant, unsigned rights,
	int64_t now, struct user *made, struct err *err)
{
	struct user user = { .rights = rights, .created = now };

	if (!auth_is_name(str_of(name)))
		return err_set(err, ERR_INVALID, "name",
			"a name is 1 to %d of letters, digits and ._@-", AUTH_NAME_MAX - 1);
	if (!auth_is_tenant(str_of(tenant)))
		return err_set(err, ERR_INVALID, "tenant",
			"a tenant is 1 to %d of lower-case letters, digits and -",
			AUTH_TENANT_MAX - 1);
	if (rights == 0 || (rights & ~(unsigned)RIGHT_ALL))
		return err_set(err, ERR_INVALID, "rights", "a user needs at least one right");
	if (!entry_must_be_free(store, STORE_USERS, name, err) ||
		!entry_fresh_id(user.id, now, err))
		return false;
	entry_copy(user.name, sizeof(user.name), name);
	entry_copy(user.tenant, sizeof(user.tenant), tenant);
	if (!user_put(store, &user, err))
		return false;
	*made = user;
	return true;
}

bool user_get(struct store *store, const char *name, struct user *user, struct err *err)
{
	struct buf value = BUF_INIT;
	bool ok = entry_get(store, STORE_USERS, name, &value, err);

	if (ok && !user_read(str_of(name), buf_str(&value), user))
		ok = err_set(
			err, ERR_INTERNAL, "user", "the record of user %s cannot be read", name);
	buf_free(&value);
	return ok;
}

bool user_set_password(struct store *store, const char *name, const char *hash, struct err *err)
{
	struct user user;

	if (!user_get(store, name, &user, err))
		return false;
	if (!entry_copy(user.password, sizeof(user.password), hash))
		return err_set(err, ERR_INTERNAL, NULL, NULL);
	return user_put(store, &user, err);
}

bool user_revoke(struct store *store, const char *name, struct err *err)
{
	struct user user;

	if (!user_get(store, name, &user, err))
		return false;
	user.revoked = true;
	return user_put(store, &user, err);
}

bool principal_rights(struct store *store, const char *name, unsigned asked, struct user *user,
	unsigned *rights, struct err *err)
{
	struct user owner;
	unsigned given;

	if (!user_get(store, name, &owner, err))
		return false;
	if (owner.revoked)
		return err_set(err, ERR_CONFLICT, "user", "user %s is revoked", name);
	given = asked ? asked & owner.rights : owner.rights;
	if (given == 0)
		return err_set(
			err, ERR_INVALID, "rights", "user %s has none of these rights", name);
	*user = owner;
	*rights = given;
	return true;
}

static bool refused(const char *why, struct err *err)
{
	return err_set(err, ERR_UNAUTHENTICATED, why, NULL);
}

bool principal_identify(struct store *store, const char *name, unsigned rights, int64_t expires,
	int64_t now, struct identity *who, struct err *err)
{
	struct user user;

	if (!user_get(store, name, &user, err))
		return err->code == ERR_NOT_FOUND ? refused(PRINCIPAL_REVOKED, err) : false;
	if (expires != 0 && now >= expires)
		return refused(PRINCIPAL_EXPIRED, err);
	if (user.revoked || (user.rights & rights) == 0)
		return refused(PRINCIPAL_REVOKED, err);
	*who = (struct identity){ .rights = user.rights & rights };
	memcpy(who->user, user.id, sizeof(who->user));
	memcpy(who->tenant, user.tenant, sizeof(who->tenant));
	return true;
}

struct user_walk {
	bool (*take)(const struct user *user, void *data);
	void *data;
};

static bool take_user(struct str name, struct str value, void *data)
{
	const struct user_walk *walk = data;
	struct user user;

	if (user_read(name, value, &user))
		return walk->take(&user, walk->data);
	entry_unreadable(STORE_USERS);
	return true;
}

bool user_each(struct store *store, bool (*take)(const struct user *user, void *data), void *data,
	struct err *err)
{
	struct user_walk walk = { take, data };

	return store_each_entry(store, STORE_USERS, take_user, &walk, err);
}
