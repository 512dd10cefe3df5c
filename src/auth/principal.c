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

bool identity_is_for(const struct identity *who, struct str dialect)
{
	struct str rest = str_of(who->dialects);

	if (rest.len == 0)
		return true;
	while (rest.len > 0) {
		if (str_eq(str_take_part(&rest, ','), dialect))
			return true;
	}
	return false;
}

int64_t terms_sooner(int64_t a, int64_t b)
{
	if (a == 0 || b == 0)
		return a + b;
	return a < b ? a : b;
}

int64_t terms_extend(int64_t made, int64_t expires, int64_t now)
{
	return made == 0 || expires <= made ? expires : now + expires - made;
}

/* ---- the record ---- */

bool terms_read(struct terms *terms, const struct terms_members *members)
{
	struct terms copy = {
		.created = members->created,
		.expires = members->expires,
		.revoked = members->revoked,
	};

	/* An empty list would open what it was meant to close. */
	if (members->dialects && !*members->dialects)
		return false;
	if (!entry_copy(copy.user, sizeof(copy.user), members->user) ||
		!entry_rights(&copy.rights, members->rights) ||
		!entry_copy(copy.dialects, sizeof(copy.dialects),
			members->dialects ? members->dialects : ""))
		return false;
	*terms = copy;
	return true;
}

json_t *terms_json(const struct terms *terms)
{
	char rights[RIGHTS_TEXT_SIZE];
	json_t *json;

	rights_format(terms->rights, rights, sizeof(rights));
	json = json_pack("{s:s, s:s, s:I, s:I}", "user", terms->user, "rights", rights, "created",
		(json_int_t)terms->created, "expires", (json_int_t)terms->expires);
	if (json &&
		(!terms->dialects[0] ||
			json_object_set_new(json, "dialects", json_string(terms->dialects)) == 0) &&
		entry_set_time(json, "revoked", terms->revoked))
		return json;
	json_decref(json);
	return NULL;
}

/* ---- a new one ---- */

static bool get_live(
	struct store *store, const char *name, int64_t now, struct user *user, struct err *err)
{
	static const char *const ends[] = {
		[STANDING_EXPIRED] = "has expired",
		[STANDING_REVOKED] = "is revoked",
	};
	enum standing standing;

	if (!user_get(store, name, user, err))
		return false;
	standing = user_standing(user, now);
	return standing == STANDING_LIVE ||
	       err_set(err, ERR_CONFLICT, "user", "user %s %s", name, ends[standing]);
}

bool terms_make(
	struct store *store, const struct terms *wanted, struct terms *made, struct err *err)
{
	struct terms terms = { .created = wanted->created, .expires = wanted->expires };
	struct str dialects = str_of(wanted->dialects);
	struct user owner;

	if (dialects.len > 0 && !is_made_of(dialects, AUTH_DIALECTS_MAX - 1, LOWER ","))
		return err_set(err, ERR_INVALID, "dialects", "dialects are names joined by commas");
	if (!get_live(store, wanted->user, wanted->created, &owner, err))
		return false;
	terms.rights = wanted->rights ? wanted->rights & owner.rights : owner.rights;
	if (terms.rights == RIGHT_NONE)
		return err_set(err, ERR_INVALID, "rights", "user %s has none of these rights",
			wanted->user);
	entry_copy(terms.user, sizeof(terms.user), owner.name);
	entry_copy(terms.dialects, sizeof(terms.dialects), wanted->dialects);
	*made = terms;
	return true;
}

bool terms_renew(struct store *store, const struct terms *old, int64_t now, struct terms *made,
	struct err *err)
{
	struct terms terms = *old;

	terms.created = now;
	terms.expires = terms_extend(old->created, old->expires, now);
	return terms_make(store, &terms, made, err);
}

/* ---- how it stands ---- */

enum standing terms_standing(const struct terms *terms, int64_t now)
{
	if (terms->revoked != 0)
		return STANDING_REVOKED;
	if (terms->expires != 0 && now >= terms->expires)
		return STANDING_EXPIRED;
	return STANDING_LIVE;
}

int64_t terms_end(const struct terms *terms)
{
	return terms_sooner(terms->revoked, terms->expires);
}

bool terms_judge(struct store *store, const struct terms *terms, int64_t now, struct user *owner,
	enum standing *standing, struct err *err)
{
	enum standing of_user, of_terms = terms_standing(terms, now);
	struct user user = { 0 };

	if (user_get(store, terms->user, &user, err))
		of_user = user_standing(&user, now);
	else if (err->code == ERR_NOT_FOUND)
		of_user = STANDING_REVOKED;
	else
		return false;
	if ((user.rights & terms->rights) == RIGHT_NONE)
		of_user = STANDING_REVOKED;
	*standing = of_user > of_terms ? of_user : of_terms;
	*owner = user;
	return true;
}

bool terms_identify(const struct terms *terms, const struct user *owner, enum standing standing,
	struct identity *who, struct err *err)
{
	static const char *const ends[] = {
		[STANDING_EXPIRED] = PRINCIPAL_EXPIRED,
		[STANDING_REVOKED] = PRINCIPAL_REVOKED,
	};

	if (standing != STANDING_LIVE)
		return err_set(err, ERR_UNAUTHENTICATED, ends[standing], NULL);
	*who = (struct identity){ .rights = owner->rights & terms->rights };
	memcpy(who->user, owner->id, sizeof(who->user));
	memcpy(who->tenant, owner->tenant, sizeof(who->tenant));
	memcpy(who->dialects, terms->dialects, sizeof(who->dialects));
	return true;
}
