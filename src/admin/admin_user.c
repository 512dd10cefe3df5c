#include "admin/admin_credential.h"
#include "base/clock.h"
#include "task/right.h"

#define RIGHTS_TEXT 32
#define CELLS(row)  (sizeof(row) / sizeof((row)[0]))

/* ---- users ---- */

bool admin_user_add(struct admin *admin, const struct admin_call *call, struct err *err)
{
	const char *tenant = call->options[ADMIN_TENANT] ? call->options[ADMIN_TENANT] : "default";
	unsigned rights = RIGHT_READ | RIGHT_WRITE | RIGHT_WORK;
	int64_t now = clock_wall_ms(), expires;
	struct user made;

	if (!credential_rights(call, &rights, err) ||
		!credential_expiry(call, now, &expires, err) ||
		!user_add(admin->store, call->operand, tenant, rights, expires, now, &made, err))
		return false;
	admin_print(admin, "%s", made.id);
	return true;
}

static bool print_user(const struct user *user, void *data)
{
	struct listing *listing = data;
	char rights[RIGHTS_TEXT], made[CREDENTIAL_DATE], end[CREDENTIAL_DATE];
	const struct cell row[] = {
		{ "name", user->name, NULL },
		{ "id", user->id, NULL },
		{ "tenant", user->tenant, NULL },
		{ "rights", rights, NULL },
		{ "created", listing_date(user->created, made), "-" },
		{ "expires", listing_date(user->expires, end), "never" },
		{ "state", listing_standing(user_standing(user, listing->now)), NULL },
	};

	rights_format(user->rights, rights, sizeof(rights));
	return listing_row(listing, row, CELLS(row));
}

bool admin_user_list(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct listing listing;

	listing_begin(&listing, admin, call, err);
	return user_each(admin->store, print_user, &listing, err) && !listing.failed;
}

bool admin_user_revoke(struct admin *admin, const struct admin_call *call, struct err *err)
{
	return user_revoke(admin->store, call->operand, err);
}

bool admin_user_expire(struct admin *admin, const struct admin_call *call, struct err *err)
{
	int64_t expires;

	return credential_expiry(call, clock_wall_ms(), &expires, err) &&
	       user_expire(admin->store, call->operand, expires, err);
}

/* ---- passwords ---- */

static bool set_password(struct admin *admin, const char *user, const char *password,
	int64_t expires, int64_t now, struct err *err)
{
	char hash[PASSWORD_HASH_SIZE];

	return password_hash(str_of(password), hash, err) &&
	       user_set_password(admin->store, user, hash, expires, now, err);
}

bool admin_password_set(struct admin *admin, const struct admin_call *call, struct err *err)
{
	char line[PASSWORD_MAX + 3];
	int64_t now = clock_wall_ms(), expires;
	bool ok;

	if (!credential_expiry(call, now, &expires, err))
		return false;
	credential_line(admin->in, line, sizeof(line));
	ok = set_password(admin, call->operand, line, expires, now, err);
	explicit_bzero(line, sizeof(line));
	return ok;
}

/* As long from now on as the one before was made for. */
static bool renew_expiry(struct admin *admin, const struct admin_call *call, int64_t now,
	int64_t *expires, struct err *err)
{
	struct user user;

	if (!user_get(admin->store, call->operand, &user, err))
		return false;
	if (!user.password[0])
		return err_set(
			err, ERR_NOT_FOUND, "password", "user %s has no password", user.name);
	if (call->options[ADMIN_EXPIRES])
		return credential_expiry(call, now, expires, err);
	*expires = user.password_expires;
	if (user.password_expires != 0 && user.password_since != 0)
		*expires = now + user.password_expires - user.password_since;
	return true;
}

bool admin_password_rotate(struct admin *admin, const struct admin_call *call, struct err *err)
{
	char password[PASSWORD_RANDOM_SIZE];
	int64_t now = clock_wall_ms(), expires;
	bool ok = renew_expiry(admin, call, now, &expires, err) && password_random(password, err) &&
		  set_password(admin, call->operand, password, expires, now, err);

	if (ok)
		admin_print(admin, "%s", password);
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

	return credential_expiry(call, clock_wall_ms(), &expires, err) &&
	       user_expire_password(admin->store, call->operand, expires, err);
}

static enum standing password_standing(const struct user *user, int64_t now)
{
	enum standing standing = user_standing(user, now);

	if (standing == STANDING_LIVE && !user_may_log_in(user, now))
		return STANDING_EXPIRED;
	return standing;
}

static bool print_password(const struct user *user, void *data)
{
	struct listing *listing = data;
	char since[CREDENTIAL_DATE], end[CREDENTIAL_DATE];
	const struct cell row[] = {
		{ "user", user->name, NULL },
		{ "since", listing_date(user->password_since, since), "-" },
		{ "expires", listing_date(user->password_expires, end), "never" },
		{ "state", listing_standing(password_standing(user, listing->now)), NULL },
	};

	return !user->password[0] || listing_row(listing, row, CELLS(row));
}

bool admin_password_list(struct admin *admin, const struct admin_call *call, struct err *err)
{
	struct listing listing;

	listing_begin(&listing, admin, call, err);
	return user_each(admin->store, print_password, &listing, err) && !listing.failed;
}
