#include <stdlib.h>

#include "auth/access_run.h"

_Static_assert(ACCESS_NAME_SIZE >= USER_NAME_MAX, "a name fits");

/* ---- rows ---- */

static struct optional_time end_of(int64_t expires)
{
	return expires != 0 ? optional_time(expires) : OPTIONAL_TIME_NONE;
}

static enum access_state state_of(enum validity validity)
{
	static const enum access_state states[] = {
		[VALIDITY_LIVE] = ACCESS_LIVE,
		[VALIDITY_EXPIRED] = ACCESS_EXPIRED,
		[VALIDITY_REVOKED] = ACCESS_REVOKED,
	};

	return states[validity];
}

static void fill_password(const struct user *user, int64_t now, struct access_user *row)
{
	row->has_password = user->password_hash[0] != '\0';
	if (!row->has_password)
		return;
	row->password_changed = end_of(user->password_changed);
	row->password_expires = end_of(user->password_expires);
	row->password_state = state_of(user_password_validity(user, now));
}

void access_fill_user(const struct user *user, int64_t now, struct access_user *row)
{
	*row = (struct access_user){
		.rights = user->rights,
		.state = state_of(user_validity(user, now)),
		.created = user->created,
		.expires = end_of(user->expires),
	};
	memcpy(row->name, user->name, sizeof(user->name));
	id_parse(&row->id, str_cstr(user->id));
	fill_password(user, now, row);
}

/* strcmp() compares UTF-8 by bytes. */
bool access_user_precedes(const void *a, const void *b)
{
	const struct access_user *left = a, *right = b;

	return strcmp(left->name, right->name) < 0;
}

/* ---- the owners of credentials ---- */

static bool grow(struct access_run *run, struct err *err)
{
	size_t capacity = run->owner_capacity ? 2 * run->owner_capacity : 64;
	struct access_owner *owners;

	if (run->owner_count < run->owner_capacity)
		return true;
	owners = realloc(run->owners, capacity * sizeof(*owners));
	if (!owners)
		return err_no_memory(err);
	run->owners = owners;
	run->owner_capacity = capacity;
	return true;
}

static bool add_owner(struct access_run *run, const struct user *user, struct err *err)
{
	struct access_owner *owner;

	if (!grow(run, err))
		return false;
	owner = &run->owners[run->owner_count];
	*owner = (struct access_owner){
		.rights = user->rights,
		.revoked = user->revoked,
		.expires = user->expires,
		.password_changed = user->password_changed,
	};
	id_parse(&owner->id, str_cstr(user->id));
	return json_object_set_new(run->owner_names, user->name,
		       json_integer((json_int_t)run->owner_count++)) == 0 ||
	       err_no_memory(err);
}

bool access_find_owner(
	const struct access_run *run, const char *name, struct user *owner, struct id *id)
{
	const json_t *index = json_object_get(run->owner_names, name);
	const struct access_owner *found;

	if (!index)
		return false;
	found = &run->owners[json_integer_value(index)];
	*owner = (struct user){
		.rights = found->rights,
		.revoked = found->revoked,
		.expires = found->expires,
		.password_changed = found->password_changed,
	};
	auth_record_copy_text(owner->name, sizeof(owner->name), name);
	*id = found->id;
	return true;
}

/* ---- the walk ---- */

static bool has_id(const struct access_run *run, const struct user *user)
{
	struct id id;

	return id_parse(&id, str_cstr(user->id)) && memcmp(&id, &run->id, sizeof(id)) == 0;
}

static void add_row(struct access_run *run, const struct user *user)
{
	struct access_user row;

	if (str_compare(str_cstr(user->name), run->query->after) <= 0)
		return;
	access_fill_user(user, run->now, &row);
	access_page_add(&run->page, &row);
}

bool access_take_user(struct access_run *run, const struct user *user, struct err *err)
{
	const struct op_access *query = run->query;

	if (!str_eq(str_cstr(user->tenant), run->tenant))
		return true;
	if (query->action == ACCESS_CREDENTIALS)
		return (query->has_user && !has_id(run, user)) || add_owner(run, user, err);
	if (query->action == ACCESS_USERS) {
		add_row(run, user);
	} else if (has_id(run, user)) {
		run->user = *user;
		run->tables = 0;
	}
	return true;
}
