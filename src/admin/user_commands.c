#include "admin/user_commands.h"

#include "admin/credential_options.h"
#include "admin/list.h"
#include "auth/user.h"
#include "base/clock.h"

#define CELLS(row) (sizeof(row) / sizeof((row)[0]))

/* ---- users ---- */

bool admin_user_add(struct admin *admin, const struct admin_call *call, struct err *err)
{
	const char *tenant = call->options[ADMIN_TENANT] ? call->options[ADMIN_TENANT] : "default";
	unsigned rights = RIGHT_READ | RIGHT_WRITE | RIGHT_WORK;
	int64_t now = clock_wall_ms(), expires;
	struct user made;

	if (!admin_parse_rights(call, &rights, err) ||
		!admin_parse_expires(call, now, &expires, err) ||
		!user_add(admin->store, call->operand, tenant, rights, expires, now, &made, err))
		return false;
	admin_print(admin, "%s", made.id);
	return true;
}

static bool print_user(const struct user *user, void *data)
{
	struct admin_list *list = data;
	char rights[RIGHTS_TEXT_SIZE], created[ADMIN_DATE_SIZE], expires[ADMIN_DATE_SIZE];
	const struct admin_cell row[] = {
		{ user->name, NULL },
		{ user->id, NULL },
		{ user->tenant, NULL },
		{ rights, NULL },
		{ admin_list_date(user->created, created), "-" },
		{ admin_list_date(user->expires, expires), "never" },
		{ admin_list_validity(user_validity(user, list->now)), NULL },
	};

	rights_format(user->rights, rights, sizeof(rights));
	return admin_list_row(list, row, CELLS(row));
}

bool admin_user_list(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct admin_list list;

	admin_list_begin(&list, admin, call, err);
	return admin_list_end(&list, user_each(admin->store, print_user, &list, err));
}

bool admin_user_revoke(struct admin *admin, const struct admin_call *call, struct err *err)
{
	return user_revoke(admin->store, call->operand, err);
}

bool admin_user_expire(struct admin *admin, const struct admin_call *call, struct err *err)
{
	int64_t expires;

	return admin_parse_expires(call, clock_wall_ms(), &expires, err) &&
	       user_expire(admin->store, call->operand, expires, err);
}

/* ---- passwords ---- */

/* user_set_password or user_rotate_password. */
typedef bool password_setter(struct store *store, const char *name, const char *hash,
	int64_t expires, int64_t now, struct err *err);

/* `expires` is the default if the call has no --expires. */
static bool change_password(struct admin *admin, const struct admin_call *call,
	password_setter *change, const char *password, int64_t expires, struct err *err)
{
	char hash[PASSWORD_HASH_SIZE];
	int64_t now = clock_wall_ms();

	if (call->options[ADMIN_EXPIRES] && !admin_parse_expires(call, now, &expires, err))
		return false;
	return password_hash(str_cstr(password), hash, err) &&
	       change(admin->store, call->operand, hash, expires, now, err);
}

bool admin_password_set(struct admin *admin, const struct admin_call *call, struct err *err)
{
	char line[PASSWORD_MAX + 3];
	bool ok;

	admin_read_line(admin->in, line, sizeof(line));
	ok = change_password(admin, call, user_set_password, line, 0, err);
	explicit_bzero(line, sizeof(line));
	return ok;
}

bool admin_password_rotate(struct admin *admin, const struct admin_call *call, struct err *err)
{
	char password[PASSWORD_RANDOM_SIZE];
	bool ok = password_random(password, err) &&
		  change_password(
			  admin, call, user_rotate_password, password, USER_SAME_LIFETIME, err);

	if (ok)
		admin_print_secret(admin, "", password, sizeof(password));
	explicit_bzero(password, sizeof(password));
	return ok;
}

bool admin_password_revoke(struct admin *admin, const struct admin_call *call, struct err *err)
{
	return user_revoke_password(admin->store, call->operand, clock_wall_ms(), err);
}

bool admin_password_expire(struct admin *admin, const struct admin_call *call, struct err *err)
{
	int64_t expires;

	return admin_parse_expires(call, clock_wall_ms(), &expires, err) &&
	       user_expire_password(admin->store, call->operand, expires, err);
}

static bool print_password(const struct user *user, void *data)
{
	struct admin_list *list = data;
	char since[ADMIN_DATE_SIZE], expires[ADMIN_DATE_SIZE];
	const struct admin_cell row[] = {
		{ user->name, NULL },
		{ admin_list_date(user->password_changed, since), "-" },
		{ admin_list_date(user->password_expires, expires), "never" },
		{ admin_list_validity(user_password_validity(user, list->now)), NULL },
	};

	return !user->password_hash[0] || admin_list_row(list, row, CELLS(row));
}

bool admin_password_list(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct admin_list list;

	admin_list_begin(&list, admin, call, err);
	return admin_list_end(&list, user_each(admin->store, print_password, &list, err));
}
