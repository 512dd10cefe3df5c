#include <inttypes.h>
#include <time.h>

#include "admin/admin.h"
#include "auth/principal.h"
#include "base/clock.h"
#include "task/right.h"

#define RIGHTS_TEXT 32
#define DATE_TEXT   32
#define EXPIRES_MAX ((uint64_t)100 * 366 * 24 * 3600)

static bool take_rights(
	const struct admin_call *call, unsigned initial, unsigned *rights, struct err *err)
{
	const char *text = call->options[ADMIN_RIGHTS];

	*rights = initial;
	if (!text || rights_parse(rights, str_of(text)))
		return true;
	return err_set(
		err, ERR_INVALID, "rights", "rights are read,write,work,admin, not %s", text);
}

/* Seconds from now to wall ms; 0: never. */
static bool take_expiry(
	const struct admin_call *call, int64_t now, int64_t *expires, struct err *err)
{
	const char *text = call->options[ADMIN_EXPIRES];
	uint64_t seconds;

	*expires = 0;
	if (!text)
		return true;
	if (!str_to_u64(str_of(text), &seconds) || seconds == 0 || seconds > EXPIRES_MAX)
		return err_set(err, ERR_INVALID, "expires",
			"expires wants a number of seconds, not %s", text);
	*expires = now + (int64_t)seconds * 1000;
	return true;
}

static const char *date(int64_t ms, char text[DATE_TEXT])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm utc;

	if (ms == 0)
		return "never";
	gmtime_r(&seconds, &utc);
	strftime(text, DATE_TEXT, "%Y-%m-%dT%H:%M:%SZ", &utc);
	return text;
}

/* ---- users ---- */

bool admin_user_add(struct admin *admin, const struct admin_call *call, struct err *err)
{
	const char *tenant = call->options[ADMIN_TENANT] ? call->options[ADMIN_TENANT] : "default";
	struct user made;
	unsigned rights;

	if (!take_rights(call, RIGHT_READ | RIGHT_WRITE | RIGHT_WORK, &rights, err) ||
		!user_add(admin->store, call->operand, tenant, rights, clock_wall_ms(), &made, err))
		return false;
	admin_print(admin, "%s", made.id);
	return true;
}

static bool print_user(const struct user *user, void *data)
{
	char rights[RIGHTS_TEXT], made[DATE_TEXT];

	rights_format(user->rights, rights, sizeof(rights));
	return admin_print(data, "%s\t%s\t%s\t%s\t%s%s", user->name, user->id, user->tenant, rights,
		date(user->created, made), user->revoked ? "\trevoked" : "");
}

bool admin_user_list(struct admin *admin, const struct admin_call *call, struct err *err)
{
	(void)call;
	return user_each(admin->store, print_user, admin, err);
}

bool admin_user_revoke(struct admin *admin, const struct admin_call *call, struct err *err)
{
	return user_revoke(admin->store, call->operand, err);
}

/* ---- passwords ---- */

bool admin_password_set(struct admin *admin, const struct admin_call *call, struct err *err)
{
	char line[PASSWORD_MAX + 3] = "", hash[PASSWORD_HASH_SIZE];
	size_t len = 0;
	bool ok;

	if (fgets(line, sizeof(line), admin->in))
		len = strcspn(line, "\n");
	ok = password_hash((struct str){ line, len }, hash, err) &&
	     user_set_password(admin->store, call->operand, hash, err);
	explicit_bzero(line, sizeof(line));
	return ok;
}

/* ---- tokens ---- */

bool admin_token_add(struct admin *admin, const struct admin_call *call, struct err *err)
{
	const char *label = call->options[ADMIN_LABEL];
	int64_t now = clock_wall_ms(), expires;
	char text[AUTH_TOKEN_MAX];
	unsigned rights;

	if (!take_rights(call, 0, &rights, err) || !take_expiry(call, now, &expires, err) ||
		!token_add(admin->store, call->operand, label ? label : call->operand, rights,
			expires, now, text, err))
		return false;
	admin_print(admin, "%s", text);
	return true;
}

static bool print_token(const struct token *token, void *data)
{
	char rights[RIGHTS_TEXT], end[DATE_TEXT];

	rights_format(token->rights, rights, sizeof(rights));
	return admin_print(data, "%s\t%s\t%s\t%s", token->label, token->user, rights,
		date(token->expires, end));
}

bool admin_token_list(struct admin *admin, const struct admin_call *call, struct err *err)
{
	(void)call;
	return token_each(admin->store, print_token, admin, err);
}

bool admin_token_revoke(struct admin *admin, const struct admin_call *call, struct err *err)
{
	return token_revoke(admin->store, call->operand, err);
}

/* ---- keys ---- */

bool admin_key_add(struct admin *admin, const struct admin_call *call, struct err *err)
{
	int64_t now = clock_wall_ms(), expires;
	struct key made;
	unsigned rights;

	if (!take_rights(call, 0, &rights, err) || !take_expiry(call, now, &expires, err) ||
		!key_add(admin->store, call->operand, call->options[ADMIN_ID],
			call->options[ADMIN_SECRET], rights, expires, now, &made, err))
		return false;
	admin_print(admin, "id: %s", made.id);
	admin_print(admin, "secret: %s", made.secret);
	return true;
}

static bool print_key(const struct key *key, void *data)
{
	char rights[RIGHTS_TEXT], end[DATE_TEXT];

	rights_format(key->rights, rights, sizeof(rights));
	return admin_print(
		data, "%s\t%s\t%s\t%s", key->id, key->user, rights, date(key->expires, end));
}

bool admin_key_list(struct admin *admin, const struct admin_call *call, struct err *err)
{
	(void)call;
	return key_each(admin->store, print_key, admin, err);
}

bool admin_key_revoke(struct admin *admin, const struct admin_call *call, struct err *err)
{
	return key_revoke(admin->store, call->operand, err);
}
